/** What starts this program once more, as a process of its own. */

/** Its arguments follow: in an executable the executable alone, else the runtime, its flags and the entry. */
export function ownCommand(): readonly string[] {
  const { execPath, execArgv, argv: [, entry = ''] } = process;
  const { Deno } = globalThis as { Deno?: { build: { standalone?: boolean } } };
  if (Deno?.build.standalone || isInBunExecutable(entry)) return [execPath];
  // Deno does not tell the flags that it was given.
  return Deno ? [execPath, 'run', '-A', '--no-check', '--no-lock', entry] : [execPath, ...execArgv, entry];
}

/** Its files lie in a file system of its own, which existsSync sees. */
export function isInBunExecutable(entry: string): boolean {
  return entry.startsWith('/$bunfs/') || /^B:[/\\]~BUN[/\\]/.test(entry);
}

/** The file that the program was started from: its executable, or its entry. */
export function ownFile(): string {
  const { execPath, argv: [, entry = ''] } = process;
  return isInBunExecutable(entry) ? execPath : entry;
}

/** With this in its environment an executable of Bun is the command bun, which installs npm's packages. */
export const bunInside: Readonly<Record<string, string>> = { BUN_BE_BUN: '1' };
