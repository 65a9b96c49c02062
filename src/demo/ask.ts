/** Asks somebody at a terminal a question of yes or no. No, unless the answer begins with a y. */
export async function ask(question: string): Promise<boolean> {
  const { stdin, stdout } = process;
  stdout.write(`${question} [y/N] `);
  stdin.setEncoding('utf8');
  const answer = await new Promise<string>((resolve) => {
    // A terminal gives a line at a time; Ctrl-D, or its end, is no answer.
    stdin.once('data', (line) => resolve(String(line)));
    stdin.once('end', () => resolve(''));
    stdin.resume();
  });
  stdin.pause();
  stdin.removeAllListeners('end');
  return /^\s*y/i.test(answer);
}
