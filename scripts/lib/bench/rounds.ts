/** The rounds: every step with every target, again and again. */
import type { Options } from './options.ts';
import { showProgress } from './progress.ts';
import type { Recorder } from './recorder.ts';
import { type Bench, type Step, steps } from './steps.ts';
import type { Place, Running, Target } from './targets.ts';
import { versionOf } from './versions.ts';
import { leastRounds } from './verdict.ts';
import { startEcho } from './wire.ts';

/** Sessions at once in the rounds, beside those that are quiet: a burst of connects, and room. */
const room = 300;

/** In how many rounds what takes long is done. */
export function longRounds({ isQuick, rounds }: Options): number {
  return Math.min(rounds, isQuick ? 1 : leastRounds);
}

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
 * with those that ran, by name.
 */
export async function rounds(run: Run): Promise<ReadonlyMap<string, Running>> {
  const { options, targets, server, recorder, folder, hasPgbench, quiet } = run;
  const seats = { sessions: room + quiet, threads: options.threads };
  const running: Running[] = [];
  const echo = await startEcho();
  const echoes = new Map<string, Running>();
  try {
    for (const target of targets) {
      const work = { what: 'starting', gives: steps.flatMap(({ gives }) => gives) };
      await recorder.measure(0, target.name, work, async () => {
        running.push(await target.start(server, seats));
        return {};
      });
      const started = running.find(({ name }) => name === target.name);
      if (started?.name === 'direct') echoes.set('direct', { ...started, ...echo });
      if (started?.name !== 'haproxy') continue;
      await recorder.measure(
        0,
        'haproxy',
        { what: 'starting for the echo', gives: ['echoUs', 'echoP99Us'] },
        async () => {
          echoes.set('haproxy', await target.start(echo, seats, 'echo'));
          return {};
        },
      );
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
    await turns(options, bench, { running, connectors, recorder });
    return new Map(running.map((target) => [target.name, target]));
  } finally {
    for (const child of [...running, ...echoes.values(), echo]) await child.end();
  }
}

/** Why a variant has no other figures. */
export const onlyConnects = 'it is here for connecting only';

interface Field {
  readonly running: readonly Running[];
  /** Names of those that are there for connecting only. */
  readonly connectors: ReadonlySet<string>;
  readonly recorder: Recorder;
}

async function turns(
  options: Options,
  bench: Bench,
  { running, connectors, recorder }: Field,
): Promise<void> {
  const count = options.rounds;
  const takesPart = (step: Step, target: Running): boolean => {
    const why = connectors.has(target.name) && !step.connects ? onlyConnects : step.hinders(bench, target);
    if (why !== undefined) recorder.absent(target.name, step.gives, why);
    return why === undefined;
  };
  const turns = Array.from(
    { length: count },
    (_, round) =>
      steps.filter(({ isLong }) => !isLong || round < longRounds(options)).flatMap((step) =>
        rotated(running, round).filter((target) => takesPart(step, target))
          .map((target) => ({ round, step, target }))
      ),
  ).flat();
  const progress = showProgress(turns.length);
  for (const { round, step, target } of turns) {
    progress.next(`round ${round + 1} of ${count}, ${step.title}, ${target.name}`);
    const work = { what: step.title, gives: step.gives };
    await recorder.measure(round, target.name, work, () => step.run(bench, target));
  }
  progress.done();
}

/** So that nobody is always first, or always after the same one. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const at = by % Math.max(1, list.length);
  return [...list.slice(at), ...list.slice(0, at)];
}
