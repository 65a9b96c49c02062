/** `pg_gateway status`: one screen of a running gateway, or of several. */
import { type ArgsDef, defineCommand, type ParsedArgs } from 'citty';
import type { Status } from '../../admin/status.ts';
import { ConfigError, messageOf } from '../../errors.ts';
import { sourcesOf } from '../args.ts';
import { askAt, gatewayArgs, gatewaySettings, noSocket, socketsOfPort, socketsThere } from '../ask.ts';
import { print } from '../print.ts';
import { beside } from './beside.ts';
import { live } from './live.ts';
import { checked, told } from './reading.ts';
import { screen, silence } from './screen.ts';

/** One that does not answer must not hold up the others. */
const answerMs = 3_000;

const ownArgs: ArgsDef = {
  watch: { type: 'boolean', description: 'a live view, drawn anew each second, until Ctrl-C' },
  json: {
    type: 'boolean',
    description: 'print /status, as JSON; of several gateways an object by their sockets',
  },
};

export const status = defineCommand({
  meta: {
    name: 'status',
    description:
      'Show a running gateway on one screen: who is primary, sessions, limits, last changes. Several: status SOCKET-OR-PORT ...; none named: all that there are.',
  },
  args: { ...gatewayArgs, ...ownArgs },
  async run({ args: { watch, json, ...args } }) {
    const sockets = await socketsMeant(args as ParsedArgs);
    if (json && watch) throw new ConfigError(['--watch shows a screen: leave out --json']);
    if (json) return await printJson(sockets);
    if (watch) {
      return await live(async (columns) =>
        beside((await blocksOf(sockets)).map(({ lines }) => lines), columns)
      );
    }
    const blocks = await blocksOf(sockets);
    const [only, ...others] = blocks;
    if (others.length === 0 && only?.error !== undefined) throw only.error;
    print(beside(blocks.map(({ lines }) => lines), process.stdout.columns).join('\n'));
    return blocks.some(({ error }) => error !== undefined) ? 1 : 0;
  },
});

/** Rejects with ConfigError or StartError. */
async function socketsMeant(args: ParsedArgs): Promise<readonly string[]> {
  const names = args._.splice(0);
  const sources = sourcesOf(args, [], gatewaySettings);
  if (names.length === 0) return await socketsThere(sources);
  return names.map((name) => {
    if (!/^[0-9]+$/.test(name)) return name;
    const [socket] = socketsOfPort(Number(name));
    if (socket === undefined) throw noSocket(Number(name));
    return socket;
  });
}

interface Block {
  readonly lines: readonly string[];
  readonly error?: unknown;
}

function blocksOf(sockets: readonly string[]): Promise<readonly Block[]> {
  return Promise.all(sockets.map(async (socket): Promise<Block> => {
    try {
      return { lines: told(await statusAt(socket), socket, (status) => screen(status, socket)) };
    } catch (error) {
      return { lines: silence(socket, messageOf(error)), error };
    }
  }));
}

async function printJson(sockets: readonly string[]): Promise<number> {
  const all = await Promise.all(sockets.map(async (socket) => [socket, await statusAt(socket)] as const));
  const [[, only] = [], ...others] = all;
  print(JSON.stringify(others.length === 0 ? only : Object.fromEntries(all), null, 2));
  return 0;
}

async function statusAt(socket: string): Promise<Status> {
  return checked(await askAt(socket, 'status', {}, answerMs), socket);
}
