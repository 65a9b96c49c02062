/** `pg_gateway kill`: ends sessions of a running gateway. */
import { type ArgsDef, defineCommand } from 'citty';
import type { Killed } from '../admin/commands.ts';
import { ask, gatewayArgs } from './ask.ts';
import { counted } from './explain/outlook.ts';
import { print, say } from './print.ts';
import { selectionArgs, selectionIn } from './selection.ts';

const ownArgs: ArgsDef = {
  ...selectionArgs,
  yes: { type: 'boolean', description: 'end them also if they are more than one' },
};

export const kill = defineCommand({
  meta: {
    name: 'kill',
    description:
      'End the session of a client (kill HOST:PORT), or all of an address or a server, in a running gateway.',
  },
  args: { ...gatewayArgs, ...ownArgs },
  async run({ args: { yes, ...args } }) {
    const { selection, gateway } = selectionIn(args);
    const client = gateway._.shift();
    const choice = client === undefined ? selection : { ...selection, client };
    const { killed, silentWorkers } = await ask<Killed>(gateway, 'kill', {
      ...choice,
      ...(yes ? { yes } : {}),
    });
    print(`${counted(killed, 'client')} ended.`);
    if (silentWorkers.length === 0) return 0;
    say(`pg_gateway: worker ${silentWorkers.join(', ')} did not answer in time: its clients may live on`);
    return 1;
  },
});
