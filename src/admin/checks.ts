/**
 * What load balancers ask: may clients be sent to the ports of this gateway, or to a candidate directly? The names are those
 * of Patroni's REST API; docs/checks.md says where the answers differ.
 */
import { parseCandidates } from '../cluster/candidate.ts';
import { countsUntil } from '../cluster/finding.ts';
import type { Observation } from '../cluster/observation.ts';
import type { RotationEntry } from '../cluster/rotation.ts';
import { printable } from '../protocol/printable.ts';
import { type Page, page } from './http.ts';
import type { Pages } from './metrics-port.ts';
import type { Snapshot } from './snapshot.ts';

/** A yes or a no, with a sentence for the person who asks by hand. */
interface Check {
  readonly isGood: boolean;
  readonly why: string;
}

/** Bytes in each unit, which are written as PostgreSQL writes them. */
const units: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};

const textLength = 500;

export function checksOf(snapshot: () => Snapshot): Pages {
  const ofPort = (check: (of: Snapshot, lag: number) => Check) => withLag((lag) => check(snapshot(), lag));
  const ofCandidate =
    (check: (of: Snapshot, observation: Observation, lag: number) => Check): Pages[string] =>
    (question, name) => {
      const of = snapshot();
      const observation = observationOf(of, name);
      if (observation === undefined) return noCandidate(of, name);
      return withLag((lag) => check(of, observation, lag))(question, name);
    };
  return {
    '/primary': ofPort(primary),
    '/replica': ofPort(replica),
    '/read-only': ofPort(readOnly),
    '/candidates/NAME/primary': ofCandidate(isPrimary),
    '/candidates/NAME/replica': ofCandidate(isReplica),
    '/candidates/NAME/health': ofCandidate(isHealthy),
  };
}

function withLag(check: (lag: number) => Check): Pages[string] {
  return ({ query }) => {
    const text = query.get('lag');
    const lag = text === null ? Infinity : bytesOf(text);
    if (lag === undefined) {
      return page(`lag=${printable(text ?? '', 20)} is no size: write bytes, or 1024kB, 16MB, 1GB.\n`, 400);
    }
    return shown(check(lag));
  };
}

function shown({ isGood, why }: Check): Page {
  return page(`${printable(why, textLength)}\n`, isGood ? 200 : 503);
}

/** Undefined: it is no size. */
function bytesOf(text: string): number | undefined {
  const [, number, unit = 'B'] = /^([0-9]{1,15}(?:\.[0-9]{1,9})?) ?(B|kB|MB|GB|TB)?$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * units[unit]!;
}

function primary(of: Snapshot): Check {
  const { verdict, route, isDraining } = of;
  if (isDraining) return { isGood: false, why: 'the gateway is draining' };
  const name = verdict?.primary?.candidate.name;
  if (route.primary === undefined || name === undefined) return { isGood: false, why: route.reason };
  if (!isKnown(of, name)) return { isGood: false, why: unheard(name) };
  return { isGood: true, why: route.reason };
}

function replica(of: Snapshot, lag: number): Check {
  if (of.isDraining) return { isGood: false, why: 'the gateway is draining' };
  const usable = of.rotation.filter((entry) => isUsable(of, entry, lag)).map(({ candidate }) =>
    candidate.name
  );
  return usable.length > 0
    ? { isGood: true, why: `usable: ${usable.join(', ')}` }
    : { isGood: false, why: `no usable standby${within(lag)}` };
}

function readOnly(of: Snapshot, lag: number): Check {
  const first = replica(of, lag);
  return first.isGood ? first : primary(of);
}

/** Another name of the primary is the primary, too: a load balancer may know the server by that one alone. */
function isPrimary(of: Snapshot, { candidate: { name } }: Observation): Check {
  const { verdict, route } = of;
  const finding = verdict?.findings.find(({ candidate }) => candidate.name === name);
  const why = `${name} ${finding?.note ?? 'has not been judged yet'}`;
  const winner = verdict?.primary?.candidate.name;
  const isIt = route.primary !== undefined && (name === winner || finding?.standing === 'alias');
  if (!isIt) return { isGood: false, why };
  return isKnown(of, name) ? { isGood: true, why } : { isGood: false, why: unheard(name) };
}

/** Likewise: of the names of one standby only one is in the rotation. */
function isReplica(of: Snapshot, { candidate: { name } }: Observation, lag: number): Check {
  const entry = of.rotation.find(({ candidate }) => candidate.name === name);
  const isIt = entry?.standing === 'standby' && isKnown(of, name) &&
    of.rotation.some((other) =>
      isUsable(of, other, lag) && other.answer?.startedAt === entry.answer?.startedAt
    );
  if (isIt) return { isGood: true, why: `${name} is in the rotation` };
  return { isGood: false, why: `${name} ${entry?.out ?? `is not usable${within(lag)}`}` };
}

function isHealthy(of: Snapshot, { candidate: { name }, failure, failures, answer }: Observation): Check {
  if (answer === undefined || failures > 0) {
    return { isGood: false, why: `${name}: ${failure?.message ?? 'has not answered yet'}` };
  }
  return isKnown(of, name) ? { isGood: true, why: `${name} answers` } : { isGood: false, why: unheard(name) };
}

function isUsable(of: Snapshot, { candidate, weight, lag }: RotationEntry, most: number): boolean {
  return weight > 0 && (lag?.bytes ?? 0) <= most && isKnown(of, candidate.name);
}

/** The data planes send no client to a server whose answer is older; after a stop of the gateway all may be. */
function isKnown({ observations, rules, now }: Snapshot, name: string): boolean {
  const observation = observations.find(({ candidate }) => candidate.name === name);
  return observation !== undefined && now <= countsUntil(observation, rules.maxAgeMs);
}

function unheard(name: string): string {
  return `${name} has not been heard of for too long`;
}

function within(lag: number): string {
  return lag === Infinity ? '' : ` within ${lag} bytes`;
}

/** By its name, or as it may be written in CANDIDATES: without the port. */
function observationOf({ observations }: Snapshot, name: string): Observation | undefined {
  const list = parseCandidates(name);
  const [entry] = 'candidates' in list ? list.candidates : [];
  return observations.find(({ candidate }) => candidate.name === name || candidate.name === entry?.name);
}

function noCandidate({ observations }: Snapshot, name: string): Page {
  const names = observations.map(({ candidate }) => candidate.name).join(', ');
  return page(`There is no candidate ${printable(name, textLength)}; there is ${names}.\n`, 404);
}
