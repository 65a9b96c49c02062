/** `pg_gateway explain`: asks a running gateway why it does what it does, and prints that in plain English. */
import { type ArgsDef, defineCommand } from 'citty';
import { print } from '../print.ts';
import { explainClient } from './client.ts';
import { runningArgs, runningStatus } from '../running-gateway.ts';
import { told } from '../status/reading.ts';
import { explanation } from './explanation.ts';

const ownArgs: ArgsDef = {
  client: {
    type: 'string',
    description:
      'instead: would a client of this address be taken now, and if not, why; over the control socket',
    valueHint: 'address',
  },
  json: { type: 'boolean', description: 'print /status, as JSON' },
};

export const explain = defineCommand({
  meta: {
    name: 'explain',
    description:
      'Ask a running gateway who is primary, why, and what clients experience; exit code 0 only if there is one.',
  },
  args: { ...runningArgs, ...ownArgs },
  async run({ args: { json, client, ...args } }) {
    if (client !== undefined) return await explainClient(client, args, json === true);
    const { status, text, where } = await runningStatus(args);
    print(json ? text.trimEnd() : told(status, where, explanation));
    return status.route.primary === null ? 1 : 0;
  },
});
