/** `scripts/hostile`: see options.ts. */
import { describeMachine, load } from '../bench/machine.ts';
import { runLongScript, writeResult } from '../long-script.ts';
import { gigabytes, watched } from './measure.ts';
import { help, type Options, readOptions } from './options.ts';
import { tableOf } from './table.ts';

async function run(options: Options): Promise<boolean> {
  const loadBefore = load();
  const runtime = options.runtime === 'executable' ? 'binary' : options.runtime;
  const settings = { ...options, runtime } as const;
  console.error('without hostile candidates');
  const alone = await watched(false, settings);
  console.error('with them');
  const beside = await watched(true, settings);
  console.error('gigabytes');
  const sent = await gigabytes(runtime);
  const { cores, cpu, kernel, loadAfter } = describeMachine(loadBefore);
  const machine =
    `${options.runtime}; ${cores} cores, ${cpu}, Linux ${kernel}; load ${loadBefore} before, ${loadAfter} after.`;
  const table = tableOf(alone, beside, sent, machine);
  console.log(table);
  writeResult(options.out, table);
  return true;
}

await runLongScript({ name: 'scripts/hostile', help, read: readOptions, needsLinux: 'it reads /proc', run });
