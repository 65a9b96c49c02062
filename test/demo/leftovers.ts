/** A folder for the temporary files of one demo, by which all that it starts can be found. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listProcesses } from '../../src/demo/servers/processes.ts';
import { waitFor } from '../bed/wait-for.ts';

export class Traces {
  /** For TMPDIR. */
  readonly folder: string;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'demo-'));
    // The servers run as another user.
    chmodSync(this.folder, 0o1777);
  }

  /** What runs with this folder in its command line or in its environment, and what is in the folder. */
  found(): string[] {
    const processes = listProcesses()
      .filter(({ pid, command }) =>
        pid !== process.pid && `${command} ${environmentOf(pid)}`.includes(this.folder)
      );
    return [...processes.map(({ pid, command }) => `${pid} ${command}`), ...readdirSync(this.folder)];
  }

  /** Resolves when nothing is left, and removes the folder; rejects with what is. */
  async areGone(): Promise<void> {
    await waitFor('processes and folders to be gone', () => this.found().length === 0, {
      everyMs: 50,
      evidence: () => this.found().join('\n'),
    });
    rmSync(this.folder, { recursive: true });
  }
}

/** Empty where the system does not tell. */
function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}
