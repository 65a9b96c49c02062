/** The workflows of .github as values, and their steps run here as GitHub would run them. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, string>>;
}

export interface Job {
  readonly needs?: string | readonly string[];
  readonly steps: readonly Step[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string | { readonly name: string };
  readonly 'timeout-minutes'?: number;
  readonly strategy?: { readonly matrix?: unknown };
  readonly 'runs-on': string;
}

export interface Workflow {
  readonly file: string;
  readonly text: string;
  readonly name: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

export const root = join(import.meta.dirname, '../..');
const folder = join(root, '.github/workflows');

export const workflows: readonly Workflow[] = readdirSync(folder).map((file) => {
  const text = readFileSync(join(folder, file), 'utf8');
  return { ...parse(text) as Omit<Workflow, 'file' | 'text'>, file, text };
});

export function workflow(file: string): Workflow {
  return workflows.find((one) => one.file === file)!;
}

/** Each job of each workflow, with a name for people. */
export const jobs = workflows.flatMap((from) =>
  Object.entries(from.jobs).map(([id, job]) => ({ from, id, job, title: `${from.file}, ${id}` }))
);

/** All that must have ended before it, by the names of jobs. */
export function before(from: Workflow, id: string): Set<string> {
  const known = new Set<string>();
  const add = (name: string): void => {
    for (const need of [from.jobs[name]!.needs ?? []].flat()) {
      if (known.has(need)) continue;
      known.add(need);
      add(need);
    }
  };
  add(id);
  return known;
}

/** Runs the script of a step in a folder as a runner does it where `shell` is bash. `env` is all of the environment. */
export function runStep(file: string, job: string, name: string, cwd: string, env: Record<string, string>) {
  const step = workflow(file).jobs[job]!.steps.find((one) => one.name === name)!;
  const missing = Object.keys(step.env ?? {}).filter((key) => env[key] === undefined);
  if (missing.length > 0) throw new Error(`${name} wants ${missing.join(', ')}`);
  const args = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run!];
  const { status, stdout, stderr } = spawnSync('bash', args, { cwd, env, encoding: 'utf8' });
  return { status, stdout, stderr };
}
