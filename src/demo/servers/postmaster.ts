/** The life of one postmaster: start, stop, kill, freeze, thaw. What the server is for is its owner's business. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor, type Waiting } from '../wait-for.ts';
import { familyOf, isRunning, killFamily, signal } from './processes.ts';
import { cleanEnvironment } from './programs.ts';
import { readPidFile } from './server-files.ts';
import type { Site } from './site.ts';

const stopSignals = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/** How a server ends: `smart` waits for its clients, `fast` ends them, `immediate` crashes in an orderly way. */
export type StopMode = keyof typeof stopSignals;

export class Postmaster {
  readonly name: string;
  /** Holds `data` and `log`. */
  readonly folder: string;
  readonly data: string;
  #child: ChildProcess | undefined;
  /** Why the last start could not even begin. */
  #spawnError: string | undefined;
  #frozen: number[] = [];
  readonly #site: Site;

  constructor(name: string, folder: string, site: Site) {
    this.#site = site;
    this.name = name;
    this.folder = folder;
    this.data = join(folder, 'data');
  }

  get isUp(): boolean {
    const child = this.#child;
    return child !== undefined && this.#spawnError === undefined && child.exitCode === null &&
      child.signalCode === null;
  }

  get isFrozen(): boolean {
    return this.isUp && this.#frozen.length > 0;
  }

  /** Undefined while it is down. */
  get pid(): number | undefined {
    return this.isUp ? this.#child?.pid : undefined;
  }

  /** Throws where it is down; `what` names what was asked of it. */
  requirePid(what: string): number {
    const { pid } = this;
    if (pid === undefined) throw new Error(`${this.name} is down and cannot ${what}`);
    return pid;
  }

  /** Everything that it wrote since its first start. */
  log(): string {
    const path = join(this.folder, 'log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Returns once it takes connections. */
  async start(): Promise<void> {
    const { bin, account } = this.#site;
    this.#spawnError = undefined;
    this.#frozen = [];
    // A shell opens the log, because not every runtime can hand a file to a child; exec keeps the pid.
    // Detached: Ctrl-C in a terminal is not meant for the servers.
    const child = spawn('/bin/sh', [
      '-c',
      'exec "$0" "$@" >>../log 2>&1',
      join(bin, 'postgres'),
      '-D',
      this.data,
    ], {
      cwd: this.data,
      env: cleanEnvironment,
      stdio: 'ignore',
      detached: true,
      ...account,
    });
    this.#child = child;
    child.once('error', (error) => this.#spawnError = error.message);
    child.unref();
    await this.until('start', () => {
      const file = readPidFile(this.data);
      return !this.isUp || (file?.pid === child.pid && file?.isReady === true);
    });
    if (!this.isUp) throw new Error(`${this.name} did not start: ${this.#whyDown()}`);
  }

  /** Returns once the process and its children are gone. */
  async stop(mode: StopMode): Promise<void> {
    if (this.isFrozen) throw new Error(`${this.name} is frozen and cannot stop: thaw or kill it`);
    const family = familyOf(this.requirePid('stop'));
    signal(family.slice(0, 1), stopSignals[mode]);
    await this.#gone(`stop (${mode})`, family);
  }

  /** SIGKILL to the postmaster and all its children, frozen or not; returns once they are gone. */
  async kill(): Promise<void> {
    await this.#gone('die', killFamily(this.requirePid('die')));
  }

  /** SIGSTOP to the postmaster and all its children: connections stay open, nothing answers. */
  freeze(): void {
    const pid = this.requirePid('freeze');
    // The postmaster first: afterwards it cannot fork a child that we would miss.
    signal([pid], 'SIGSTOP');
    this.#frozen = familyOf(pid);
    signal(this.#frozen, 'SIGSTOP');
  }

  thaw(): void {
    if (this.isFrozen) signal(this.#frozen.toReversed(), 'SIGCONT');
    this.#frozen = [];
  }

  /** Waits for `probe`; the error has the end of the log. */
  async until(what: string, probe: () => unknown, waiting?: Waiting): Promise<void> {
    const isDone = async () => Boolean(await probe());
    await waitFor(`${this.name} to ${what}`, isDone, { evidence: () => this.#logTail(), ...waiting });
  }

  async #gone(what: string, family: readonly number[]): Promise<void> {
    await this.until(what, () => !this.isUp && family.every((pid) => !isRunning(pid)));
    this.#frozen = [];
  }

  #whyDown(): string {
    return this.#spawnError ?? `it ended\n${this.#logTail()}`;
  }

  #logTail(): string {
    return `the last lines of its log:\n${this.log().trimEnd().split('\n').slice(-12).join('\n')}`;
  }
}
