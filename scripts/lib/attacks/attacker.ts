/** The process of attacker.bun.ts, seen from outside. */
import { join } from 'node:path';
import { type Child, lineOf, start } from '../bench/children.ts';
import type { Attack } from './attack.ts';

const bun = join(import.meta.dirname, '../../../node_modules/.bin/bun');
const script = join(import.meta.dirname, 'attacker.bun.ts');
/** Thousands of sockets are closed in between. */
const deadlineMs = 20_000;

export type Where =
  | { readonly host: string; readonly port: number; readonly from: string | undefined }
  | { readonly path: string };

export interface Attacker {
  readonly pid: number;
  begin(): void;
  /** Closes all, and resolves with how many connections there were; rejects if it has died. */
  stop(): Promise<Attempts>;
  end(): Promise<void>;
}

export interface Attempts {
  readonly opened: number;
  /** For want of a descriptor or a port of its own. */
  readonly failed: number;
}

export async function startAttacker(attack: Attack, where: Where, perSecond: number): Promise<Attacker> {
  const child: Child = await start([bun, script, attack.name, JSON.stringify(where), String(perSecond)]);
  let said = 0;
  return {
    pid: child.pid,
    begin: () => child.tell('g'),
    stop: async () => {
      child.tell('s');
      return await lineOf(child, said++, deadlineMs) as unknown as Attempts;
    },
    end: () => child.end(),
  };
}
