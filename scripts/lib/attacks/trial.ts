/** One attack on one target: slices without and with it in turn, and what is left of it in the end. */
import { setTimeout as pause } from 'node:timers/promises';
import { cpuMs } from '../bench/proc.ts';
import type { Attack } from './attack.ts';
import { type Attempts, startAttacker } from './attacker.ts';
import { type Footprint, footprintOf } from './footprint.ts';
import { startGood } from './good.ts';
import type { Network } from './network.ts';
import type { Sight } from './seen.ts';
import type { Target } from './targets.ts';

export interface Lengths {
  readonly rounds: number;
  readonly seconds: number;
  /** Without a slice without the attack: nothing to compare with, and a test needs none. */
  readonly isShort: boolean;
  /** Steps a second instead of those of the attack. */
  readonly perSecond: number | undefined;
}

/** The good clients that go through the target, and those that go past it, to the server itself. */
export type Way = 'through' | 'direct';
type Slice = Readonly<Record<Way, Sight>>;

export interface Trial {
  readonly attack: string;
  readonly target: string;
  readonly perSecond: number;
  readonly attempts: Attempts;
  /** In the order of the rounds. */
  readonly without: readonly Slice[];
  readonly beside: readonly Slice[];
  /** From the end of each attack until the target had no more descriptors than before; null: not within the deadline. */
  readonly recoveredMs: readonly (number | null)[];
  readonly before: Footprint;
  readonly after: Footprint;
  /** Of the resident memory of one that nobody attacks, in the same time; a share, 0 where there is none. */
  readonly twinGrowth: number;
  /** Resident in the end, without being growth. */
  readonly mostBytes: number;
  /** Logged from the first measured attack to the end. */
  readonly lines: number;
  /** Of one processor, while the attack went on. */
  readonly load: Readonly<Record<'target' | 'attackers', number>>;
}

/** Rejected with where the target has ended: what it said last is in the message. */
export class TargetEnded extends Error {}

/** What is compiled, filled and allocated at the first time. */
const rampMs = 1_000;
/** Unchanged for so long counts as at rest. */
const restMs = 1_000;
/** No timeout is longer. */
const lastingMs = 15_000;
/** What an attack leaves is gone after STARTUP_TIMEOUT_MS, or IDLE_TIMEOUT_MS and the round after it. */
const recoveryMs = 40_000;
/** A runtime gives memory back when it comes to it. */
const memoryMs = 15_000;
/** How much more than before, and than one that nobody attacks has got more meanwhile, is growth. */
const memoryBound = 0.01;
/** In a short trial: half a second of warm-up does not compile and fill all that an attack needs. */
const shortMemoryBound = 0.1;
const shortMemoryBytes = 8 * 2 ** 20;

/** Rejects with TargetEnded, or where the good clients or the attackers could not do their work. */
export async function tryAttack(
  attack: Attack,
  target: Target,
  serverPort: number,
  network: Network,
  lengths: Lengths,
): Promise<Trial> {
  const where = target.surface(attack.surface);
  if (where === undefined) throw new Error(`${target.label} has no ${attack.surface}`);
  const perSecond = lengths.perSecond ?? attack.perSecond;
  const attacker = await startAttacker(attack, where, perSecond);
  const good = await startGood({
    through: { host: target.host, port: target.port, localAddress: network.goodClients },
    direct: { host: '127.0.0.1', port: serverPort },
  }).catch(async (error) => {
    await attacker.end();
    throw error;
  });
  const { isShort } = lengths;
  const sliceMs = lengths.seconds * 1000;
  const look = (): Footprint => {
    if (target.hasEnded()) {
      throw new TargetEnded(`${attack.name} has ended ${target.label}: ${target.said()}`);
    }
    return footprintOf(target.pid);
  };
  const begin = (): void => {
    if (attack.vanishes) network.silence(true);
    attacker.begin();
  };
  const end = async (): Promise<Attempts> => {
    const attempts = await attacker.stop();
    if (attack.vanishes) network.silence(false);
    return attempts;
  };
  const slice = async (): Promise<Slice> => {
    good.begin();
    await pause(sliceMs);
    return await good.stop() as Slice;
  };
  try {
    const start = look();
    begin();
    await pause(isShort ? sliceMs / 2 : rampMs + sliceMs);
    await end();
    const before = await atRest(look, start.descriptors, isShort);
    const twinBytes = (): number => target.twin === undefined ? 1 : footprintOf(target.twin).residentBytes;
    const twinBefore = twinBytes();
    const twinGrowth = (): number => twinBytes() / twinBefore - 1;
    const logged = target.lines();
    const [without, beside, recoveredMs]: [Slice[], Slice[], (number | null)[]] = [[], [], []];
    const attempts = { opened: 0, failed: 0 };
    const load = { target: 0, attackers: 0 };
    for (let round = 0; round < lengths.rounds; round++) {
      if (!isShort) without.push(await slice());
      begin();
      await pause(isShort ? 0 : rampMs);
      const [from, cpu] = [performance.now(), [cpuMs(target.pid), cpuMs(attacker.pid)] as const];
      beside.push(await slice());
      look();
      const tookMs = (performance.now() - from) * lengths.rounds;
      load.target += (cpuMs(target.pid) - cpu[0]) / tookMs;
      load.attackers += (cpuMs(attacker.pid) - cpu[1]) / tookMs;
      const { opened, failed } = await end();
      attempts.opened += opened;
      attempts.failed += failed;
      recoveredMs.push(await until(() => look().descriptors <= before.descriptors, recoveryMs));
    }
    const mostBytes = (): number =>
      isShort
        ? before.residentBytes * (1 + shortMemoryBound) + shortMemoryBytes
        : before.residentBytes * (1 + memoryBound + Math.max(0, twinGrowth()));
    await until(() => {
      const { descriptors, residentBytes } = look();
      return descriptors <= before.descriptors && residentBytes <= mostBytes();
    }, memoryMs);
    const after = look();
    const lines = target.lines() - logged;
    return {
      attack: attack.name,
      target: target.label,
      perSecond,
      ...{ attempts, without, beside, recoveredMs, before, after, lines, load },
      mostBytes: mostBytes(),
      twinGrowth: twinGrowth(),
    };
  } finally {
    if (attack.vanishes) network.silence(false);
    await attacker.end();
    await good.end();
  }
}

/** When as few descriptors are open as at the start, or what is more than that is there to stay. */
async function atRest(look: () => Footprint, descriptors: number, isShort: boolean): Promise<Footprint> {
  let last = look();
  let since = performance.now();
  await until(() => {
    const now = look();
    if (now.descriptors !== last.descriptors) since = performance.now();
    last = now;
    // Some are made once, and kept; others are closed by a timeout.
    const leastMs = (now.descriptors <= descriptors ? restMs : lastingMs) / (isShort ? 5 : 1);
    return performance.now() - since >= leastMs;
  }, recoveryMs);
  return look();
}

/** Null: it was not so within the deadline. */
async function until(condition: () => boolean, deadlineMs: number): Promise<number | null> {
  const from = performance.now();
  while (!condition()) {
    if (performance.now() - from > deadlineMs) return null;
    await pause(10);
  }
  return performance.now() - from;
}
