/** `scripts/scale`: many sessions, and more than one worker. See options.ts. */
import { installMissing } from '../bench/debian.ts';
import { needExecutable } from '../bench/executable.ts';
import { temporaryFolder } from '../bench/folder.ts';
import { runLongScript, writeResult } from '../long-script.ts';
import { measure } from './measure.ts';
import { help, type Options, readOptions } from './options.ts';
import { markdownOf } from './table.ts';

async function run(options: Options): Promise<boolean> {
  await needExecutable();
  const [missing] = installMissing(options.hasHaproxy ? ['pgbench', 'haproxy'] : ['pgbench'], true);
  if (missing !== undefined) throw new Error(missing);
  const facts = await measure(options, temporaryFolder('scale'), (line) => console.error(line));
  const markdown = markdownOf(facts);
  console.log(markdown);
  writeResult(options.out, markdown);
  writeResult(options.json, JSON.stringify(facts, undefined, 1));
  return true;
}

await runLongScript({ name: 'scripts/scale', help, read: readOptions, needsLinux: 'it reads /proc', run });
