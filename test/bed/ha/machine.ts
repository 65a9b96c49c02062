/** One machine of the lab: what runs on it, and what can go wrong with it. */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { type ProcessInfo, signal } from '../../../src/demo/servers/processes.ts';
import { chownTo, writePrivate } from '../../../src/demo/servers/server-files.ts';
import { waitFor } from '../wait-for.ts';
import { execute } from './execute.ts';
import { type Link, linkOf } from './link.ts';
import { postgresAccount, postgresBin } from './packages.ts';
import { postmasterAmong } from './postmaster.ts';
import type { Space } from './space.ts';

export interface Machine {
  readonly name: string;
  readonly address: string;
  /** Its own files; also the home of whoever runs on it. */
  readonly folder: string;
  readonly link: Link;
  /** Runs a command on it as postgres; resolves with its output, rejects unless it succeeds. */
  run(command: readonly string[]): Promise<string>;
  /** Starts a program on it as postgres, which goes on; what it says is `log(name)`. */
  start(name: string, command: readonly string[]): Promise<void>;
  log(name: string): string;
  /** All of them, or those in a folder of it. */
  logs(inner?: string): Readonly<Record<string, string>>;
  /** Writes a file into its folder and returns the path. */
  write(name: string, text: string): string;
  /** Adds to a file in its folder. */
  append(name: string, text: string): void;
  /** What runs on it and has `pattern` in its command line. */
  find(pattern: RegExp): ProcessInfo[];
  /** The postmaster of the PostgreSQL on it; undefined while there is none. */
  postmaster(): number | undefined;
  /** SIGKILL to all that runs on it, frozen or not; returns once it is gone. */
  powerOff(): Promise<void>;
  /** SIGSTOP to all that runs on it: connections stay open, nothing answers. */
  freeze(): void;
  thaw(): void;
}

export interface Parts {
  readonly name: string;
  readonly address: string;
  readonly folder: string;
  readonly space: Space;
}

export function machineOf({ name, address, folder, space }: Parts): Machine {
  const account = postgresAccount();
  mkdirSync(folder);
  chownTo(folder, account);
  const env = environmentOf(folder);
  const asPostgres = ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'];
  // Whoever enters the namespaces is in their root folder.
  const enter = [...space.enter, ...asPostgres, 'sh', '-c', 'cd "$0" && exec "$@"', folder];
  const find = (pattern: RegExp) => space.processes().filter(({ command }) => pattern.test(command));
  const stopAll = (): number[] => {
    // Until a look finds nobody new: what is stopped cannot fork.
    for (const stopped = new Set<number>();;) {
      const fresh = space.processes().map(({ pid }) => pid).filter((pid) => !stopped.has(pid));
      if (fresh.length === 0) return [...stopped];
      signal(fresh, 'SIGSTOP');
      for (const pid of fresh) stopped.add(pid);
    }
  };
  return {
    name,
    address,
    folder,
    link: linkOf(space),
    run: (command) => execute([...enter, ...command], '', { env }),
    // Left to the first process of the namespace: nsenter would stop together with its child, and stay so.
    start: async (log, command) => {
      const alone = `setsid "$@" </dev/null >>${log}.log 2>&1 &`;
      await execute([...enter, 'sh', '-c', alone, 'sh', ...command], '', { env });
    },
    log: (log) => existsSync(`${folder}/${log}.log`) ? readFileSync(`${folder}/${log}.log`, 'utf8') : '',
    logs: (inner = '.') => logsIn(`${folder}/${inner}`),
    write: (file, text) => {
      writePrivate(`${folder}/${file}`, text, account);
      return `${folder}/${file}`;
    },
    append: (file, text) => appendFileSync(`${folder}/${file}`, text),
    find,
    postmaster: () => postmasterAmong(space.processes()),
    powerOff: async () => {
      signal(stopAll(), 'SIGKILL');
      await waitFor(`${name} to be off`, () => space.processes().length === 0);
    },
    freeze: () => void stopAll(),
    thaw: () => signal(space.processes().map(({ pid }) => pid), 'SIGCONT'),
  };
}

function logsIn(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const files = readdirSync(folder).filter((file) => file.endsWith('.log')).sort();
  return Object.fromEntries(files.map((file) => [file, readFileSync(`${folder}/${file}`, 'utf8')]));
}

/** Nothing of ours, and every place that a program may write to is in the machine's folder. */
function environmentOf(folder: string): Record<string, string> {
  return {
    PATH: `${postgresBin}:/usr/sbin:/usr/bin:/sbin:/bin`,
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    HOME: folder,
    TMPDIR: folder,
    XDG_RUNTIME_DIR: folder,
    XDG_CONFIG_HOME: `${folder}/config`,
    XDG_DATA_HOME: `${folder}/share`,
  };
}
