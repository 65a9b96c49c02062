/** Puts a command to a running gateway, over its control socket. */
import { request } from 'node:http';
import type { ArgsDef, ParsedArgs } from 'citty';
import { isAnswering } from '../admin/control-socket.ts';
import { readControlSocket } from '../config/config.ts';
import { controlFolders, controlSocketIn, controlSockets } from '../config/control-places.ts';
import type { SettingName } from '../config/settings.ts';
import type { Sources } from '../config/sources.ts';
import { deferred } from '../deferred.ts';
import { codeOf, ConfigError, messageOf, StartError } from '../errors.ts';
import { settingArgs, sourcesOf } from './args.ts';

/** How long the gateway may take, and how much it may say. */
const limits = { ms: 30_000, bytes: 64 * 1024 * 1024 } as const;

/** What tells which gateway is meant. */
export const gatewaySettings: readonly SettingName[] = ['CONTROL_SOCKET', 'LISTEN_PORT', 'CONFIG_FILE'];

export const gatewayArgs: ArgsDef = settingArgs(gatewaySettings);

/**
 * Resolves with what the gateway answers. Rejects with ConfigError where it is not clear which gateway is meant, or where it
 * does not take the command as it is given, and with StartError where it cannot be reached or the command fails.
 */
export async function ask<T>(gateway: ParsedArgs, command: string, args: object = {}): Promise<T> {
  return await askAt<T>(await socketOf(gateway), command, args);
}

/** The same of the gateway whose control socket is at `path`, which may take `ms`. */
export async function askAt<T>(
  path: string,
  command: string,
  args: object = {},
  ms: number = limits.ms,
): Promise<T> {
  const { status, text } = await post(path, command, JSON.stringify(args), ms);
  const answer = parsed(text);
  if (status === 200) return answer as T;
  const error = (answer as { error?: unknown } | undefined)?.error;
  const why = typeof error === 'string' ? error : `the gateway at ${path} says ${status}, and not why`;
  throw [400, 404].includes(status) ? new ConfigError(why.split('\n')) : new StartError(why);
}

/** The control socket that is named, or those that there are, of a certain port if that is named; undefined: it is off. */
export async function socketsIn(sources: Sources): Promise<readonly string[] | undefined> {
  const { socket, port } = readControlSocket(sources);
  if (socket !== undefined) return socket === 'off' ? undefined : [socket];
  const found = socketsOfPort(port);
  if (found.length < 2) return found;
  // A gateway that was killed leaves its socket.
  const isLive = await Promise.all(found.map(isAnswering));
  return found.filter((_, index) => isLive[index]);
}

/** Those that there are in the places of our choice. */
export function socketsOfPort(port: number | undefined): readonly string[] {
  const folders = controlFolders(process.env, process.getuid?.());
  const found = controlSockets(folders);
  return port === undefined
    ? found
    : found.filter((path) => folders.some((folder) => path === controlSocketIn(folder, port)));
}

async function socketOf(gateway: ParsedArgs): Promise<string> {
  const sources = sourcesOf(gateway, [], gatewaySettings);
  const [only, ...others] = await socketsThere(sources);
  if (others.length === 0) return only;
  throw severalGateways([only, ...others]);
}

export function severalGateways(sockets: readonly string[]): ConfigError {
  return new ConfigError([
    `several gateways take commands: name one with --listen-port or --control-socket (${sockets.join(', ')})`,
  ]);
}

/** At least one. Rejects with ConfigError or StartError where there is none. */
export async function socketsThere(sources: Sources): Promise<readonly [string, ...string[]]> {
  const sockets = await socketsIn(sources);
  if (sockets === undefined) throw new ConfigError(['CONTROL_SOCKET=off: that gateway takes no commands']);
  const [first, ...others] = sockets;
  if (first === undefined) throw noSocket(readControlSocket(sources).port);
  return [first, ...others];
}

export function noSocket(port: number | undefined): StartError {
  const folders = controlFolders(process.env, process.getuid?.());
  return new StartError(
    `there is no control socket${port === undefined ? '' : ` of port ${port}`} in ${folders.join(', ')}: ` +
      'check that a gateway runs and that this user may see its folder, or name its socket with --control-socket ' +
      '(the log line "listening" tells it).',
  );
}

function post(
  path: string,
  command: string,
  body: string,
  ms: number,
): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = deferred<{ status: number; text: string }>();
  const fail = (why: string): void => {
    reject(new StartError(`the gateway at ${path} cannot be asked: ${why}.`));
    asked.destroy();
  };
  const deadline = setTimeout(() => fail(`no answer within ${ms / 1000} s`), ms);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const asked = request(
    { socketPath: path, path: `/${command}`, method: 'POST', headers, agent: false },
    (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > limits.bytes) fail('the answer has no end');
      });
      response.on('error', (error) => fail(messageOf(error)));
      response.on(
        'end',
        () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
    },
  );
  asked.on('error', (error) => fail(whatFailed(error)));
  asked.end(body);
  return promise.finally(() => clearTimeout(deadline));
}

function whatFailed(error: unknown): string {
  const code = codeOf(error);
  if (code === 'EACCES') return 'this user may not (EACCES): ask as root, or as the user of the gateway';
  if (code === 'ENOENT') return 'there is no such socket (ENOENT): check that the gateway runs';
  if (code === 'ECONNREFUSED') {
    return 'nothing listens there any more (ECONNREFUSED): check that the gateway runs';
  }
  return code || messageOf(error);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
