/**
 * A server for many sessions that do nothing, as a process of its own: speaks just the start-up, and answers every
 * query as if it were empty. A connection of the gateway's probe goes through to the real PostgreSQL, byte for byte,
 * so that the gateway elects this address. Says `{port}` once it listens.
 *
 *   stand-in.ts HOST PORT     of the real PostgreSQL
 */
import { connect, createServer, type Socket } from 'node:net';
import { message, readyForQuery } from './protocol.ts';

const [host = '127.0.0.1', port] = process.argv.slice(2);

const text = (name: string, value: string) => message('S', Buffer.from(`${name}\0${value}\0`));
/** pgbouncer asks for all of these before it lets anybody in. */
const welcome = Buffer.concat([
  message('R', new Uint8Array(4)),
  text('server_version', '18.4'),
  text('server_encoding', 'UTF8'),
  text('client_encoding', 'UTF8'),
  text('DateStyle', 'ISO, MDY'),
  text('TimeZone', 'UTC'),
  text('standard_conforming_strings', 'on'),
  text('integer_datetimes', 'on'),
  text('application_name', ''),
  message('K', new Uint8Array(8)),
  readyForQuery,
]);
const emptyAnswer = Buffer.concat([message('I'), readyForQuery]);
const probeName = Buffer.from('application_name\0pg_gateway\0');
const encryptionCodes = [80877103, 80877104];

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  const begin = (bytes: Buffer) => {
    if (bytes.length >= 8 && encryptionCodes.includes(bytes.readUInt32BE(4))) return void socket.write('N');
    socket.off('data', begin);
    if (bytes.includes(probeName)) return passThrough(socket, bytes);
    socket.on('data', (bytes) => answer(socket, bytes));
    socket.write(welcome);
  };
  socket.on('data', begin);
}

function answer(socket: Socket, bytes: Buffer): void {
  if (bytes[0] === 0x51) socket.write(emptyAnswer);
  else socket.end();
}

function passThrough(socket: Socket, first: Buffer): void {
  const server = connect(Number(port), host);
  server.write(first);
  server.on('error', () => socket.destroy());
  server.on('close', () => socket.destroy());
  socket.on('close', () => server.destroy());
  socket.pipe(server).pipe(socket);
}

const server = createServer(serve);
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') console.log(JSON.stringify({ port: address.port }));
});
