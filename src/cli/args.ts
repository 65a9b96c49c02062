/** Command line to configuration: the flags that all commands share. */
import { readFileSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import type { ArgsDef, ParsedArgs } from 'citty';
import { type Config, readConfig, readMetrics, type Sources, unknownSetting } from '../config.ts';
import { ConfigError } from '../errors.ts';
import { flagOf, type SettingName, settingNames, settings } from '../settings.ts';

/** Citty's definition of every setting as a flag. */
export const settingArgs: ArgsDef = Object.fromEntries(
  settingNames.map((name) => [
    flagOf(name).slice(2),
    { type: 'string', description: settings[name].help, valueHint: settings[name].hint },
  ]),
);

/** Reads everything there is to read. Throws ConfigError. */
export function configOf(args: ParsedArgs, positionals: readonly SettingName[]): Config {
  return readConfig(sourcesOf(args, positionals));
}

/** Where the metrics port is, for whoever needs no other setting; undefined: there is none. Throws ConfigError. */
export function metricsOf(args: ParsedArgs): { readonly host: string; readonly port: number } | undefined {
  return readMetrics(sourcesOf(args, []));
}

function sourcesOf(args: ParsedArgs, positionals: readonly SettingName[]): Sources {
  return {
    flags: flagsOf(args, positionals),
    env: process.env,
    files: {
      read: (path) => readFileSync(path, 'utf8'),
      // Windows has no such bits.
      mode: (path) => process.platform === 'win32' ? undefined : statSync(path).mode,
    },
    account: { osUser: attempt(() => userInfo().username), home: attempt(homedir) },
  };
}

function flagsOf(
  args: ParsedArgs,
  positionals: readonly SettingName[],
): Partial<Record<SettingName, string>> {
  const problems: string[] = [];
  const flags: Partial<Record<SettingName, string>> = {};
  // Citty gives a flag under its name with dashes and in camel case.
  const byFlag = new Map(settingNames.flatMap((name) => {
    const flag = flagOf(name).slice(2);
    return [[flag, name], [
      flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
      name,
    ]] as const;
  }));
  for (const [key, value] of Object.entries<unknown>(args)) {
    if (key === '_') continue;
    const name = byFlag.get(key);
    if (name === undefined) problems.push(unknownFlag(key));
    // Citty takes the next flag for the value of one that has none.
    else if (typeof value !== 'string' || value === '' || value.startsWith('--')) {
      problems.push(`${flagOf(name)} needs a value: ${settings[name].hint}`);
    } else flags[name] = value;
  }
  args._.forEach((value, place) => {
    const name = positionals[place];
    if (name === undefined) problems.push(`"${value}" is one argument too many`);
    else flags[name] ??= value;
  });
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]); // citty names a flag twice: hold-ms, holdMs
  return flags;
}

function unknownFlag(key: string): string {
  const name = key.replaceAll('-', '_').toUpperCase();
  if (name === 'PGPASSWORD') {
    return '--pgpassword would show the password to everybody who lists processes: set PGPASSWORD or PGPASSWORD_FILE';
  }
  return `--${key}: ${unknownSetting(name)}`;
}

/** Containers run under users that the system does not know. */
function attempt(fn: () => string): string | undefined {
  try {
    return fn() || undefined;
  } catch {
    return undefined;
  }
}
