/** Command line to configuration: the flags that all commands share. */
import type { ArgsDef, ParsedArgs } from 'citty';
import { type Config, readConfig } from '../config/config.ts';
import { nearestSetting } from '../config/nearest-setting.ts';
import { secrets } from '../config/secrets.ts';
import type { Sources } from '../config/sources.ts';
import { systemFiles } from '../config/system-files.ts';
import { ConfigError } from '../errors.ts';
import { currentAccount } from '../config/account.ts';
import { flagOf, type SettingName, settingNames, settings } from '../config/settings.ts';

/** Citty's definition of these settings as flags; also in the way in which the environment and files have them. */
export function settingArgs(names: readonly SettingName[]): ArgsDef {
  return Object.fromEntries(names.map((name) => [
    flagOf(name).slice(2),
    {
      type: 'string',
      alias: [name.toLowerCase(), name],
      description: settings[name].help,
      valueHint: settings[name].hint,
    },
  ]));
}

/** Reads everything there is to read. Throws ConfigError. */
export function configOf(args: ParsedArgs, positionals: readonly SettingName[]): Config {
  return readConfig(sourcesOf(args, positionals));
}

/** Where the settings that a command takes come from. Throws ConfigError for all others. */
export function sourcesOf(
  args: ParsedArgs,
  positionals: readonly SettingName[],
  taken = settingNames,
): Sources {
  return {
    flags: flagsOf(args, positionals, taken),
    env: process.env,
    files: systemFiles,
    account: currentAccount(),
  };
}

/** Of the settings that are `taken` by the command; complains of all others. */
function flagsOf(
  args: ParsedArgs,
  positionals: readonly SettingName[],
  taken: readonly SettingName[],
): Partial<Record<SettingName, string>> {
  const problems: string[] = [];
  const flags: Partial<Record<SettingName, string>> = {};
  // Citty gives a flag under its name, in camel case, and under its aliases.
  const byFlag = new Map(settingNames.flatMap((name) => {
    const flag = flagOf(name).slice(2);
    const camel = flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    return [flag, camel, name.toLowerCase(), name].map((form) => [form, name] as const);
  }));
  for (const [key, value] of Object.entries<unknown>(args)) {
    if (key === '_') continue;
    const name = byFlag.get(key);
    if (name === undefined) problems.push(unknownFlag(key));
    else if (!taken.includes(name)) {
      problems.push(
        `${flagOf(name)} changes nothing here; this command takes ${taken.map(flagOf).join(', ')}`,
      );
    } // Citty takes the next flag for the value of one that has none.
    else if (typeof value !== 'string' || value === '' || value.startsWith('--')) {
      problems.push(`${flagOf(name)} needs a value: ${settings[name].hint}`);
    } else flags[name] = value;
  }
  // What follows a flag that is not known may be its value.
  const isWordMeant = problems.length === 0;
  args._.forEach((value, index) => {
    const name = positionals[index];
    if (!isWordMeant) return;
    if (name === undefined) problems.push(`"${value}" is one argument too many`);
    else if (name === 'LISTEN_HOST' && /^[0-9]+$/.test(value)) {
      problems.push(
        `"${value}" looks like a port: the address comes first, as in pg_gateway 0.0.0.0 ${value}; or say --listen-port ${value}`,
      );
    } else flags[name] ??= value;
  });
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]); // citty names a flag twice: hold-ms, holdMs
  return flags;
}

function unknownFlag(key: string): string {
  const name = key.replaceAll('-', '_').toUpperCase();
  if (secrets.some((secret) => secret === name)) {
    return `--${key} would show the secret to everybody who lists processes: set ${name} or ${name}_FILE`;
  }
  const nearest = nearestSetting(name);
  return `--${key} is no flag of pg_gateway${nearest ? `; did you mean ${flagOf(nearest)}?` : ''}`;
}
