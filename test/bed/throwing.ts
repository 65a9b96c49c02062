/** Loaded before the program: makes it throw, and reject, where nobody has thought of it, at each SIGUSR2. */
process.on('SIGUSR2', () => {
  setTimeout(() => {
    throw new Error('thrown by the test');
  });
  void Promise.reject(new Error('rejected by the test'));
});
