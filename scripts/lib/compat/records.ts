/** What came of all runs, the newest of each program and server: docs/compatibility.jsonl, a line for each. Pure. */
import type { Row } from './cells.ts';
import type { SuiteRow } from './suites/run-suites.ts';

/** When and with what something was tried. */
export interface Provenance {
  /** As in 2026-01-31. */
  readonly date: string;
  readonly gateway: string;
  readonly system: string;
}

export interface ProgramRecord extends Provenance, Row {
  /** The version of PostgreSQL, all of it. */
  readonly server: string;
}

export interface SuiteRecord extends Provenance, SuiteRow {}

export type Entry = ProgramRecord | SuiteRecord;

export const isSuite = (record: Entry): record is SuiteRecord => 'suite' in record;

export const isProgram = (record: Entry): record is ProgramRecord => !isSuite(record);

export const major = ({ server }: Entry): number => Number.parseInt(server);

/** Those of `newer` in the place of what `older` has of the same; cells that `newer` did not run stay, with their date. */
export function merged(older: readonly Entry[], newer: readonly Entry[]): Entry[] {
  const all = new Map(older.map((record) => [keyOf(record), record]));
  for (const record of newer) all.set(keyOf(record), together(all.get(keyOf(record)), record));
  return [...all.values()];
}

function keyOf(record: Entry): string {
  const what = isSuite(record) ? [record.suite, record.way] : [record.program];
  return [major(record), ...what].join(' ');
}

function together(older: Entry | undefined, newer: Entry): Entry {
  if (older === undefined || isSuite(older) || isSuite(newer)) return newer;
  if (older.version !== newer.version || older.gateway !== newer.gateway) return newer;
  const isKept = Object.keys(older.outcomes).some((cell) => !(cell in newer.outcomes));
  return isKept ? { ...newer, date: older.date, outcomes: { ...older.outcomes, ...newer.outcomes } } : newer;
}

export function readRecords(text: string): Entry[] {
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Entry);
}

export function recordsText(records: readonly Entry[]): string {
  return records.map((record) => JSON.stringify(record) + '\n').join('');
}
