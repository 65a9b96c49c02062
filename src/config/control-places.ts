/** Where gateways put their control sockets unless CONTROL_SOCKET says otherwise, and where commands look for them. */
import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

const suffix = '.sock';

/**
 * The folders, the best first: what systemd made for this service (RUNTIME_DIRECTORY of systemd.exec(5)), that of the system,
 * that of this user's login, and one for this user under the folder for temporary files. On Windows that is the user's own, and
the only one: /run would be made at the root of the drive, for everybody.
 */
export function controlFolders(
  env: Environment,
  uid: number | undefined,
  platform: string = process.platform,
): readonly string[] {
  if (platform === 'win32') return [join(tmpdir(), 'pg_gateway')];
  const ofSystemd = env['RUNTIME_DIRECTORY']?.split(':')[0];
  const ofLogin = env['XDG_RUNTIME_DIR'];
  return [
    ...(ofSystemd ? [ofSystemd] : []),
    '/run/pg_gateway',
    ...(ofLogin ? [join(ofLogin, 'pg_gateway')] : []),
    join(tmpdir(), `pg_gateway-${uid}`),
  ];
}

/** The socket of the gateway that serves clients at `port`. */
export function controlSocketIn(folder: string, port: number): string {
  return join(folder, `${port}${suffix}`);
}

/**
 * The first of `folders` that is there, or can be made, and that nobody but this user and root may write to: who can may
 * put a socket of his own there. Throws an Error that says of each why not.
 */
export function usableFolder(folders: readonly string[], uid: number | undefined): string {
  const problems: string[] = [];
  for (const folder of folders) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const problem = problemOf(folder, uid);
      if (problem === undefined) return folder;
      problems.push(problem);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(problems.join('; '));
}

function problemOf(folder: string, uid: number | undefined): string | undefined {
  const stat = lstatSync(folder);
  if (!stat.isDirectory()) return `${folder} is no folder`;
  if (uid !== undefined && stat.uid !== uid) return `${folder} belongs to another user (uid ${stat.uid})`;
  if (uid !== undefined && (stat.mode & 0o022) !== 0) return `${folder} may be written to by other users`;
  return undefined;
}

/** The socket of a gateway of this user at `port` that names none. Throws an Error where there is no folder for it. */
export function ownControlSocket(port: number): string {
  const uid = process.getuid?.();
  return controlSocketIn(usableFolder(controlFolders(process.env, uid), uid), port);
}

/** Every control socket in these folders. */
export function controlSockets(folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => {
    try {
      return readdirSync(folder).filter((name) => name.endsWith(suffix)).sort().map((name) =>
        join(folder, name)
      );
    } catch {
      return [];
    }
  });
}
