/** Which test file runs on which runtime, and in which order. A test's place and name say it; there are no lists. */
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

export const runtimes = ['node', 'bun', 'deno'] as const;
export type Runtime = (typeof runtimes)[number];

/** Test files that one runner runs, each in a process of its own. */
export interface Stage {
  readonly name: string;
  readonly runner: Runtime;
  /** Which gateway the end-to-end tests start; they read it as GATEWAY_RUNTIME. */
  readonly gateway?: Runtime | 'binary';
  readonly files: readonly string[];
  /** Files at a time. */
  readonly parallel: number;
  /** How long one file may take. */
  readonly deadlineMs: number;
}

/** Something that must succeed and counts no tests. */
export interface Step {
  readonly name: 'check' | 'build' | 'bench';
  /** From the root of the repository. */
  readonly command: readonly string[];
  readonly deadlineMs: number;
}

/** What of test/ runs on all three runtimes; the rest runs on Node. */
const portable =
  /^test\/(?:(?:cluster|contract|control|data|library|probe|protocol|refusal-server|runtime)\/|fuzz\/kept\.|library\.test\.ts$)/;
const endToEnd = /^test\/(?:e2e|acceptance)\//;
/** A thousand sessions, or a gibibyte. */
const heavy = /^test\/load\//;
/** These weigh on PostgreSQL and the machine much more than on a runtime, whose own part is in test/runtime/. */
const heavyOn = ['node', 'binary'];
/** Once is enough for these: what is tested are managers, or how long and how much all parts together bear. */
const once = /^test\/(?:ha|reliability)\//;
/** What people get and run it with: the image, packages, charts, clients. Each builds what it needs, or takes dist/pg_gateway. */
const deployed = /^test\/(?:deploy|compat)\//;
const conformance = /^test\/runtime\//;
/** `node.test.ts` or `native.bun.test.ts`: for this runtime only. */
const oneRuntime = /[/.](node|bun|deno)\.test\.ts$/;

const minuteMs = 60_000;

const bench: Step = {
  name: 'bench',
  // One round of each step: that it works is what a test can show, and figures need an idle machine.
  command: [
    ...['scripts/bench', '--quick', '--rounds', '1', '--seconds', '1', '--no-install', '--out', 'dist/bench'],
    ...['--targets', 'direct,binary,haproxy', '--idle', '1000'],
  ],
  deadlineMs: 10 * minuteMs,
};

export const steps: readonly Step[] = [
  { name: 'check', command: ['scripts/check'], deadlineMs: 10 * minuteMs },
  { name: 'build', command: ['scripts/build'], deadlineMs: 10 * minuteMs },
  // A test installs nothing on a developer's machine: it measures beside what is there.
  ...(process.platform === 'linux' ? [bench] : []),
];

/** Every test file, from the root of the repository. */
export function findTests(root: string): string[] {
  if (!existsSync(join(root, 'test'))) return [];
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `test/${name.replaceAll('\\', '/')}`)
    .sort();
}

/** In the order in which they run; `build` comes before the first end-to-end stage. */
export function stagesOf(files: readonly string[]): Stage[] {
  const unit = files.filter((file) => ![endToEnd, heavy, once, deployed].some((place) => place.test(file)));
  // They wait for each other's servers and processes more than they compute.
  const parallel = Math.max(1, Math.min(4, availableParallelism()));
  return [
    ...runtimes.map((runner): Stage => ({
      name: `unit-${runner}`,
      runner,
      files: unit.filter((file) => !conformance.test(file) && runsOn(file, runner)),
      parallel,
      deadlineMs: 5 * minuteMs,
    })),
    ...runtimes.map((runner): Stage => ({
      name: `runtime-${runner}`,
      runner,
      files: unit.filter((file) => conformance.test(file) && runsOn(file, runner)),
      parallel: 1,
      deadlineMs: 10 * minuteMs,
    })),
    ...[...runtimes, 'binary' as const].map((gateway): Stage => ({
      name: `e2e-${gateway}`,
      runner: 'node',
      gateway,
      files: files.filter((file) => endToEnd.test(file) || (heavy.test(file) && heavyOn.includes(gateway))),
      // They wait more than they work.
      parallel: 3,
      deadlineMs: 10 * minuteMs,
    })),
    {
      name: 'ha',
      runner: 'node',
      gateway: 'binary',
      files: files.filter((file) => once.test(file)),
      // The time goes by in waiting.
      parallel: 3,
      deadlineMs: 10 * minuteMs,
    },
    {
      name: 'deploy',
      runner: 'node',
      gateway: 'binary',
      files: files.filter((file) => deployed.test(file)),
      parallel: 2,
      deadlineMs: 10 * minuteMs,
    },
  ];
}

function runsOn(file: string, runner: Runtime): boolean {
  const only = oneRuntime.exec(file)?.[1];
  if (only !== undefined) return only === runner;
  return runner === 'node' || portable.test(file);
}
