/** The rounds: every step with every target, again and again. */
import type { Options } from './options.ts';
import { showProgress } from './progress.ts';
import type { Recorder } from './recorder.ts';
import { type Bench, type Step, steps } from './steps.ts';
import type { Place, Running, Target } from './targets.ts';
import { versionOf } from './versions.ts';
import { startEcho } from './wire.ts';

/** Sessions at once in the rounds, beside those that are quiet: a burst of connects, and room. */
const room = 300;

/** In how many rounds long steps are done, without --quick. */
const longRounds = 3;

export interface Run {
  readonly options: Options;
  readonly targets: readonly Target[];
  readonly server: Place;
  readonly recorder: Recorder;
  readonly folder: string;
  readonly hasPgbench: boolean;
  readonly quiet: number;
}

/**
 * All targets run at once and wait for their turn, so that every step meets each of them within seconds. Resolves
 * with the number of threads of each that runs.
 */
export async function rounds(run: Run): Promise<ReadonlyMap<string, number | undefined>> {
  const { options, targets, server, recorder, folder, hasPgbench, quiet } = run;
  const seats = { sessions: room + quiet, threads: options.threads };
  const running: Running[] = [];
  const echo = await startEcho();
  const echoes = new Map<string, Running>();
  try {
    for (const target of targets) {
      await recorder.attempt(`starting ${target.name}`, async () => {
        const started = await target.start(server, seats);
        running.push(started);
        if (target.name === 'direct') echoes.set('direct', { ...started, ...echo });
        if (target.name === 'haproxy') echoes.set('haproxy', await target.start(echo, seats, 'echo'));
      });
    }
    const bench: Bench = {
      folder,
      seconds: options.seconds,
      isQuick: options.isQuick,
      hasPgbench,
      canPin: versionOf('taskset') !== undefined,
      quiet,
      echo,
      echoThrough: (name) => echoes.get(name),
    };
    const connectors = new Set(targets.filter(({ onlyConnects }) => onlyConnects).map(({ name }) => name));
    await turns(options.rounds, bench, { running, connectors, recorder });
    return new Map(running.map(({ name, threads }) => [name, threads]));
  } finally {
    for (const child of [...running, ...echoes.values(), echo]) await child.end();
  }
}

interface Field {
  readonly running: readonly Running[];
  /** Names of those that are there for connecting only. */
  readonly connectors: ReadonlySet<string>;
  readonly recorder: Recorder;
}

async function turns(count: number, bench: Bench, { running, connectors, recorder }: Field): Promise<void> {
  const takesPart = (step: Step, target: Running): boolean =>
    (step.connects || !connectors.has(target.name)) && step.applies(bench, target);
  const turns = Array.from(
    { length: count },
    (_, round) =>
      steps.filter(({ isLong }) => !isLong || round < (bench.isQuick ? 1 : longRounds)).flatMap((step) =>
        rotated(running, round).filter((target) => takesPart(step, target))
          .map((target) => ({ round, step, target }))
      ),
  ).flat();
  const progress = showProgress(turns.length);
  for (const { round, step, target } of turns) {
    progress.next(`round ${round + 1} of ${count}, ${step.title}, ${target.name}`);
    const figures = await recorder.attempt(`${step.title}, ${target.name}`, () => step.run(bench, target));
    recorder.add(round, target.name, figures ?? {});
  }
  progress.done();
}

/** So that nobody is always first, or always after the same one. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const at = by % Math.max(1, list.length);
  return [...list.slice(at), ...list.slice(0, at)];
}
