/** `scripts/compat`: other people's programs through the gateway. See options.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '../../../src/version.ts';
import { refreshExecutable } from '../bench/executable.ts';
import { attempt } from '../usage.ts';
import type { Outcome, Table } from './cells.ts';
import { help, type Options, readOptions } from './options.ts';
import { tableText, withTables } from './page.ts';
import { programs } from './programs/all.ts';
import { tableOf } from './run.ts';
import { Scene } from './scene.ts';
import { serverPrograms } from './server-programs.ts';

const root = join(import.meta.dirname, '../../..');
const page = join(root, 'docs/compatibility.md');

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = attempt('scripts/compat', help, () => readOptions(args));
  if (options === undefined) return 2;
  if (options === 'help') {
    console.log(help.trimEnd());
    return 0;
  }
  // Clusters and the gateway end with us, whatever ends us.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(130));
  }
  try {
    const tables = await run(options);
    for (const table of tables) console.log(`\n${tableText(table)}`);
    if (options.writes) write(tables, ['scripts/compat', ...args].join(' '));
    return tables.some(hasFault) ? 1 : 0;
  } catch (error) {
    console.error(`scripts/compat: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

async function run({ only, cells, versions, builds }: Options): Promise<Table[]> {
  const why = builds ? await refreshExecutable(root) : undefined;
  if (why !== undefined) throw new Error(why);
  const wanted = programs.filter(({ name }) => only.some((text) => name.toLowerCase().includes(text)));
  const tables: Table[] = [];
  for (const version of versions) {
    const found = await serverPrograms(Number(version));
    if ('absent' in found) {
      console.error(`PostgreSQL ${version}: ${found.absent}`);
      continue;
    }
    const scene = await Scene.start(found.bin);
    try {
      console.error(`PostgreSQL ${scene.versionText}`);
      tables.push(await tableOf(scene, wanted, cells, (line) => console.error(`  ${line}`)));
    } finally {
      await scene.close();
    }
  }
  return tables;
}

function write(tables: readonly Table[], command: string): void {
  const date = new Date().toISOString().slice(0, 10);
  const system = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ??
    process.platform;
  writeFileSync(
    page,
    withTables(readFileSync(page, 'utf8'), tables, { date, gateway: version, command, system }),
  );
}

function hasFault({ rows }: Table): boolean {
  const isFault = (outcome: Outcome): boolean => outcome.verdict === 'failed' && !outcome.alsoDirectly;
  return rows.some(({ outcomes }) => Object.values(outcomes).some(isFault));
}

// The watchdog of the clusters' folder would keep the process.
process.exit(await main(process.argv.slice(2)));
