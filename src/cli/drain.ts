/** `pg_gateway drain`: tells a running gateway to take no more clients and to end once its sessions have. */
import { defineCommand } from 'citty';
import { ask, gatewayArgs } from './ask.ts';
import { print } from './print.ts';

export const drain = defineCommand({
  meta: {
    name: 'drain',
    description: 'Tell a running gateway to take no more clients, and to end as on SIGTERM.',
  },
  args: gatewayArgs,
  async run({ args }) {
    await ask(args, 'drain');
    print('The gateway ends when its sessions have, or after DRAIN_ACCEPT_MS and DRAIN_MS.');
  },
});
