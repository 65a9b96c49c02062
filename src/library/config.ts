/** From the settings of a gateway inside another program to its configuration. */
import { currentAccount } from '../config/account.ts';
import { type Config, readConfig } from '../config/config.ts';
import { nearestSetting } from '../config/nearest-setting.ts';
import { secrets } from '../config/secrets.ts';
import { type SettingName, settings } from '../config/settings.ts';
import type { Environment } from '../config/sources.ts';
import { systemFiles } from '../config/system-files.ts';
import { ConfigError } from '../errors.ts';
import type { Settings } from './settings.ts';

const defaults: Partial<Record<SettingName, string>> = {
  LISTEN_HOST: '127.0.0.1',
  LISTEN_PORT: '0',
  NUM_THREADS: '0',
  METRICS_PORT: 'off',
  CONTROL_SOCKET: 'off',
};

const notHere: Readonly<Record<string, string>> = {
  TAKEOVER: 'it takes over from a gateway that is a program of its own',
  LOG_FORMAT: 'the option `log` gets each line as an object',
};

/**
 * `env` is read where it is given, and `given` wins over it; nothing else is read but the files that settings name. Throws
 * ConfigError with everything that is wrong.
 */
export function configFrom(given: Settings, env: Environment | undefined): Config {
  const problems: string[] = [];
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    // As everywhere, an empty text is none.
    if (value === undefined || value === '') continue;
    const problem = problemOf(name, value);
    if (problem === undefined) texts[name] = textOf(value);
    else problems.push(problem);
  }
  const { TAKEOVER: _, LOG_FORMAT: __, ...fromEnv } = env ?? {};
  const { osUser, home } = env === undefined && texts['PGUSER'] !== undefined ? {} : currentAccount();
  // In the home folder libpq's files are found, which were not asked for.
  const account = env === undefined ? { osUser } : { osUser, home };
  try {
    const config = readConfig({
      flags: {},
      env: { ...fromEnv, ...texts },
      files: systemFiles,
      account,
      defaults,
    });
    if (problems.length === 0) return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  throw new ConfigError(problems);
}

function problemOf(name: string, value: unknown): string | undefined {
  if (Object.hasOwn(notHere, name)) return `${name} means nothing inside a program: ${notHere[name]}`;
  if (!Object.hasOwn(settings, name) && !secrets.some((secret) => secret === name)) {
    const nearest = nearestSetting(name);
    return `${name} is no setting of pg_gateway${nearest ? `; did you mean ${nearest}?` : ''}`;
  }
  const isKnown = ['string', 'number', 'boolean'].includes(typeof value) ||
    (Array.isArray(value) && value.every((one) => typeof one === 'string'));
  return isKnown ? undefined : `${name} is neither a text nor a number, a boolean or an array of texts`;
}

function textOf(value: string | number | boolean | readonly string[]): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return Array.isArray(value) ? value.join(',') : String(value);
}
