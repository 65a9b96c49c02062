/** Somebody with an empty home, an empty folder, and one runtime, who gets packages from one registry. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { waitFor } from '../../bed/wait-for.ts';

/** How long a command may take on a busy machine. */
const runMs = 60_000;

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** A program that was started and serves. */
export interface Serving {
  readonly port: number;
  readonly engine: string;
  readonly runtime: string;
  /** Ends it as Ctrl-C does, and resolves when it has said that it has stopped. */
  stop(): Promise<void>;
}

export class Stranger {
  readonly home: string = mkdtempSync(join(tmpdir(), 'stranger-'));
  readonly folder: string = join(this.home, 'empty');
  readonly #env: NodeJS.ProcessEnv;

  /** `programs` are paths of those that come before the system's. */
  constructor(registry: string, programs: readonly string[]) {
    const bin = join(this.home, 'programs');
    mkdirSync(bin);
    mkdirSync(this.folder);
    for (const path of programs) symlinkSync(path, join(bin, basename(path)));
    this.#env = {
      HOME: this.home,
      PATH: [bin, join(this.home, '.deno/bin'), '/usr/bin', '/bin'].join(':'),
      NO_COLOR: '1',
      DENO_NO_UPDATE_CHECK: '1',
      // npm and Bun look at the one, Deno at the other.
      npm_config_registry: registry,
      NPM_CONFIG_REGISTRY: registry,
      npm_config_update_notifier: 'false',
      npm_config_audit: 'false',
    };
  }

  /** To its end. Asynchronous, as the registry that it asks may be in this process. */
  run([command = '', ...args]: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { ...this.#env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: runMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => output += bytes);
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, output }));
    });
  }

  /** Resolves once the log of the program says that clients can connect. */
  async serve([command = '', ...args]: readonly string[], env: Record<string, string>): Promise<Serving> {
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { ...this.#env, LISTEN_HOST: '127.0.0.1', LISTEN_PORT: '0', LOG_FORMAT: 'json', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // npx and bunx start it as a child, and a terminal's Ctrl-C reaches them all.
      detached: true,
    });
    const lines: string[] = [];
    let isOver = false;
    child.once('close', () => isOver = true);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => lines.push(line));
    }
    const of = (event: string) =>
      lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)).find((line) =>
        line.event === event
      );
    const evidence = () => lines.join('\n');
    const stop = async () => {
      kill(child, 'SIGINT');
      await waitFor('the program to stop', () => isOver, { evidence });
      if (of('stopped') === undefined) throw new Error(`it ended without a word:\n${evidence()}`);
    };
    try {
      const listening = await waitFor(
        'the program to listen',
        () => of('listening') ?? (isOver ? null : undefined),
        { evidence },
      );
      if (listening === null) throw new Error(`it ended at its start:\n${evidence()}`);
      const { engine, runtime } = of('engine');
      return { port: Number(/:(\d+)$/.exec(listening.address)?.[1]), engine, runtime, stop };
    } catch (error) {
      kill(child, 'SIGKILL');
      throw error;
    }
  }

  close(): void {
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}
