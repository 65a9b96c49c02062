/** `scripts/page`: writes the status page into the module by which the program has it, or takes pictures of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { madePath, makePage } from './make.ts';

const usage = `scripts/page [--pictures]

Makes ${madePath} out of the other files beside it and uPlot.

  --pictures   takes the pictures of docs/images instead, with Debian's chromium
  --help
`;

const root = join(import.meta.dirname, '../../..');

/** The exit code. */
async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== '--pictures' && arg !== '--help');
  if (unknown !== undefined) console.error(`scripts/page: unknown option ${unknown}\n`);
  if (unknown !== undefined || args.includes('--help')) {
    console.log(usage.trimEnd());
    return unknown === undefined ? 0 : 2;
  }
  try {
    if (args.includes('--pictures')) {
      // It needs the module that this script makes.
      const { takePictures } = await import('./pictures.ts');
      await takePictures(join(root, 'docs/images'));
    } else {
      const text = makePage();
      writeFileSync(join(root, madePath), text);
      console.log(`${madePath}: ${(text.length / 1000).toFixed(0)} kB`);
    }
    return 0;
  } catch (error) {
    console.error(`scripts/page: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
