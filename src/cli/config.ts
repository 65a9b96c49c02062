/** `pg_gateway config`: what is set, and where each value comes from; asks no server. */
import { type ArgsDef, defineCommand } from 'citty';
import { effective } from '../config/effective.ts';
import { settingNames } from '../config/settings.ts';
import { configOf, settingArgs } from './args.ts';
import { print, say } from './print.ts';
import { table } from './table.ts';

const ownArgs: ArgsDef = {
  check: { type: 'boolean', description: 'say only whether it can be used; every mistake is told' },
  json: { type: 'boolean', description: 'print it as JSON' },
};

export const config = defineCommand({
  meta: {
    name: 'config',
    description: 'Print every setting, and where its value comes from, or all mistakes; asks no server.',
  },
  args: { ...settingArgs(settingNames), ...ownArgs },
  run({ args: { check, json, ...args } }) {
    const { given, warnings, credentials } = configOf(args, ['LISTEN_HOST', 'LISTEN_PORT']);
    for (const warning of [...warnings, ...credentials.warnings]) say(`pg_gateway: ${warning}`);
    if (check) return print('The configuration can be used.');
    const all = effective(given);
    if (json) return print(JSON.stringify(all, null, 2));
    print(
      table(['SETTING', 'VALUE', 'FROM'], all.map(({ name, value, from }) => [name, value ?? '-', from])),
    );
  },
});
