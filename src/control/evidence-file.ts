/**
 * Recorded decisions as a file: JSON with a number of its format. What is in it is the evidence alone, as `/status` shows it;
 * credentials never come here. What is read was written by others, so all of it is checked.
 */
import type { Memory, Rules } from '../cluster/election.ts';
import { standings } from '../cluster/finding.ts';
import { formatLsn, parseLsn } from '../cluster/lsn.ts';
import { type Answer, type Failure, failureKinds, type Observation } from '../cluster/observation.ts';
import { printable } from '../protocol/printable.ts';
import { type Decided, isSameMemory, type Outcome } from './evidence.ts';

/** Grows when an older program could not read a file any more. */
export const evidenceFormat = 1;

const mostShown = 200;

export interface FileEntry {
  /** In milliseconds of the gateway's clock: see `clockMs`. */
  readonly at: number;
  /** From here on; absent: as before. */
  readonly rules?: Rules | undefined;
  /** What this election was given; absent: what the one before left. */
  readonly memory?: Memory | undefined;
  readonly observations: readonly Observation[];
  readonly outcome: Outcome;
}

export interface EvidenceFile {
  readonly program: 'pg_gateway';
  readonly format: number;
  readonly version: string;
  /** ISO 8601. */
  readonly savedAt: string;
  /** The same moment on the clock of the entries. */
  readonly clockMs: number;
  readonly isMasked: boolean;
  readonly entries: readonly FileEntry[];
}

/** Oldest first. */
export function evidenceFile(
  decisions: readonly Decided[],
  { version, clockMs, date }: { readonly version: string; readonly clockMs: number; readonly date: Date },
): EvidenceFile {
  const entries = decisions.map(({ at, rules, before, observations, outcome }, index): FileEntry => {
    const last = decisions[index - 1];
    return {
      at,
      rules: rules === last?.rules ? undefined : rules,
      memory: last !== undefined && isSameMemory(before, last.after) ? undefined : before,
      observations,
      outcome,
    };
  });
  const head = { program: 'pg_gateway', format: evidenceFormat, version } as const;
  return { ...head, savedAt: date.toISOString(), clockMs, isMasked: false, entries };
}

/** One entry a line. */
export function writeEvidence({ entries, ...head }: EvidenceFile): string {
  const lines = entries.map((entry) => JSON.stringify(entry, lsnToText)).join(',\n');
  return `${JSON.stringify(head, lsnToText).slice(0, -1)},"entries":[\n${lines}\n]}\n`;
}

/** Throws an Error whose message reads after the name of the file: "is no JSON". */
export function readEvidence(text: string): EvidenceFile {
  const file = parsed(text);
  if (!isRecord(file) || file['program'] !== 'pg_gateway' || typeof file['format'] !== 'number') {
    throw new Error('is no evidence of a pg_gateway: save one with pg_gateway evidence --out FILE');
  }
  if (file['format'] > evidenceFormat) {
    throw new Error(
      `has format ${
        file['format']
      }, and this pg_gateway reads up to ${evidenceFormat}: replay it with the one that saved it, ` +
        `${shown(file['version'])}, or a newer one`,
    );
  }
  const { savedAt, clockMs, version, isMasked, entries } = file;
  const isHead = typeof savedAt === 'string' && isTime(Date.parse(savedAt)) &&
    isTime(clockMs) && typeof version === 'string' && typeof isMasked === 'boolean';
  if (!isHead || !Array.isArray(entries)) throw new Error('is broken: its head is not whole; save it again');
  const wrong = entries.findIndex((entry, index) => !isEntry(entry, index === 0));
  if (wrong >= 0) {
    throw new Error(`is broken: entry ${wrong + 1} of ${entries.length} is not whole; save it again`);
  }
  return file as unknown as EvidenceFile;
}

function parsed(text: string): unknown {
  let isCountable = true;
  const read = (_: string, value: unknown) => {
    // 1e999 is JSON, and becomes Infinity, which cannot be written again.
    isCountable &&= typeof value !== 'number' || Number.isFinite(value);
    return textToLsn(value);
  };
  let file: unknown;
  try {
    file = JSON.parse(text, read);
  } catch (error) {
    throw new Error(`is no JSON, perhaps cut off: save it again (${shown((error as Error).message)})`);
  }
  if (!isCountable) throw new Error('is broken: a number in it is out of range; save it again');
  return file;
}

/** What others have written, in a message of ours. */
function shown(value: unknown): string {
  return typeof value === 'string' ? printable(value, mostShown) : 'of which it tells no version';
}

/** All whole numbers without bounds are positions in the write-ahead log. */
function lsnToText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? formatLsn(value) : value;
}

function textToLsn(value: unknown): unknown {
  return typeof value === 'string' && /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/.test(value) ? parseLsn(value) : value;
}

type Rec = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Rec {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function has(of: unknown, types: Readonly<Record<string, string>>): of is Rec {
  return isRecord(of) && Object.entries(types).every(([name, type]) => typeof of[name] === type);
}

/** In milliseconds, within some thousand years: all that a date can hold. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) < 1e14;
}

function isEntry(entry: unknown, isFirst: boolean): boolean {
  if (!isRecord(entry) || !isTime(entry['at']) || !Array.isArray(entry['observations'])) return false;
  const { rules, memory, observations, outcome } = entry;
  return (rules === undefined ? !isFirst : isRules(rules)) &&
    (memory === undefined ? !isFirst : has(memory, { timeline: 'number' })) &&
    observations.every(isObservation) && isOutcome(outcome, observations.length);
}

function isRules(rules: unknown): boolean {
  return has(rules, { failAfter: 'number', maxAgeMs: 'number', splitBrain: 'string' });
}

function isObservation(of: unknown): boolean {
  if (!has(of, { failures: 'number' })) return false;
  const { candidate, answer, failure } = of;
  return has(candidate, { name: 'string', host: 'string', port: 'number' }) &&
    (answer === undefined || isAnswer(answer)) && (failure === undefined || isFailure(failure));
}

function isAnswer(answer: unknown): answer is Answer {
  return has(answer, {
    ...{ at: 'number', host: 'string', port: 'number', system: 'string', timeline: 'number' },
    ...{
      startedAt: 'string',
      inRecovery: 'boolean',
      readOnly: 'boolean',
      lsn: 'bigint',
      replayedLsn: 'bigint',
    },
  }) && (answer['upstream'] === undefined || has(answer['upstream'], { host: 'string', port: 'number' }));
}

function isFailure(failure: unknown): failure is Failure {
  return has(failure, { at: 'number', message: 'string' }) &&
    failureKinds.some((kind) => kind === failure['kind']);
}

function isOutcome(outcome: unknown, length: number): boolean {
  if (!has(outcome, { rule: 'string', splitBrain: 'boolean', reason: 'string' })) return false;
  const { standings: of, primary } = outcome;
  return Array.isArray(of) && of.length === length && of.every((one) => standings.includes(one)) &&
    (primary === undefined || typeof primary === 'string');
}
