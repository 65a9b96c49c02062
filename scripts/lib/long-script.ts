/** What scripts that measure for minutes have in common: a command line, ends that leave nothing behind, and files of results. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { killAll } from './bench/children.ts';
import { attempt } from './usage.ts';

export interface LongScript<Options> {
  /** As it is called: scripts/bench. */
  readonly name: string;
  readonly help: string;
  /** Throws UsageError. */
  read(args: readonly string[]): Options | 'help';
  /** Why it runs on Linux alone, a clause such as "it reads /proc"; undefined: it does not. */
  readonly needsLinux?: string;
  /** Signals do not end it at once: it sees to them itself. */
  readonly seesToSignals?: true;
  /** Whether all is as it should be. What it throws is told, and is not. */
  run(options: Options, args: readonly string[]): Promise<boolean>;
}

/** The exit code is 0 if all is well, 1 if not, 2 for a mistake on the command line, and 130 after a signal. */
export async function runLongScript<Options>(
  script: LongScript<Options>,
  args: readonly string[] = process.argv.slice(2),
): Promise<never> {
  // Watchdogs of folders and pipes that nobody reads would keep the process.
  process.exit(await exitCodeOf(script, args));
}

async function exitCodeOf<Options>(script: LongScript<Options>, args: readonly string[]): Promise<number> {
  const { name, help, needsLinux, seesToSignals } = script;
  const options = attempt(name, help, () => script.read(args));
  if (options === undefined) return 2;
  if (options === 'help') {
    console.log(help.trimEnd());
    return 0;
  }
  if (needsLinux !== undefined && process.platform !== 'linux') {
    console.error(`${name}: ${needsLinux}, and this is ${process.platform}`);
    return 1;
  }
  // Servers, clients and the gateway end with us, whatever ends us.
  process.once('exit', killAll);
  if (!seesToSignals) {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => process.exit(130));
    }
  }
  try {
    return await script.run(options, args) ? 0 : 1;
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

/** Writes what was found to `file`, and makes its folder; where none was asked for, nothing. */
export function writeResult(file: string | undefined, text: string): void {
  if (file === undefined) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${text.trimEnd()}\n`);
  console.error(`written: ${file}`);
}
