/** `scripts/soak`: mixed load with failovers for as long as one likes. See options.ts. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { needExecutable } from '../bench/executable.ts';
import { runLongScript, writeResult } from '../long-script.ts';
import type { Facts } from './facts.ts';
import { help, type Options, readOptions } from './options.ts';
import { markdownOf, pageOf } from './page.ts';
import { pictureOf } from './picture.ts';
import { soak } from './soak.ts';
import { verdictOf } from './verdict.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

async function run(options: Options): Promise<boolean> {
  return tell(options.from === undefined ? await measure(options) : read(options.from), options);
}

async function measure(options: Options): Promise<Facts> {
  if (process.platform !== 'linux') throw new Error(`it reads /proc, and this is ${process.platform}`);
  let isEnough = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (isEnough) process.exit(130);
      isEnough = true;
      console.error('scripts/soak: it ends now, with the result so far; once more ends it without');
    });
  }
  await needExecutable();
  return await soak(options, () => isEnough, (line) => console.error(line));
}

function read(file: string): Facts {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Whether all is as it should be. */
function tell(facts: Facts, { out, json, page }: Options): boolean {
  writeResult(json, JSON.stringify(facts));
  const verdict = verdictOf(facts);
  const markdown = markdownOf(facts, verdict);
  console.log(markdown.trimEnd());
  writeResult(out, markdown);
  if (page) {
    writeResult(`${root}docs/images/soak.svg`, pictureOf(facts));
    writeResult(`${root}docs/benchmarks/soak.md`, pageOf(facts, verdict));
  }
  return verdict.every(({ isMet }) => isMet);
}

await runLongScript({
  name: 'scripts/soak',
  help,
  read: readOptions,
  seesToSignals: true,
  run,
});
