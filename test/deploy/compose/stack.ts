/**
 * The services of compose.yaml without containers: in one network of their own, each at an address of its own on the loopback
 * device, known to the others by its name. Programs are this machine's, their environment, files and words the compose file's.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { execute } from '../../bed/ha/execute.ts';
import { openSpace, type Space } from '../../bed/ha/space.ts';
import { composeFile, environmentOf, mountsOf, service } from './compose-file.ts';

const names = Object.keys(composeFile.services);
const addressOf = (name: string): string => `127.0.1.${names.indexOf(name) + 1}`;

/** Debian's, which has what the image has. */
export const postgresBin = '/usr/lib/postgresql/15/bin';

const bin = join(import.meta.dirname, 'bin');

export class Stack {
  readonly #space: Space;
  readonly #folder: string;
  readonly #running = new Map<string, ChildProcess>();
  #said = '';

  private constructor(space: Space, folder: string) {
    this.#space = space;
    this.#folder = folder;
  }

  /** Everything of it lives in `folder`, which every user may enter. */
  static async open(folder: string): Promise<Stack> {
    const stack = new Stack(await openSpace(), folder);
    const hosts = join(folder, 'hosts');
    const lines = names.map((name) => `${addressOf(name)} ${name}\n`);
    writeFileSync(hosts, ['127.0.0.1 localhost\n', ...lines].join(''));
    await stack.run(['ip', 'link', 'set', 'lo', 'up']);
    await stack.run(['mount', '--bind', hosts, '/etc/hosts']);
    return stack;
  }

  /** What the services have printed. */
  readonly said = (): string => this.#said;

  /** Starts a server as its container is started, with its folder as it was left. */
  startServer(name: string): void {
    const { entrypoint = [], command = [], hostname } = service(name);
    const inside = Object.entries(mountsOf(service(name)));
    // Where the user of PostgreSQL may read them, which a checkout need not be.
    const files = new Map(inside.map(([path, file]) => [path, this.#copy(file)]));
    const home = join(this.#folder, name);
    mkdirSync(home, { recursive: true });
    // Its socket lies there too.
    chmodSync(home, 0o777);
    const [shell, script] = entrypoint;
    // A container has addresses and a socket of its own.
    const place = ['-c', `listen_addresses=${addressOf(name)}`, '-c', `unix_socket_directories=${home}`];
    this.#start(name, [shell!, files.get(script!)!, ...command, ...place], {
      ...environmentOf(service(name)),
      HOSTNAME: hostname!,
      PATH: `${this.#copy(bin)}:${postgresBin}:/usr/bin:/bin:/usr/sbin:/sbin`,
      PGDATA: join(home, 'data'),
      PGHOST: home,
      INITDB_D: [...files].filter(([path]) => path.startsWith('/docker-entrypoint-initdb.d/'))
        .map(([, file]) => file).join(' '),
    });
  }

  #copy(from: string): string {
    const to = join(this.#folder, basename(from));
    cpSync(from, to, { recursive: true });
    return to;
  }

  /** Starts a program in the place of that of a container. */
  startProgram(name: string, command: readonly string[], env: Readonly<Record<string, string>> = {}): void {
    this.#start(name, command, { ...environmentOf(service(name)), ...env });
  }

  #start(name: string, command: readonly string[], env: Readonly<Record<string, string>>): void {
    const { enter } = this.#space;
    const child = spawn(enter[0]!, [...enter.slice(1), ...command], {
      env: { ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => this.#said += `${name}: ${chunk}`);
    }
    this.#running.set(name, child);
  }

  /** SIGKILL to all of a server, as `docker compose kill`. */
  async kill(name: string): Promise<void> {
    const child = this.#running.get(name)!;
    const ended = new Promise((resolve) => child.once('close', resolve));
    const data = join(this.#folder, name, 'data');
    await this.run(['bash', '-c', `kill -9 $(head -1 ${data}/postmaster.pid)`]);
    await ended;
    this.#running.delete(name);
  }

  /** Runs a command in it as `docker compose exec`; resolves with what it prints. */
  run(command: readonly string[]): Promise<string> {
    return execute([...this.#space.enter, ...command]);
  }

  /** SQL as the superuser of a server, or whoever the words say. */
  async psql(conninfo: string, sql: string): Promise<string> {
    return (await this.run([`${postgresBin}/psql`, conninfo, '-qAtX', '-c', sql])).trim();
  }

  async close(): Promise<void> {
    await this.#space.close();
  }
}
