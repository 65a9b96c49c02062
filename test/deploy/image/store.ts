/** Images of buildah in a folder of their own: those of this machine are not seen, and go on as they are. */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class Store {
  readonly #env: NodeJS.ProcessEnv;

  constructor(folder: string) {
    const file = join(folder, 'storage.conf');
    const places = ['graphroot', 'runroot'].map((name) => `${name} = "${join(folder, name)}"`);
    writeFileSync(file, ['[storage]', 'driver = "vfs"', ...places, ''].join('\n'));
    // Neither the registry that npm uses here nor its authorities are for the build.
    const inherited = Object.entries(process.env).filter(([name]) =>
      !/^npm_config_|^NODE_EXTRA|proxy$/i.test(name)
    );
    this.#env = { ...Object.fromEntries(inherited), TMPDIR: folder, CONTAINERS_STORAGE_CONF: file };
  }

  /** What it prints on standard output. */
  buildah(...args: readonly string[]): string {
    const { status, stdout, stderr, error } = spawnSync('buildah', args, {
      encoding: 'utf8',
      env: this.#env,
      maxBuffer: 1 << 26,
    });
    if (error !== undefined || status !== 0) {
      throw new Error(`buildah ${args[0]}: ${error?.message ?? `${stdout}${stderr}`}`);
    }
    return stdout.trim();
  }

  /** An image, or a further one of that name for another processor, of a folder as its root. */
  add(name: string, arch: string, root: string): void {
    const container = this.buildah('from', '--arch', arch, 'scratch');
    this.buildah('add', '--quiet', container, root, '/');
    this.buildah('config', '--os', 'linux', '--arch', arch, container);
    this.buildah('commit', '--quiet', '--rm', '--manifest', name, container);
  }

  /** Runs `scripts/image`; rejects with all that it said. Not blocking, so that this process can serve it meanwhile. */
  build(command: string, args: readonly string[]): Promise<void> {
    const child = spawn(command, args, {
      env: { ...this.#env, TOOL: 'buildah' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said += chunk);
    return new Promise((resolve, reject) =>
      child.once('close', (code) => code === 0 ? resolve() : reject(new Error(said)))
    );
  }

  /** The root of a container of that image, on this machine. */
  mount(name: string, arch: string): string {
    return this.buildah('mount', this.buildah('from', '--pull-never', '--arch', arch, name));
  }
}
