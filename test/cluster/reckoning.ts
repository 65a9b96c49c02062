/** What an election must come to, reckoned a second time from the evidence alone, for tests that compare. */
import type { Memory, Rules, Verdict } from '../../src/cluster/election.ts';
import type { Answer, Observation } from '../../src/cluster/observation.ts';
import type { Dice, Moment } from './history.ts';
import { ours, theirs } from './scene.ts';

export interface Scene extends Moment {
  readonly rules: Rules;
  readonly before: Memory;
  readonly verdict: Verdict;
  readonly dice: Dice;
}

/** The newest timeline in the last answers of `system`, of whatever age. */
export function newestShown(observations: readonly Observation[], system: string | undefined): number {
  return Math.max(...observations.map(({ answer }) => answer?.system === system ? answer?.timeline ?? 0 : 0));
}

/** Whose last answer nothing speaks against but a fault of this machine, and who gave it not long ago. */
function answering({ observations, now, rules }: Scene): Answer[] {
  return observations.flatMap((observation) => {
    const { answer, rejectedAt } = observation;
    const stands = answer !== undefined && doubts(observation) === 0 && rejectedAt === undefined;
    return stands && now - answer.at <= rules.maxAgeMs ? [answer] : [];
  });
}

/** Failed probes that speak against the last answer. */
export function doubts({ failures, harmless }: Observation): number {
  return failures - (harmless ?? 0);
}

/** The server that all others stream from, every candidate answering and none on a newer timeline than it. */
export function followedByAll(scene: Scene): string | undefined {
  const { observations, before, rules } = scene;
  const answers = answering(scene);
  const system = rules.system ?? before.system;
  const [leader, ...twins] = answers.filter(({ inRecovery }) => !inRecovery);
  const standbys = answers.filter(({ inRecovery }) => inRecovery);
  if (leader === undefined || standbys.length === 0 || answers.length < observations.length) return undefined;
  if (twins.some(({ startedAt }) => startedAt !== leader.startedAt)) return undefined;
  const server = `${leader.timeline} ${leader.startedAt}`;
  const hosts = observations.filter(({ answer }) =>
    answer?.startedAt === leader.startedAt && !answer.inRecovery
  ).map(({ candidate }) => candidate.host);
  const isCalm = answers.every((answer) =>
    answer.system === system && answer.timeline! <= leader.timeline! &&
    (answer.inRecovery || !answer.readOnly)
  ) && twins.every(({ timeline }) => timeline === leader.timeline);
  return isCalm && standbys.every(({ upstream }) => hosts.includes(upstream?.host ?? ''))
    ? server
    : undefined;
}

/** The other system that all belong to that answer, the last primary and half of all among them, and the rest gone. */
export function systemOfAll(scene: Scene): string | undefined {
  const { observations, before, rules } = scene;
  const answers = answering(scene);
  const systems = [...new Set(answers.map(({ system }) => system))];
  const incumbent = observations.find(({ candidate }) => candidate.name === before.incumbent)?.answer;
  const isCalm = observations.every(({ answer, failure }) =>
    (answer !== undefined && answers.includes(answer)) ||
    /^(silent|refused|unreachable)$/.test(failure?.kind ?? '')
  );
  const isAgreed = rules.system === undefined && systems.length === 1 && systems[0] !== before.system &&
    incumbent !== undefined && answers.includes(incumbent) && answers.length >= observations.length / 2;
  return isCalm && isAgreed ? systems[0] : undefined;
}

/** The server for which each standby has cast its latest ballot. */
export function ballotsOf(scene: Scene): string[] {
  const { observations, before, rules, verdict } = scene;
  const system = verdict.primary?.answer.system ?? rules.system ?? before.system ??
    systemOfMost(answering(scene));
  const ours = answering(scene).filter((answer) => answer.system === system);
  const newest = newestShown(observations, system);
  const rivals = ours.filter(({ inRecovery, readOnly, timeline }) =>
    !inRecovery && !readOnly && timeline === newest &&
    (timeline >= before.timeline || system !== before.system)
  );
  const latest = new Map<string, { at: number; ballot: string }>();
  for (const { inRecovery, upstream, startedAt, at } of ours) {
    const followed = observations.find(({ candidate }) => candidate.host === upstream?.host)?.answer;
    if (!inRecovery || followed === undefined || !rivals.includes(followed)) continue;
    if (at > (latest.get(startedAt)?.at ?? -1)) latest.set(startedAt, { at, ballot: followed.startedAt });
  }
  return [...latest.values()].map(({ ballot }) => ballot);
}

const systemOfMost = (answers: readonly Answer[]): string =>
  2 * answers.filter(({ system }) => system === ours).length > answers.length ? ours : theirs;
