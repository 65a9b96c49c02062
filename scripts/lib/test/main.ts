/** `scripts/test`: every check and every test, as stages. The last line is `N passed, N failed`. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { endAllGroups, killAllGroups, killInside, runGroup } from './group.ts';
import type { Options } from './options.ts';
import { readOptions, select, usage } from './options.ts';
import { type Suite, toJUnit } from './report.ts';
import type { FileReport } from './run.ts';
import { runFile } from './run.ts';
import type { Stage, Step } from './stages.ts';
import { findTests, stagesOf, steps } from './stages.ts';
import { Tally } from './tally.ts';
import { memoryFolders } from '../../../src/demo/servers/memory-folder.ts';

const root = join(import.meta.dirname, '../../..');
/** A file that runs for longer is mentioned again and again, so that a person sees that something happens. */
const heartbeatMs = 30_000;

// In memory if nobody said otherwise; a short path, because unix sockets lie below it.
const base = process.env['TMPDIR'] ?? memoryFolders()[0] ?? tmpdir();
const scratch = realpathSync(mkdtempSync(join(base, 'pgw-')));
chmodSync(scratch, 0o755);
const tally = new Tally();
const suites: Suite[] = [];
let folders = 0;

const since = (started: number): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;
const indent = (text: string): string => text.trimEnd().replace(/^(?=.)/gm, '      ');

async function runStep(step: Step): Promise<void> {
  const started = performance.now();
  const log = join(scratch, step.name);
  console.log(`== ${step.name}`);
  const { code, isLate } = await runGroup([join(root, step.command[0] as string), ...step.command.slice(1)], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1' },
    log,
    deadlineMs: step.deadlineMs,
  });
  console.log(indent(readFileSync(log, 'utf8')));
  const why = isLate ? `not done after ${step.deadlineMs / 1000} s, killed` : `exit code ${code}`;
  const failed = code === 0 ? [] : [{ name: step.name, state: 'failed', detail: why } as const];
  tally.add(step.name, step.command.join(' '), failed);
  suites.push({
    stage: step.name,
    file: step.command.join(' '),
    seconds: (performance.now() - started) / 1000,
    outcomes: failed,
  });
  console.log(`   ${code === 0 ? 'ok' : 'FAILED'} in ${since(started)}`);
}

async function runStage(stage: Stage): Promise<void> {
  const started = performance.now();
  console.log(`== ${stage.name}: ${stage.files.length} files`);
  if (stage.files.length === 0) {
    const none = { name: stage.name, state: 'failed', detail: 'there is no test file for it' } as const;
    tally.add(stage.name, 'test/', [none]);
    suites.push({ stage: stage.name, file: 'test/', seconds: 0, outcomes: [none] });
  }
  const queue = stage.files.values();
  await Promise.all(Array.from({ length: stage.parallel }, async () => {
    for (const file of queue) showFile(stage, await runWatched(stage, file));
  }));
  console.log(`   ${stage.name}: ${tally.line(stage.name)} in ${since(started)}`);
}

async function runWatched(stage: Stage, file: string): Promise<FileReport> {
  const started = performance.now();
  const heartbeat = setInterval(() => console.log(`   ...    ${file}  ${since(started)}`), heartbeatMs);
  try {
    return await runFile(root, stage, file, join(scratch, String(++folders)));
  } finally {
    clearInterval(heartbeat);
  }
}

function showFile(stage: Stage, { file, outcomes, seconds, output }: FileReport): void {
  tally.add(stage.name, file, outcomes);
  suites.push({ stage: stage.name, file, seconds, outcomes });
  const failed = outcomes.some(({ state }) => state === 'failed');
  console.log(
    `   ${failed ? 'FAILED' : 'ok    '} ${file}  ${tally.line(stage.name, file)}  ${seconds.toFixed(1)} s`,
  );
  if (failed) console.log(indent(output));
}

function plan(options: Options): (Stage | Step)[] {
  return select(options, stagesOf(findTests(root)), steps);
}

function list(todo: readonly (Stage | Step)[]): void {
  for (const item of todo) {
    console.log(
      'files' in item ? [item.name, ...item.files].join('\n  ') : `${item.name}\n  ${item.command.join(' ')}`,
    );
  }
}

/** The exit code. */
async function main(): Promise<number> {
  let todo: (Stage | Step)[];
  let junit: string | undefined;
  try {
    const options = readOptions(process.argv.slice(2));
    if (options.help) {
      console.log(usage.trimEnd());
      return 0;
    }
    todo = plan(options);
    if (options.list) {
      list(todo);
      return 0;
    }
    junit = options.junit;
  } catch (error) {
    console.error(`scripts/test: ${(error as Error).message}\n\n${usage.trimEnd()}`);
    return 2;
  }
  for (const item of todo) await ('files' in item ? runStage(item) : runStep(item));
  if (junit !== undefined) {
    mkdirSync(dirname(junit), { recursive: true });
    writeFileSync(junit, toJUnit(suites));
  }
  console.log(tally.summary());
  return tally.hasFailed ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, async () => {
    console.error(`scripts/test: ${signal}, ending what runs`);
    await endAllGroups();
    process.exit(130);
  });
}
process.once('exit', () => {
  killAllGroups();
  killInside(scratch);
  rmSync(scratch, { recursive: true, force: true });
});
process.exitCode = await main();
