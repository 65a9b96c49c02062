/** A program that listens with the shortest backlog, says where, and then stops itself: connects to it hang. */
import { type AddressInfo, createServer } from 'node:net';

const server = createServer();
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  process.stdout.write(
    `${(server.address() as AddressInfo).port}\n`,
    () => process.kill(process.pid, 'SIGSTOP'),
  );
});
