/** `scripts/ha`: what clients see while a cluster manager does its work. See has/options.ts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { help, readOptions } from './options.ts';
import { attempt } from '../usage.ts';
import { isClean, type Report } from './report.ts';
import { tableOf } from './table.ts';

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = attempt('scripts/ha', help, () => readOptions(args));
  if (options === undefined) return 2;
  if (options === 'help') {
    console.log(help.trimEnd());
    return 0;
  }
  // Clusters and the gateway end with us, whatever ends us.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(130));
  }
  // test/bed/gateway.ts reads it once, when it is loaded.
  process.env['GATEWAY_RUNTIME'] = options.runtime;
  const { campaign } = await import('./campaign.ts');
  const report = await campaign(options, (line) => console.error(line), (part) => save(part, options.out));
  console.log(tableOf(report));
  save(report, options.out);
  if (options.out !== undefined) console.log(`written: ${options.out}`);
  return isClean(report) ? 0 : 1;
}

function save(report: Report, file: string | undefined): void {
  if (file === undefined) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, undefined, 1)}\n`);
}

// The watchdog of the clusters' folder would keep the process.
process.exit(await main(process.argv.slice(2)));
