/** `pg_gateway drill no-primary 5s` and `drill fence`: rehearse a failover on a running gateway that has DRILLS=on. */
import { defineCommand } from 'citty';
import { numberIn, unitNames } from '../config/units.ts';
import { drillKinds } from '../control/drill.ts';
import { ConfigError } from '../errors.ts';
import { ask, gatewayArgs } from './ask.ts';
import { duration } from './explain/duration.ts';
import { print } from './print.ts';

export const drill = defineCommand({
  meta: {
    name: 'drill',
    description:
      'Rehearse a failover (DRILLS=on): no-primary 5s lets new clients wait, fence ends all sessions once.',
  },
  args: gatewayArgs,
  async run({ args }) {
    const [kind, time, ...more] = args._.splice(0);
    if (kind === undefined) throw new ConfigError([`say which drill: ${drillKinds.join(' 5s, or ')}`]);
    if (more.length > 0) throw new ConfigError([`"${more[0]}" is one argument too many`]);
    const ms = time === undefined ? undefined : msOf(time);
    await ask(args, 'drill', { kind, ms });
    print(
      ms === undefined
        ? 'All sessions were ended, as by a failover. It was a drill.'
        : `New clients wait for ${duration(ms)}, sessions go on. It is a drill, and ends by itself.`,
    );
  },
});

function msOf(text: string): number {
  const ms = numberIn('s', text) * 1000;
  if (ms > 0) return ms;
  throw new ConfigError([`${text} is not a number of seconds above 0, nor one with a unit (${unitNames.s})`]);
}
