/** `scripts/ha`: what clients see while a cluster manager does its work. See options.ts. */
import { runLongScript, writeResult } from '../long-script.ts';
import { help, type Options, readOptions } from './options.ts';
import { isClean, type Report } from './report.ts';
import { tableOf } from './table.ts';

async function run(options: Options): Promise<boolean> {
  // test/bed/gateway.ts reads it once, when it is loaded.
  process.env['GATEWAY_RUNTIME'] = options.runtime;
  const { campaign } = await import('./campaign.ts');
  const save = (part: Report) => writeResult(options.out, JSON.stringify(part, undefined, 1));
  const report = await campaign(options, (line) => console.error(line), save);
  console.log(tableOf(report));
  save(report);
  return isClean(report);
}

await runLongScript({ name: 'scripts/ha', help, read: readOptions, run });
