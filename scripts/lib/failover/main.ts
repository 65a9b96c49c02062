/** `scripts/failover`: promotions in a row, the cost of probing, and lines in logs. See options.ts. */
import { readFileSync } from 'node:fs';
import { needExecutable } from '../bench/executable.ts';
import { runLongScript, writeResult } from '../long-script.ts';
import { measure } from './measure.ts';
import { help, type Options, parts, readOptions, runtimesOf } from './options.ts';
import { setUpNetwork } from './packets.ts';
import { type Facts, reportOf, together } from './report.ts';
import { tableOf } from './table.ts';

async function run(options: Options): Promise<boolean> {
  const facts = options.from ? together(options.from.map(factsIn)) : await measured(options);
  const report = reportOf(facts);
  console.log(tableOf(report));
  writeResult(options.out, JSON.stringify(report, undefined, 1));
  return true;
}

function factsIn(file: string): Facts {
  return JSON.parse(readFileSync(file, 'utf8'));
}

async function measured(options: Options): Promise<Facts> {
  // First of all: without it there is not even a loopback, on which what was built is tried.
  if (options.isOwnNetwork) setUpNetwork();
  const needsIt = parts.some((part) =>
    options.parts.includes(part) && runtimesOf(part, options).includes('executable')
  );
  if (needsIt) await needExecutable();
  return await measure(options, (line) => console.error(line));
}

await runLongScript({ name: 'scripts/failover', help, read: readOptions, needsLinux: 'it reads /proc', run });
