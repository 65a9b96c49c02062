/** `scripts/attacks`: what attacks do to those who mean no harm. */
import { needExecutable } from '../bench/executable.ts';
import { temporaryFolder } from '../bench/folder.ts';
import { runLongScript, writeResult } from '../long-script.ts';
import { measure } from './measure.ts';
import { loopback, setUpNetwork } from './network.ts';
import { help, type Options, readOptions } from './options.ts';
import { isWhole } from './report.ts';
import { markdownOf } from './table.ts';

async function run(options: Options): Promise<boolean> {
  // First of all: without it there is not even a loopback, on which what was built is tried.
  const network = options.isOwnNetwork ? setUpNetwork() : loopback;
  // A test takes the executable that the stage before it has built.
  if (!options.isShort) await needExecutable();
  const report = await measure(options, network, temporaryFolder('attacks'), (line) => console.error(line));
  const markdown = markdownOf(report);
  console.log(markdown);
  writeResult(options.markdown, markdown);
  writeResult(options.out, JSON.stringify(report, undefined, 1));
  return isWhole(report);
}

await runLongScript({
  name: 'scripts/attacks',
  help,
  read: readOptions,
  needsLinux: "it reads /proc and uses Linux's own calls",
  run,
});
