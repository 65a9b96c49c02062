/** The shares of standbys in new sessions, as the operator gives them: `db2:5432=3,db3=0`. */
import { type Entry, parseCandidates } from './candidate.ts';

/** By the names of candidates. A standby that is not named has weight 1. */
export type Weights = Readonly<Record<string, number>>;

const most = 1000;

/** One address of a name that has several, `host[address]:port`, as logs and metrics call it. */
const behind = /^([A-Za-z0-9._-]+)\[[0-9a-fA-F.:]+\](:[0-9]+)?$/;

/** Reads them. Throws an Error whose message reads after the name and value of the setting. */
export function parseWeights(text: string): Weights {
  const weights: Record<string, number> = {};
  for (const part of text.split(',').map((part) => part.trim()).filter((part) => part !== '')) {
    const equals = part.lastIndexOf('=');
    const weight = part.slice(equals + 1).trim();
    const name = nameOf(part.slice(0, Math.max(0, equals)).trim());
    if (name === undefined || !/^[0-9]{1,4}$/.test(weight) || Number(weight) > most) {
      throw new Error(`is not a list of host:port=weight with weights from 0 to ${most}: see "${part}"`);
    }
    if (Object.hasOwn(weights, name)) throw new Error(`names ${name} twice`);
    weights[name] = Number(weight);
  }
  return weights;
}

/** The candidate's own weight, or that of the `host:port` behind which it is one of several servers. */
export function weightOf(weights: Weights, name: string, host: string): number {
  return weights[name] ?? weights[host] ?? 1;
}

/** A name that no entry can bring, which is a mistake; services may bring any. */
export function strayWeight(weights: Weights, entries: readonly Entry[]): string | undefined {
  if (entries.some(({ kind }) => kind === 'service')) return undefined;
  return Object.keys(weights).find((name) =>
    !entries.some((entry) => entry.name === name || entry.name === name.replace(/\[.*\]/, ''))
  );
}

function nameOf(text: string): string | undefined {
  const several = behind.exec(text);
  if (several) return several[2] ? text : `${text}:5432`;
  const list = parseCandidates(text);
  const [entry] = 'candidates' in list ? list.candidates : [];
  return entry?.kind === 'server' ? entry.name : undefined;
}
