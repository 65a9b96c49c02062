/**
 * The control socket: a unix socket, for this user and root alone, on which a running gateway takes commands: HTTP, a POST of
 * a JSON object to `/NAME`, answered by one.
 */
import { chmodSync, lstatSync, mkdtempSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { codeOf, messageOf } from '../errors.ts';
import { controlSockets } from '../config/control-places.ts';
import type { Log } from '../log.ts';
import { printable } from '../protocol/printable.ts';
import { peerUids } from '../runtime/linux/peer-uid.ts';
import { type CommandArgs, CommandError, type Commands, MisusedCommand } from './commands.ts';
import { type Answer, type Faulted, type HttpServer, json, type Page, serveHttp } from './http.ts';

/** Commands come from people, one at a time. A list of all sessions may take a while to be read. */
const limits = { connections: 16, requestMs: 5_000, lifeMs: 60_000, bodyBytes: 64 * 1024 } as const;

/** Of what came with a command. */
const mostLogged = 500;

const socketMode = 0o600;

/** How long one that listens may take to answer before that counts as one. */
const answerMs = 1_000;

export interface ControlSocket {
  readonly path: string;
  /** Another gateway takes its place: `close` leaves alone what stands there, which may be that one's at any moment. */
  leave(): void;
  close(): void;
}

/**
 * Rejects with an Error that says why the socket cannot be had; from a gateway whose ports were taken over it is taken. It is
 * bound in a folder that nobody else may enter and then moved to its place: so nobody can connect before its mode is set,
 * whatever the umask is, and closing it, which removes what stands at the name that was bound, leaves a gateway alone that has
 * taken the place over. Who is told so first calls `leave`: to look whose it is and then to remove it are two steps.
 */
export async function serveControlSocket(
  path: string,
  commands: Commands,
  log: Log,
  isTakenOver = false,
  faulted: Faulted = () => {},
): Promise<ControlSocket> {
  if (!isTakenOver) await clearAway(path);
  const folder = mkdtempSync(`${path}.`);
  const bound = join(folder, 's');
  let server: HttpServer;
  try {
    server = await serveHttp({ path: bound }, answerFrom(commands, bound, log, faulted), limits, faulted);
    chmodSync(bound, socketMode);
    renameSync(bound, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const { ino } = lstatSync(path);
  let isLeft = false;
  return {
    path,
    leave: () => {
      isLeft = true;
    },
    close: () => {
      if (!isLeft && inodeOf(path) === ino) unlinkSync(path);
      server.close();
    },
  };
}

function answerFrom(commands: Commands, bound: string, log: Log, faulted: Faulted): Answer {
  return async ({ method, path: asked, body }) => {
    const name = asked.slice(1);
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (command === undefined) {
      return refused(
        404,
        `"${name}" is no command of this gateway; there is ${Object.keys(commands).join(', ')}`,
      );
    }
    if (method !== 'POST') return refused(405, 'a command is a POST');
    const args = argsIn(body);
    if (args === undefined) return refused(400, 'the arguments of a command are a JSON object');
    const uid = command.isChange ? uidText(bound) : '';
    if (command.isChange) log('command', { command: name, ...shown(args, body), uid });
    try {
      return json(await command.run(args, `uid ${uid}`));
    } catch (error) {
      if (error instanceof MisusedCommand) return refused(400, error.message);
      if (error instanceof CommandError) return refused(409, error.message);
      faulted('command', error);
      return refused(500, `unexpected: ${messageOf(error)}`);
    }
  };
}

function refused(status: number, error: string): Page {
  return json({ error }, status);
}

/** An empty body has no arguments. */
function argsIn(body: string): CommandArgs | undefined {
  try {
    const args: unknown = JSON.parse(body || '{}');
    return typeof args === 'object' && args !== null && !Array.isArray(args)
      ? args as CommandArgs
      : undefined;
  } catch {
    return undefined;
  }
}

/** For the log, as it came: what is nested deeply can be read, and not be written again. A command takes no secret. */
function shown(args: CommandArgs, body: string): { readonly args?: string } {
  return Object.keys(args).length === 0 ? {} : { args: printable(body, mostLogged) };
}

/** Only one who asks at the same moment makes this two; and without SO_PEERCRED the socket's mode says as much. */
function uidText(bound: string): string {
  const uids = peerUids(bound);
  return uids === undefined || uids.length === 0 ? `0 or ${process.getuid?.()}` : uids.join(' or ');
}

/** Removes a socket that a gateway has left behind. Rejects with an Error if one listens on it, or if it is none. */
async function clearAway(path: string): Promise<void> {
  try {
    if (!lstatSync(path).isSocket()) throw new Error(`${path} is there, and is no socket: remove it`);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (await isAnswering(path)) throw new Error(`another gateway takes commands at ${path}`);
  unlinkSync(path);
}

/** Whether somebody listens at a socket that is there. */
export function isAnswering(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath: path, path: '/', agent: false }, (response) => {
      response.resume();
      resolve(true);
    });
    // Whatever else fails, somebody listens: a full backlog has a listener, too, and so has a gateway that is stopped.
    asked.once('error', (error) => resolve(codeOf(error) !== 'ECONNREFUSED'));
    asked.setTimeout(answerMs, () => asked.destroy(new Error('no answer')));
    asked.end();
  });
}

/** Removes the control sockets that gateways of this user have left behind in a folder that is theirs alone: none of them answers. */
export async function clearDead(folder: string): Promise<void> {
  for (const path of controlSockets([folder])) {
    const inode = socketOf(process.getuid?.(), path);
    if (inode === undefined || await isAnswering(path)) continue;
    // A gateway may have taken the place meanwhile.
    if (inodeOf(path) === inode) rmSync(path, { force: true });
  }
}

/** The inode of a socket of `uid`; undefined: it is none. */
function socketOf(uid: number | undefined, path: string): number | undefined {
  try {
    const stat = lstatSync(path);
    return stat.isSocket() && (uid === undefined || stat.uid === uid) ? stat.ino : undefined;
  } catch {
    return undefined;
  }
}

function inodeOf(path: string): number | undefined {
  try {
    return lstatSync(path).ino;
  } catch {
    return undefined;
  }
}
