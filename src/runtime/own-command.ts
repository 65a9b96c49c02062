/** What starts this program once more, as a process of its own. */

/** Its arguments follow: in an executable the executable alone, else the runtime, its flags and the entry. */
export function ownCommand(): readonly string[] {
  const { execPath, execArgv, argv: [, entry = ''] } = process;
  const { Deno } = globalThis as { Deno?: { build: { standalone?: boolean } } };
  if (Deno?.build.standalone || isInBunExecutable(entry)) return [execPath];
  // Deno does not tell the flags that it was given.
  return Deno ? [execPath, 'run', '-A', '--no-check', entry] : [execPath, ...execArgv, entry];
}

/** Its files lie in a file system of its own, which existsSync sees. */
export function isInBunExecutable(entry: string): boolean {
  return entry.startsWith('/$bunfs/') || /^B:[/\\]~BUN[/\\]/.test(entry);
}

/** The folder that the program was started from: of its executable, or of its entry. */
export function ownFile(): string {
  const { execPath, argv: [, entry = ''] } = process;
  return isInBunExecutable(entry) ? execPath : entry;
}

/** The command of the runtime that installs npm's packages: an executable of Bun can be Bun itself. */
export const bunInside: Readonly<Record<string, string>> = { BUN_BE_BUN: '1' };
