/** A program of somebody else that is run to its end, or watched while it runs. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { type Child, start } from '../bench/children.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';

const deadlineMs = 90_000;

/** Where it is: `folders` before those of PATH. */
export function findTool(name: string, folders: readonly string[] = []): string | undefined {
  return [...folders, ...(process.env['PATH'] ?? '').split(':')].map((folder) => join(folder, name)).find(
    isProgram,
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Resolves with its standard output; rejects with all that it said where it ends with another code than 0. */
export async function runTool(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  input = '',
): Promise<string> {
  const child = await startTool(command, env);
  child.tell(input);
  child.closeInput();
  const code = await endOf(child);
  if (code !== 0) throw new Error(child.output().trim() || `exit code ${code}`);
  return child.lines.join('\n');
}

/** Of one that must fail: resolves with what it said of that, without its banner and its statistics. */
export async function failureOf(child: Child): Promise<string> {
  const code = await endOf(child);
  if (code === 0) throw new Error(`it ended well although its server was killed: ${child.output()}`);
  const lines = child.output().split('\n');
  const told = lines.filter((line) => /error|fatal|terminat|closed|lost|died/i.test(line));
  return (told.length > 0 ? told : lines).join(' ');
}

export function startTool(command: readonly string[], env: Readonly<Record<string, string>>): Promise<Child> {
  return start(command, { env: { LC_ALL: 'C', ...env }, cwd: '/' });
}

/** Its exit code. It is killed where it takes longer than any of this should. */
export async function endOf(child: Child): Promise<number | null> {
  const late = Symbol('late');
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<typeof late>((resolve) => timer = setTimeout(() => resolve(late), deadlineMs));
  const code = await Promise.race([child.ended, limit]);
  clearTimeout(timer);
  if (code !== late) return code;
  await child.end();
  throw new Error(`it had not ended after ${deadlineMs / 1000} s: ${child.output()}`);
}

/** The rest of the first line that begins with `word`. Rejects where the program ends without it. */
export async function lineOf(child: Child, word: string): Promise<string> {
  const find = (): string | undefined =>
    child.lines.find((line) => line === word || line.startsWith(`${word} `));
  const line = await waitFor(`"${word}"`, () => find() ?? (child.hasEnded() ? null : undefined), {
    deadlineMs,
    evidence: () => child.output(),
  });
  if (line === null) throw new Error(`it ended before it said "${word}": ${child.output()}`);
  return line.slice(word.length + 1);
}
