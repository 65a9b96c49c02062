/** The probe itself against a server that says these bytes: it settles with facts or a ProbeError, and its socket is gone. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { ProbeError } from '../../../../src/probe/failure.ts';
import { openProbe } from '../../../../src/probe/query.ts';
import { login } from '../../../../test/probe/support.ts';
import { answers, answerWords } from '../answers.ts';
import { must, type Target } from '../target.ts';

let server: Promise<Server> | undefined;
let pieces: readonly Uint8Array[] = [];
let deadline: ReturnType<typeof setTimeout> | undefined;
const mostMs = 10_000;

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const listening = createServer(serve).once('error', reject);
    listening.listen(0, '127.0.0.1', () => resolve(listening));
  });
}

function serve(socket: Socket): void {
  socket.on('error', () => {});
  socket.once('data', () => {
    for (const piece of pieces) socket.write(piece);
    socket.end();
  });
}

export const probeSession: Target = {
  name: 'probe-session',
  files: ['src/probe/query.ts', 'src/probe/probe-connection.ts', 'src/probe/rights.ts'],
  seeds: answers,
  words: answerWords,
  share: 0.02,
  isNodeOnly: true,
  async check(_, parts) {
    pieces = parts;
    const { port } = (await (server ??= listen())).address() as AddressInfo;
    const probe = openProbe(
      { host: '127.0.0.1', port, serverName: 'db' },
      login({ password: () => 'secret' }),
      {
        ready() {},
        ended() {},
      },
    );
    const late = new Promise<never>((_, reject) => {
      deadline = setTimeout(() => reject(new Error('the probe does not settle')), mostMs);
    });
    try {
      const facts = await Promise.race([probe.ask(), late]);
      must(typeof facts.startedAt === 'string', 'facts have a start');
    } catch (error) {
      if (!(error instanceof ProbeError)) throw error;
    } finally {
      clearTimeout(deadline);
      probe.close();
    }
  },
  async close() {
    const listening = await server;
    server = undefined;
    await new Promise((resolve) => listening === undefined ? resolve(undefined) : listening.close(resolve));
  },
};
