/** `scripts/failover`: promotions in a row, the cost of probing, and lines in logs. See options.ts. */
import { needExecutable } from '../bench/executable.ts';
import { runLongScript, writeResult } from '../long-script.ts';
import { measure } from './measure.ts';
import { help, type Options, parts, readOptions, runtimesOf } from './options.ts';
import { reportOf } from './report.ts';
import { tableOf } from './table.ts';

async function run(options: Options): Promise<boolean> {
  const needsIt = parts.some((part) =>
    options.parts.includes(part) && runtimesOf(part, options).includes('executable')
  );
  if (needsIt) await needExecutable();
  const report = reportOf(await measure(options, (line) => console.error(line)));
  console.log(tableOf(report));
  writeResult(options.out, JSON.stringify(report, undefined, 1));
  return true;
}

await runLongScript({ name: 'scripts/failover', help, read: readOptions, needsLinux: 'it reads /proc', run });
