/** `scripts/bench`: the gateway beside what one would use instead, in interleaved rounds. See options.ts. */
import { join } from 'node:path';
import { runLongScript, writeResult } from '../long-script.ts';
import { temporaryFolder } from './folder.ts';
import { help, type Options, readOptions } from './options.ts';
import { pageOf } from './page.ts';
import { resultsOf } from './results.ts';
import { measure } from './session.ts';
import { tableOf } from './table.ts';

async function run(options: Options): Promise<boolean> {
  const results = resultsOf(await measure(options, temporaryFolder('bench')));
  console.log(tableOf(results));
  writeResult(join(options.out, 'results.json'), JSON.stringify(results, undefined, 1));
  writeResult(join(options.out, 'index.html'), pageOf(results));
  return true;
}

await runLongScript({
  name: 'scripts/bench',
  help,
  read: readOptions,
  needsLinux: "it reads /proc and uses Linux's own calls",
  run,
});
