/** An image's root run by runc as the image's own configuration says, with everything dropped that can be dropped. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seccompProfile } from './seccomp.ts';

/** What a container is started from. */
export interface Image {
  readonly rootfs: string;
  /** `config` of the image specification. */
  readonly config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly StopSignal: string;
  };
  /** A program of this machine that runs those of the image, or undefined: the processor does. */
  readonly emulator?: string | undefined;
}

export interface Options {
  readonly env?: Readonly<Record<string, string>>;
  /** Files of this machine by their paths inside, which can be read there. */
  readonly files?: Readonly<Record<string, string>>;
  /** Folders in memory that everybody may write to, as `docker run --tmpfs` makes them. */
  readonly tmpfs?: readonly string[];
}

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const emulatorInside = '/emulator';
let count = 0;

export class Container {
  readonly #name = `pgw-image-${process.pid}-${count++}`;
  readonly #bundle: string;
  readonly #image: Image;
  readonly #child: ChildProcess;
  #said = '';

  /** Its bundle goes into `folder`; the network is that of this machine. */
  constructor(folder: string, image: Image, args: readonly string[], options: Options = {}) {
    this.#image = image;
    this.#bundle = mkdtempSync(join(folder, 'bundle-'));
    spawnSync('runc', ['spec'], { cwd: this.#bundle });
    const file = join(this.#bundle, 'config.json');
    writeFileSync(file, JSON.stringify(specOf(JSON.parse(readFileSync(file, 'utf8')), image, args, options)));
    this.#child = spawn('runc', ['run', '--pid-file', this.#pidFile, '--bundle', this.#bundle, this.#name], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (chunk) => this.#said += chunk);
    }
  }

  get #pidFile(): string {
    return join(this.#bundle, 'pid');
  }

  /** Of its first process, as this machine counts. */
  get pid(): number {
    return Number(readFileSync(this.#pidFile, 'utf8'));
  }

  /** All that it has printed, on both streams. */
  readonly said = (): string => this.#said;

  /** Runs a command in it, as `docker exec` and `kubectl exec` do. */
  exec(...command: readonly string[]): Run {
    const { status, stdout, stderr } = spawnSync(
      'runc',
      ['exec', this.#name, ...emulated(this.#image, command)],
      { encoding: 'utf8' },
    );
    return { code: status, stdout, stderr };
  }

  /** Sends the signal that the image wants to be stopped by. */
  stop(): void {
    process.kill(this.pid, this.#image.config.StopSignal as NodeJS.Signals);
  }

  /** The exit code, once it has ended. */
  ended(): Promise<number | null> {
    const child = this.#child;
    if (child.exitCode !== null) return Promise.resolve(child.exitCode);
    return new Promise((resolve) => child.once('close', resolve));
  }

  remove(): void {
    spawnSync('runc', ['delete', '--force', this.#name]);
  }
}

function emulated({ emulator }: Image, command: readonly string[]): readonly string[] {
  return emulator === undefined ? command : [emulatorInside, ...command];
}

// deno-lint-ignore no-explicit-any
function specOf(spec: any, image: Image, args: readonly string[], options: Options): object {
  const { rootfs, config, emulator } = image;
  const { env = {}, files = {}, tmpfs = [] } = options;
  const [uid, gid] = config.User.split(':').map(Number);
  const inside = { ...files, ...(emulator === undefined ? {} : { [emulatorInside]: emulator }) };
  // sysfs belongs to the network that the container does not have.
  const mounts = spec.mounts.filter(({ type, destination }: { type: string; destination: string }) =>
    type !== 'sysfs' && destination !== '/sys/fs/cgroup'
  );
  return {
    ...spec,
    process: {
      ...spec.process,
      terminal: false,
      user: { uid, gid },
      args: emulated(image, [...config.Entrypoint, ...args]),
      env: [...config.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      capabilities: {},
      noNewPrivileges: true,
    },
    // runc masks paths of /proc and makes others read-only as docker does: that is in its own specification.
    root: { path: rootfs, readonly: true },
    mounts: [
      ...mounts,
      ...Object.entries(inside).map(([destination, source]) => ({
        destination,
        source,
        type: 'bind',
        options: ['bind', 'ro'],
      })),
      ...tmpfs.map((destination) => ({
        destination,
        source: 'tmpfs',
        type: 'tmpfs',
        options: ['nosuid', 'nodev', 'noexec', 'mode=1777', 'size=1m'],
      })),
    ],
    linux: {
      ...spec.linux,
      namespaces: spec.linux.namespaces.filter(({ type }: { type: string }) => type !== 'network'),
      resources: {},
      seccomp: seccompProfile(),
    },
  };
}
