/** The words that `--run` understands. */
export const commandNames = [
  'kill',
  'stop',
  'freeze',
  'thaw',
  'promote',
  'back',
  'switchover',
  'wait',
  'quit',
] as const;

export type CommandName = (typeof commandNames)[number];

export interface Step {
  readonly name: CommandName;
  /** The number of a server, from 1; for `wait`, seconds. */
  readonly number: number | undefined;
}

/** Reads `kill; wait 2; quit`. Throws with a sentence for people. */
export function stepsOf(text: string): Step[] {
  return text.split(';').map((part) => part.trim()).filter((part) => part !== '').map((part) => {
    const [, name, number] = /^([a-z]+)(?:\s+([0-9.]+))?$/.exec(part) ?? [];
    const known = commandNames.find((command) => command === name);
    if (!known) throw new Error(`"${part}" is no command; there are ${commandNames.join(', ')}`);
    return { name: known, number: number === undefined ? undefined : Number(number) };
  });
}
