/** The entry of the program, on every runtime and in the executable. */
import { run } from './cli/run.ts';

process.exitCode = await run(process.argv.slice(2));
