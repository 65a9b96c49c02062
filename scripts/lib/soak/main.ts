/** `scripts/soak`: mixed load with failovers for as long as one likes. See options.ts. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { refreshExecutable } from '../bench/executable.ts';
import { attempt } from '../usage.ts';
import type { Facts } from './facts.ts';
import { help, type Options, readOptions } from './options.ts';
import { markdownOf, pageOf } from './page.ts';
import { pictureOf } from './picture.ts';
import { soak } from './soak.ts';
import { verdictOf } from './verdict.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = attempt('scripts/soak', help, () => readOptions(args));
  if (options === undefined) return 2;
  if (options === 'help') {
    console.log(help.trimEnd());
    return 0;
  }
  try {
    const facts = options.from === undefined ? await measure(options) : read(options.from);
    return tell(facts, options) ? 0 : 1;
  } catch (error) {
    console.error(`scripts/soak: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

async function measure(options: Options): Promise<Facts> {
  if (process.platform !== 'linux') throw new Error(`it reads /proc, and this is ${process.platform}`);
  // Clusters and the gateway end with us, whatever ends us.
  let isEnough = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (isEnough) process.exit(130);
      isEnough = true;
      console.error('scripts/soak: it ends now, with the result so far; once more ends it without');
    });
  }
  const why = await refreshExecutable(root);
  if (why !== undefined) throw new Error(`dist/pg_gateway: ${why}`);
  return await soak(options, () => isEnough, (line) => console.error(line));
}

function read(file: string): Facts {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Whether all is as it should be. */
function tell(facts: Facts, { out, json, page }: Options): boolean {
  const write = (file: string, text: string) => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.error(`written: ${file}`);
  };
  if (json !== undefined) write(json, `${JSON.stringify(facts)}\n`);
  const verdict = verdictOf(facts);
  const markdown = markdownOf(facts, verdict);
  console.log(markdown.trimEnd());
  if (out !== undefined) write(out, markdown);
  if (page) {
    write(`${root}docs/images/soak.svg`, pictureOf(facts));
    write(`${root}docs/benchmarks/soak.md`, pageOf(facts, verdict));
  }
  return verdict.every(({ isMet }) => isMet);
}

// The watchdog of the clusters' folder would keep the process.
process.exit(await main(process.argv.slice(2)));
