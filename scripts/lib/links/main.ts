/** `scripts/links`: gigabytes of COPY over bad links, every byte accounted for. See options.ts. */
import { needExecutable } from '../bench/executable.ts';
import { describeMachine, load } from '../bench/machine.ts';
import { runLongScript, writeResult } from '../long-script.ts';
import { help, type Options, readOptions } from './options.ts';
import { run as copy } from './run.ts';
import { isGood, tableOf } from './table.ts';

async function run(options: Options, args: readonly string[]): Promise<boolean> {
  await needExecutable();
  const loadBefore = load();
  const result = await copy(options, (line) => console.error(`links: ${line}`));
  const { cores, cpu, kernel, loadAfter } = describeMachine(loadBefore);
  const text = tableOf({
    ...result,
    command: ['scripts/links', ...args].join(' '),
    machine: `${cores} cores, ${cpu}, Linux ${kernel}; load ${loadBefore} before, ${loadAfter} after`,
  });
  console.log(text);
  writeResult(options.out, text);
  return isGood(result.legs);
}

await runLongScript({ name: 'scripts/links', help, read: readOptions, needsLinux: 'it reads /proc', run });
