/** `scripts/fuzz`: nonsense for all that reads other people's bytes. */
import { attempt } from '../usage.ts';
import { startCounting } from './coverage.ts';
import { fuzz } from './engine.ts';
import { keep } from './kept.ts';
import { help, type Options, readOptions } from './options.ts';
import type { Target } from './target.ts';
import { watch } from './watch.ts';

/** What a target must be given even among a few inputs. */
const leastRuns = 5;

/** Rejections that nobody waits for are faults, whoever's turn it is. */
const strays: unknown[] = [];
process.on('unhandledRejection', (error) => strays.push(error));

async function run(target: Target, runs: number, { seed, first }: Options): Promise<boolean> {
  const command = `scripts/fuzz --target ${target.name} --seed ${seed}`;
  const watching = watch(command);
  // What is kept is for the tests: with it the inputs of a seed would be others after each find.
  const { runs: done, ms, failure } = await fuzz(target, [], { seed, first, runs }, watching.note);
  watching.end();
  const rate = done === 0 ? 0 : Math.round((1000 * done) / ms);
  console.log(`${target.name}: ${done} inputs in ${(ms / 1000).toFixed(1)} s (${rate} a second)`);
  if (failure !== undefined) {
    console.log(`  BROKEN by input ${failure.index}: ${failure.error.stack}`);
    console.log(`  again: ${command} --first ${failure.index} --runs 1`);
    if (failure.input.length > 0) {
      console.log(`  its smallest form is kept: ${keep(target.name, failure.input)}`);
    }
  }
  for (const error of strays) {
    console.log(`  BROKEN: nobody waits for a rejection: ${error instanceof Error ? error.stack : error}`);
  }
  return failure === undefined && strays.splice(0).length === 0;
}

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const counting = args.includes('--coverage') ? await startCounting() : undefined;
  const { targets } = await import('./targets.ts');
  const names = targets.map(({ name }) => name);
  const usage = help(names);
  const options = attempt('scripts/fuzz', usage, () => readOptions(args, names));
  if (options === undefined) return 2;
  if (options === 'help') {
    console.log(usage.trimEnd());
    return 0;
  }
  if (options.liveSeconds !== undefined) {
    const { live } = await import('./live.ts');
    return await live(options.liveSeconds, options.seed) ? 0 : 1;
  }
  const meant = targets.filter(({ name }) => options.targets.includes(name));
  const shares = meant.reduce((sum, { share }) => sum + share, 0);
  const startedAt = performance.now();
  let isWhole = true;
  for (const target of meant) {
    const runs = Math.max(
      Math.min(leastRuns, options.runs),
      Math.round((options.runs * target.share) / shares),
    );
    isWhole = await run(target, runs, options) && isWhole;
  }
  console.log(`in all ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  if (counting !== undefined) {
    showCoverage(await counting.of([...new Set(meant.flatMap(({ files }) => files))].sort()));
  }
  return isWhole ? 0 : 1;
}

function showCoverage(files: Awaited<ReturnType<Awaited<ReturnType<typeof startCounting>>['of']>>): void {
  const [lines, reached] = [
    files.reduce((sum, { lines }) => sum + lines, 0),
    files.reduce((sum, { reached }) => sum + reached, 0),
  ];
  for (const { file, lines, reached, missed } of files) {
    console.log(
      `${String(Math.floor((100 * reached) / lines)).padStart(3)} %  ${file}${
        missed === '' ? '' : `  not: ${missed}`
      }`,
    );
  }
  console.log(`${reached} of ${lines} lines reached, ${Math.floor((100 * reached) / lines)} %`);
}

process.exit(await main(process.argv.slice(2)));
