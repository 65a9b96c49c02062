/** The rounds: every step with every target, again and again. */
import { notAskedFor } from './cells.ts';
import type { Options } from './options.ts';
import { busyShare } from './machine.ts';
import { showProgress } from './progress.ts';
import type { Recorder } from './recorder.ts';
import { type Bench, type Step, steps } from './steps.ts';
import type { Place, Running, Target } from './targets.ts';
import { rotated } from './turns.ts';
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
  /** Its first process, where it is ours. */
  readonly serverPid: number | undefined;
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
  const { options, targets, server, serverPid, recorder, folder, hasPgbench, quiet } = run;
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
      if (!target.takesAnyServer || started === undefined || !options.parts.includes('echo')) continue;
      const starting = { what: 'starting for the echo', gives: ['echoUs', 'echoP99Us'] };
      await recorder.measure(0, target.name, starting, async () => {
        echoes.set(target.name, await target.start(echo, seats, 'echo'));
        return {};
      });
    }
    const bench: Bench = {
      folder,
      seconds: options.seconds,
      isQuick: options.isQuick,
      hasPgbench,
      canPin: versionOf('taskset') !== undefined,
      serverPid,
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
    const isAsked = options.parts.includes(step.part);
    const why = !isAsked
      ? notAskedFor
      : connectors.has(target.name) && !step.connects
      ? onlyConnects
      : step.hinders(bench, target);
    if (why !== undefined) recorder.absent(target.name, step.gives, why);
    return why === undefined;
  };
  const turnsOf = (round: number, chosen: readonly Step[]) =>
    chosen.flatMap((step) =>
      rotated(running, round).filter((target) => takesPart(step, target)).map((target) => ({ step, target }))
    );
  const short = steps.filter(({ isLong }) => !isLong);
  const inRound = (round: number) => round < longRounds(options) ? steps : short;
  const plan = Array.from({ length: count }, (_, round) => turnsOf(round, inRound(round)));
  const progress = showProgress(plan.flat().length);
  const play = async (round: number, turns: ReturnType<typeof turnsOf>, again: string) => {
    for (const { step, target } of turns) {
      progress.next(`round ${round + 1} of ${count}${again}, ${step.title}, ${target.name}`);
      const work = { what: step.title, gives: step.gives };
      await recorder.measure(round, target.name, work, () => step.run(bench, target));
    }
  };
  for (const [round, turns] of plan.entries()) {
    // So few give no verdict, and are a first look.
    const isFirstLook = count < leastRounds;
    const before = isFirstLook ? await busyShare() : await whenQuiet();
    recorder.takenByOthers[round] = before;
    await play(round, turns, '');
    if (isFirstLook) continue;
    if (Math.max(before, await busyShare()) <= tolerated) continue;
    progress.note(`round ${round + 1} ran on a busy machine, and is done once more`);
    const beforeAgain = await whenQuiet();
    recorder.takenByOthers[round] = beforeAgain;
    recorder.forget(round, short.flatMap(({ gives }) => gives));
    const again = turnsOf(round, short);
    progress.more(again.length);
    await play(round, again, ' once more');
    if (Math.max(beforeAgain, await busyShare()) <= tolerated) continue;
    recorder.note(
      `a quiet machine in round ${round + 1}: others took more than ${tolerated * 100} % of it, twice`,
    );
  }
  progress.done();
}

/** Of all processors, by others, before and after a round. */
const tolerated = 0.1;
const patienceMs = 30_000;

/** Waits until the machine is quiet, but not for ever. Resolves with what others took of it in the end. */
async function whenQuiet(): Promise<number> {
  const from = performance.now();
  let share = await busyShare();
  while (share > tolerated && performance.now() - from < patienceMs) share = await busyShare();
  return share;
}
