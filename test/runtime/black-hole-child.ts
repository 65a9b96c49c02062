import { createServer } from 'node:net';

// Listens, says its port, and then blocks for ever: nobody accepts, so the kernel's queue stays full once it is.
const server = createServer();
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  const { port } = server.address() as { port: number };
  process.stdout.write(`${port}\n`, () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});
