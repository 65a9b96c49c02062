/** The process of good-clients.ts, seen from outside. */
import { join } from 'node:path';
import { type Child, lineOf, start } from '../bench/children.ts';
import type { Sight } from './seen.ts';

const script = join(import.meta.dirname, 'good-clients.ts');
const deadlineMs = 60_000;

/** At each place so many long sessions, each with a question every so often, and one that connects anew. */
const sessions = 4;
const everyMs = 8;
const connectEveryMs = 200;

export interface GoodPlace {
  readonly host: string;
  readonly port: number;
  readonly localAddress?: string | undefined;
}

export interface GoodClients {
  /** They begin to ask and connect; before and after they only hold their sessions. */
  begin(): void;
  /** What they have seen since, by place. Rejects if the process has died, or one of them hangs for a minute. */
  stop(): Promise<Readonly<Record<string, Sight>>>;
  end(): Promise<void>;
}

/** Resolves when all sessions are open. */
export async function startGood(places: Readonly<Record<string, GoodPlace>>): Promise<GoodClients> {
  const counts = [sessions, everyMs, connectEveryMs].map(String);
  const child: Child = await start([process.execPath, script, JSON.stringify(places), ...counts]);
  try {
    await lineOf(child, 0, deadlineMs);
  } catch (error) {
    await child.end();
    throw error;
  }
  let said = 1;
  return {
    begin: () => child.tell('m'),
    stop: async () => {
      child.tell('e');
      return await lineOf(child, said++, deadlineMs) as Record<string, Sight>;
    },
    end: () => child.end(),
  };
}
