/** Runs one test file on one runtime and reads back what happened. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { Ending } from './group.ts';
import { killInside, runGroup } from './group.ts';
import type { Outcome } from './junit.ts';
import { readJUnit } from './junit.ts';
import type { Runtime, Stage } from './stages.ts';
import { toolCommand } from '../tools.ts';

export interface FileReport {
  readonly file: string;
  /** At least one. */
  readonly outcomes: readonly Outcome[];
  readonly seconds: number;
  /** All that the runner printed. */
  readonly output: string;
}

/** The command of each runner. `report` is where it writes its JUnit XML. */
const commands: Readonly<Record<Runtime, (file: string, report: string, deadlineMs: number) => string[]>> = {
  // Without --test: one file is one process, and an empty file is not reported as a test that passed.
  node: (file, report) => [
    'node',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=junit',
    `--test-reporter-destination=${report}`,
    file,
  ],
  // Bun ends a test after five seconds unless told otherwise; without ./ it takes the file for a filter.
  bun: (file, report, deadlineMs) => [
    'bun',
    'test',
    `--timeout=${deadlineMs}`,
    '--reporter=junit',
    `--reporter-outfile=${report}`,
    `./${file}`,
  ],
  // Neither a lock file nor a look at a registry: everything is in node_modules.
  deno: (
    file,
    report,
  ) => ['deno', 'test', '-A', '--no-check', '--no-lock', '--cached-only', `--junit-path=${report}`, file],
};

/**
 * `folder` is the file's own, for its output and as its TMPDIR, and is deleted. Beside it stays `templates`, for what
 * is made once and read by all.
 */
export async function runFile(root: string, stage: Stage, file: string, folder: string): Promise<FileReport> {
  const started = performance.now();
  const tmp = join(folder, 't');
  const report = join(folder, 'junit.xml');
  const log = join(folder, 'log');
  const templates = join(dirname(folder), 'templates');
  for (const path of [tmp, templates]) mkdirSync(path, { recursive: true });
  // As open as /tmp: tests that run as root start PostgreSQL as somebody else.
  for (const path of [folder, tmp, templates]) chmodSync(path, 0o1777);
  try {
    const [runner, ...args] = commands[stage.runner](file, report, stage.deadlineMs);
    const ending = await runGroup([...runnerCommand(root, runner as Runtime), ...args], {
      cwd: root,
      env: environment(
        root,
        { TMPDIR: tmp, TEST_TEMPLATES: templates, NODE_COMPILE_CACHE: join(templates, 'compiled') },
        stage.gateway,
      ),
      log,
      deadlineMs: stage.deadlineMs,
    });
    const left = killInside(tmp);
    const note = left === 0 ? '' : `\nleft behind by the tests, and killed: ${left} process(es)\n`;
    const outcomes = existsSync(report) ? readJUnit(readFileSync(report, 'utf8')) : [];
    return {
      file,
      outcomes: [...outcomes, ...judgeEnding(ending, outcomes, stage.deadlineMs)],
      seconds: (performance.now() - started) / 1000,
      output: readFileSync(log, 'utf8') + note,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the runner's report does not tell: that the runner itself failed, or that there was no test at all. */
function judgeEnding(
  { code, signal, isLate }: Ending,
  outcomes: readonly Outcome[],
  deadlineMs: number,
): Outcome[] {
  const failed = (detail: string): Outcome[] => [{ name: '(the whole file)', state: 'failed', detail }];
  if (isLate) return failed(`not done after ${deadlineMs / 1000} s, killed`);
  if (signal !== null) return failed(`the runner died of ${signal}`);
  if (code !== 0 && outcomes.every(({ state }) => state !== 'failed')) {
    return failed(`the runner ended with exit code ${code} and reported no failed test`);
  }
  return outcomes.length === 0 ? failed('no test was run') : [];
}

/** The runtime of node_modules, or for Node, where no such package exists, the one that runs this. */
function runnerCommand(root: string, runner: Runtime): string[] {
  const isOurs = runner !== 'node' || existsSync(join(root, 'node_modules/.bin/node'));
  return isOurs ? toolCommand(root, runner) : [process.execPath];
}

/** Without what would change the tests: settings for psql, and the mark of a Node test runner around this one. */
function environment(
  root: string,
  // Node strips types anew at each start unless it may keep the result: half of a gateway's start.
  folders: Readonly<Record<'TMPDIR' | 'TEST_TEMPLATES' | 'NODE_COMPILE_CACHE', string>>,
  gateway: Stage['gateway'],
): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) =>
    !/^PG[A-Z]|^GATEWAY_RUNTIME$|^NODE_TEST_CONTEXT$/.test(name)
  );
  return {
    ...Object.fromEntries(inherited),
    PATH: [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
    ...folders,
    NO_COLOR: '1',
    DENO_NO_UPDATE_CHECK: '1',
    ...(gateway === undefined ? {} : { GATEWAY_RUNTIME: gateway }),
  };
}
