/** A program of somebody else that runs beside the gateway, and is gone with the test. */
import { spawn } from 'node:child_process';
import { waitFor } from './wait-for.ts';

export interface ForeignProgram {
  /** All that it has said up to now. */
  said(): string;
  stop(): Promise<void>;
}

/** Resolves once it `isReady`, called `what` where it never is. It is killed when this process ends. */
export async function startForeign(
  file: string,
  args: readonly string[],
  what: string,
  isReady: () => Promise<boolean>,
): Promise<ForeignProgram> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => text += chunk);
  const said = (): string => text;
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = (): Promise<void> => {
    process.removeListener('exit', kill);
    kill();
    return ended;
  };
  try {
    await waitFor(what, async () => child.exitCode === null && await isReady(), { evidence: said });
  } catch (error) {
    await stop();
    throw error;
  }
  return { said, stop };
}
