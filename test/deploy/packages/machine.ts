/**
 * A Debian with nothing but systemd in it, which is its first process: in namespaces of its own, but for the network. It ends
 * with the test, whatever happens to that, and leaves nothing behind.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../../bed/wait-for.ts';

export interface Result {
  readonly status: number | null;
  /** Standard output and standard error. */
  readonly said: string;
}

/** Makes its root folder, which must not be there yet. Rejects with what mmdebstrap said. */
export async function makeRoot(folder: string): Promise<void> {
  const { VERSION_CODENAME: suite = 'stable' } = Object.fromEntries(
    readFileSync('/etc/os-release', 'utf8').split('\n').map((line) => line.split('=')),
  );
  const { status, said } = await execute([
    ...['mmdebstrap', '--quiet', '--variant=essential', '--include=systemd,systemd-sysv,passwd'],
    // What it holds need not survive a loss of power.
    ...['--dpkgopt=force-unsafe-io', suite, folder],
  ]);
  if (status !== 0) throw new Error(`mmdebstrap ended with ${status}: ${said}`);
}

/** Ends with its output and exit code; never rejects. */
export function execute([program = '', ...args]: readonly string[], env = process.env): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => said += bytes);
    child.once('error', (error) => resolve({ status: null, said: error.message }));
    child.once('close', (status) => resolve({ status, said }));
  });
}

export class Machine {
  readonly root: string;
  #unshare: ChildProcess;
  #console = '';
  #first = 0;
  /** A group of its own, because systemd makes more of them, which the kernel would keep. */
  #group = `pg-gateway-test-${process.pid}`;

  /** Use `Machine.boot`. */
  private constructor(root: string) {
    this.root = root;
    const boot = join(import.meta.dirname, 'boot.sh');
    this.#unshare = spawn('unshare', [
      '--mount',
      'sh',
      '-ec',
      // The files of groups are needed for a moment only, before there is a namespace of groups.
      `mount --make-rprivate /; mount -t cgroup2 cgroup2 /mnt; mkdir -p /mnt/${this.#group}; echo $$ > /mnt/${this.#group}/cgroup.procs; umount /mnt
      exec unshare --mount --pid --fork --kill-child --uts --ipc --cgroup sh '${boot}' '${root}'`,
    ], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#unshare.stdout, this.#unshare.stderr]) {
      stream?.on('data', (bytes: Buffer) => this.#console += bytes);
    }
  }

  /** Resolves once its services run. */
  static async boot(root: string): Promise<Machine> {
    const machine = new Machine(root);
    try {
      await waitFor('the machine to boot', () => {
        if (machine.#unshare.exitCode !== null) throw new Error('it has ended');
        const { pid } = machine.#unshare;
        machine.#first = Number.parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
        // Degraded: something of Debian's has failed, which is not ours to judge.
        return ['running', 'degraded'].includes(machine.run('systemctl', 'is-system-running').said.trim());
      }, { everyMs: 100, deadlineMs: 60_000, evidence: () => machine.#console });
    } catch (error) {
      await machine.end();
      throw error;
    }
    return machine;
  }

  /** The words before a command that runs there. */
  get enter(): readonly string[] {
    return ['nsenter', '-t', String(this.#first), '-m', '-p', '-u', '-i', '-C', '--'];
  }

  run(...command: readonly string[]): Result {
    const [program = '', ...args] = [...this.enter, ...command];
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: cleanEnv });
    return { status, said: `${stdout}${stderr}` };
  }

  start(...command: readonly string[]): Promise<Result> {
    return execute([...this.enter, ...command], cleanEnv);
  }

  async end(): Promise<void> {
    const isOver = () => this.#unshare.exitCode !== null || this.#unshare.signalCode !== null;
    if (this.#first > 0 && !isOver()) process.kill(this.#first, 'SIGKILL');
    else this.#unshare.kill('SIGKILL');
    await waitFor('the machine to end', isOver);
    spawnSync('unshare', [
      '--mount',
      'sh',
      '-c',
      `mount --make-rprivate /; mount -t cgroup2 cgroup2 /mnt && find /mnt/${this.#group} -depth -type d -exec rmdir {} +`,
    ]);
  }
}

/** What a person who has just logged in as root has. */
export const cleanEnv = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
};

/** Why there can be no such machine here; undefined: there can. */
export function machineTrouble(): string | undefined {
  if (process.platform !== 'linux') return 'packages are for Linux';
  if (process.getuid?.() !== 0) return 'a machine in namespaces needs root here';
  const missing = ['mmdebstrap', 'unshare', 'nsenter', 'dpkg-deb', 'rpmbuild', 'readelf'].filter((tool) =>
    spawnSync(tool, ['--version']).error !== undefined
  );
  if (missing.length > 0) {
    return `not installed: ${missing.join(', ')} (apt-get install mmdebstrap rpm binutils)`;
  }
  const { status } = spawnSync('unshare', ['--mount', 'sh', '-c', 'mount -t cgroup2 cgroup2 /mnt']);
  return status === 0
    ? undefined
    : 'this kernel lets nobody have groups of its own (cgroup2), which systemd needs';
}

export function removeRoot(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
