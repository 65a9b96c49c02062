/** A gateway that sends everybody to the first candidate, whatever becomes of it. Started by script.test.ts. */
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { argv } from 'node:process';

const file = argv[argv.indexOf('--config-file') + 1] as string;
const settings = Object.fromEntries(readFileSync(file, 'utf8').split('\n').map((line) => line.split('=')));
const address = String(settings['CANDIDATES']).split(',')[0] as string;
const [host, port] = address.split(':');

createServer((client) => {
  const server = connect({ host: host as string, port: Number(port) });
  for (const [from, to] of [[client, server], [server, client]] as const) {
    from.on('error', () => to.destroy());
    from.pipe(to);
  }
}).listen(Number(settings['LISTEN_PORT']), '127.0.0.1');

const route = { epoch: 1, primary: { candidate: address, address }, reason: 'it always is', rule: null };
createHttpServer((_, response) => {
  response.end(JSON.stringify({ route, candidates: [], clients: { active: 0 } }));
}).listen(Number(settings['METRICS_PORT']), '127.0.0.1');
