/** `scripts/compat`: other people's programs through the gateway. See options.ts. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '../../../src/version.ts';
import { needExecutable } from '../bench/executable.ts';
import { runLongScript } from '../long-script.ts';
import type { Outcome } from './cells.ts';
import { help, type Options, readOptions } from './options.ts';
import { tables, withTables } from './page.ts';
import { programs } from './programs/all.ts';
import { type Entry, isSuite, merged, type Provenance, readRecords, recordsText } from './records.ts';
import { rowsOf } from './run.ts';
import { Scene } from './scene.ts';
import { serverPrograms } from './server-programs.ts';
import { runSuites } from './suites/run-suites.ts';

const root = join(import.meta.dirname, '../../..');
const page = join(root, 'docs/compatibility.md');
const kept = join(root, 'docs/compatibility.jsonl');

async function run(options: Options): Promise<boolean> {
  const entries = await entriesOf(options);
  console.log(`\n${tables(entries)}`);
  return !entries.some(hasFault);
}

async function entriesOf(options: Options): Promise<Entry[]> {
  if (options.builds) await needExecutable();
  const entries: Entry[] = [];
  // After each server, so that a long run which is broken off has been for something.
  const keep = (newer: readonly Entry[]): void => {
    entries.push(...newer);
    if (options.writes) write(newer);
  };
  if (options.suites.length > 0) await runTheSuites(options, keep);
  else await runPrograms(options, keep);
  return entries;
}

async function runTheSuites(
  { suites, ways }: Options,
  keep: (newer: readonly Entry[]) => void,
): Promise<void> {
  const rows = await runSuites(suites, ways, (line) => console.error(`  ${line}`));
  keep(rows.map((row) => ({ ...provenance(), ...row })));
}

async function runPrograms(
  { only, cells, versions }: Options,
  keep: (newer: readonly Entry[]) => void,
): Promise<void> {
  const wanted = programs.filter(({ name }) => only.some((text) => name.toLowerCase().includes(text)));
  for (const version of versions) {
    const found = await serverPrograms(Number(version));
    if ('absent' in found) {
      console.error(`PostgreSQL ${version}: ${found.absent}`);
      continue;
    }
    const scene = await Scene.start(found.bin);
    try {
      const server = scene.versionText;
      console.error(`PostgreSQL ${server}`);
      const rows = await rowsOf(scene, wanted, cells, (line) => console.error(`  ${line}`));
      keep(rows.map((row) => ({ ...provenance(), server, ...row })));
    } finally {
      await scene.close();
    }
  }
}

function provenance(): Provenance {
  const system = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  return {
    date: new Date().toISOString().slice(0, 10),
    gateway: version,
    system: system ?? process.platform,
  };
}

function write(newer: readonly Entry[]): void {
  const older = existsSync(kept) ? readRecords(readFileSync(kept, 'utf8')) : [];
  const all = merged(older, newer);
  writeFileSync(kept, recordsText(all));
  writeFileSync(page, withTables(readFileSync(page, 'utf8'), all));
}

function hasFault(entry: Entry): boolean {
  if (isSuite(entry)) return entry.different.length > 0;
  const isFault = (outcome: Outcome): boolean => outcome.verdict === 'failed' && !outcome.alsoDirectly;
  return Object.values(entry.outcomes).some(isFault);
}

await runLongScript({ name: 'scripts/compat', help, read: readOptions, run });
