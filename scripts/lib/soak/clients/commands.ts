/** What operators do: they look, and now and then they change a setting. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Job, Kind } from '../crew.ts';
import { WrongData } from './sql-job.ts';

const run = promisify(execFile);
const deadlineMs = 60_000;

/** One after another; then a reload. */
const questions: readonly (readonly string[])[] = [
  ['status'],
  ['clients', '--json'],
  ['explain'],
  ['health'],
];

export interface Commanded {
  readonly executable: string;
  readonly configFile: string;
  readonly controlSocket: string;
}

/** The setting that is changed by each reload. It is long: that a busy machine promotes slowly is no error of a client. */
export function configOf(reloads: number): string {
  return `HOLD_MS=${reloads % 2 === 0 ? '60s' : '61s'}\n`;
}

export const commands = (gateway: Commanded, reloaded: () => number): Kind => ({
  kind: 'commands',
  what: 'ask status, clients, explain and health, and then reload',
  count: 1,
  restMs: 9000,
  returns: false,
  job: () => commander(gateway, reloaded),
});

/** `reloaded` counts one more, and returns how many there were. */
function commander({ executable, configFile, controlSocket }: Commanded, reloaded: () => number): Job {
  let number = 0;
  const ask = (args: readonly string[]) =>
    run(executable, [...args, '--control-socket', controlSocket], {
      timeout: deadlineMs,
      maxBuffer: 64 * 2 ** 20,
    });
  return {
    work: async (done) => {
      const question = questions[number++ % (questions.length + 1)];
      if (question === undefined) {
        writeFileSync(configFile, configOf(reloaded()));
        await ask(['reload']);
      } else {
        const { stdout } = await ask(question).catch(unlessNobodyIsPrimary);
        if (question.includes('--json')) parse(stdout);
      }
      done();
    },
    renew: () => {},
    end: () => {},
  };
}

/** Some have an exit code for that; they have given their answer all the same. */
function unlessNobodyIsPrimary(error: { code?: unknown; stdout?: string }): { stdout: string } {
  if (error.code === 1 && error.stdout) return { stdout: error.stdout };
  throw error;
}

function parse(text: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new WrongData(`pg_gateway clients --json: ${(error as Error).message}`);
  }
}
