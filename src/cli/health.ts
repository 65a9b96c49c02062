/** `pg_gateway health`: exit code 0 while a running gateway takes clients: for health checks of containers. */
import { defineCommand } from 'citty';
import { deadWorkerMs } from '../admin/pages.ts';
import type { Status } from '../admin/status.ts';
import { print } from './print.ts';
import { runningArgs, runningStatus } from './running-gateway.ts';

export const health = defineCommand({
  meta: {
    name: 'health',
    description: 'Exit code 0 while a running gateway takes clients, whether or not there is a primary.',
  },
  args: runningArgs,
  async run({ args }) {
    const trouble = troubleOf((await runningStatus(args)).status);
    print(trouble === undefined ? 'It takes clients.' : `It takes no clients: ${trouble}.`);
    return trouble === undefined ? 0 : 1;
  },
});

/** As `/ready` and `/live` see it: a gateway that is restarted because of its database can hold no client. */
export function troubleOf({ draining, workerSilentMs }: Status): string | undefined {
  if (draining) return 'it is draining';
  if (workerSilentMs < deadWorkerMs) return undefined;
  return `a worker has not moved for ${Math.round(workerSilentMs / 1000)} s: restart it`;
}
