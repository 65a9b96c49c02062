import { parseArgs } from 'node:util';
import type { Stage, Step } from './stages.ts';

export const usage = `scripts/test [pattern...] [--only stage] [--runtime name] [--junit file] [--list]

Installs what is missing, checks the sources, runs all tests on Node, Bun and Deno, builds the executable, and tests
it too; at last it shows that the benchmark works, whatever its figures (Linux only). The last line is "N passed, N failed"; exit code 1 if anything failed.

  pattern          only test files whose path contains it
  --only stage     only this stage, for example check, unit-bun, e2e-binary, ha, deploy, bench, or all of its kind: unit,
                   runtime, e2e; may be given more than once
  --runtime name   only stages that test node, bun, deno, or binary
  --junit file     writes all outcomes there, too, as JUnit XML
  --list           print stages and files, run nothing
  --help
With a pattern, --only or --runtime, check, build and bench run only where asked for or needed.
`;

export interface Options {
  readonly patterns: readonly string[];
  readonly only: readonly string[];
  readonly runtime: string | undefined;
  /** A path. */
  readonly junit: string | undefined;
  readonly list: boolean;
  readonly help: boolean;
}

/** Throws an error for people if an option is unknown. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: 'string', multiple: true },
      runtime: { type: 'string' },
      junit: { type: 'string' },
      list: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  return {
    patterns: positionals,
    only: values.only ?? [],
    runtime: values.runtime,
    junit: values.junit,
    list: values.list ?? false,
    help: values.help ?? false,
  };
}

/** What is left to do of all stages and steps. Throws an error for people if nothing is, or a stage is unknown. */
export function select(
  options: Options,
  stages: readonly Stage[],
  steps: readonly Step[],
): (Stage | Step)[] {
  const { patterns, only, runtime } = options;
  const names = [...steps, ...stages].map(({ name }) => name);
  const asks = (name: string): boolean =>
    only.some((wanted) => name === wanted || name.startsWith(`${wanted}-`));
  const unknown = only.find((wanted) =>
    !names.some((name) => name === wanted || name.startsWith(`${wanted}-`))
  );
  if (unknown !== undefined) throw new Error(`no stage ${unknown}; there are ${names.join(', ')}`);

  const isWhole = patterns.length === 0 && only.length === 0 && runtime === undefined;
  const chosen = stages
    .filter(({ name }) => only.length === 0 || asks(name))
    .filter(({ runner, gateway }) => runtime === undefined || runtime === (gateway ?? runner))
    .map((stage) => ({
      ...stage,
      files: stage.files.filter((file) =>
        patterns.length === 0 || patterns.some((part) => file.includes(part))
      ),
    }))
    .filter(({ files }) => patterns.length === 0 || files.length > 0);
  const runs = ({ name }: Step): boolean =>
    isWhole || asks(name) || (name === 'build' && chosen.some(({ gateway }) => gateway === 'binary'));
  const isLate = (stage: Stage): boolean => stage.gateway !== undefined;
  const todo = [
    ...steps.filter((step) => step.name === 'check' && runs(step)),
    ...chosen.filter((stage) => !isLate(stage)),
    ...steps.filter((step) => step.name === 'build' && runs(step)),
    ...chosen.filter(isLate),
    ...steps.filter((step) => step.name === 'bench' && runs(step)),
  ];
  if (todo.length === 0) throw new Error('no test matches; scripts/test --list shows what there is');
  return todo;
}
