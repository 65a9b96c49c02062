import { writeSync } from 'node:fs';
import { createServer } from 'node:net';

// Listens, says its port, and blocks for ever in the same turn: nothing accepts, so the kernel's queue stays full
// once it is. An asynchronous write would leave turns in which some connections are accepted after all.
const server = createServer();
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  writeSync(1, `${(server.address() as { port: number }).port}\n`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
