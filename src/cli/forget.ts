/** `pg_gateway forget-timeline` and `forget-system`: make a running gateway forget what its elections insist on. */
import { type ArgsDef, defineCommand } from 'citty';
import type { Forgettable } from '../cluster/forget.ts';
import { ask, gatewayArgs } from './ask.ts';
import { print } from './print.ts';

const ownArgs: ArgsDef = {
  yes: { type: 'boolean', description: 'do it; without, it says what is forgotten' },
};

export const forgetTimeline = forgetting(
  'timeline',
  'Make a running gateway forget the newest timeline: an older one can be primary again.',
);

export const forgetSystem = forgetting(
  'system',
  'Make a running gateway forget the system that it serves: that of most candidates is served then.',
);

function forgetting(what: Forgettable, description: string) {
  return defineCommand({
    meta: { name: `forget-${what}`, description },
    args: { ...gatewayArgs, ...ownArgs },
    async run({ args: { yes, ...args } }) {
      const answer = await ask<{ forgotten: string; reason: string }>(args, `forget-${what}`, { yes });
      print(`Done: ${answer.forgotten}.\nNow: ${answer.reason}.`);
    },
  });
}
