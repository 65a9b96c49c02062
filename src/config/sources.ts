/** Where the values of settings come from: flags over environment over file over defaults. */
import { codeOf, messageOf, withoutPasswords } from '../errors.ts';
import type { Account } from '../probe/credentials.ts';
import type { Files } from '../probe/files.ts';
import { readConfigFile } from './config-file.ts';
import { nearestSetting } from './nearest-setting.ts';
import { type Secret, secrets } from './secrets.ts';
import { flagOf, type SettingName, settingNames, settings } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Sources {
  readonly flags: Partial<Record<SettingName, string>>;
  readonly env: Environment;
  readonly files: Files;
  readonly account: Account;
  /** Instead of those in the table of settings. */
  readonly defaults?: Partial<Record<SettingName, string>>;
}

/** The text of a setting, and where it was found. */
export interface Given {
  readonly text: string;
  /** For a person, and for the start of a message about it: `--hold-ms`, `HOLD_MS in the environment`, `gateway.conf:3`. */
  readonly from: string;
  /** As it was written there: `--hold-ms 5`, `HOLD_MS=5`. */
  readonly written: string;
}

/** All that is given, by name; what is not has a default, or none. */
export type AllGiven = ReadonlyMap<SettingName | Secret, Given>;

/** What was found besides: mistakes, and what was passed over. */
export interface Remarks {
  readonly problems: string[];
  readonly warnings: string[];
}

/** An empty value is none. */
export function gather({ flags, env, files, defaults = {} }: Sources, remarks: Remarks): AllGiven {
  const given = new Map<SettingName | Secret, Given>();
  for (const [name, text] of Object.entries(defaults)) {
    given.set(name as SettingName, { text, from: 'default', written: `${name}=${text}` });
  }
  const path = flags.CONFIG_FILE ?? env['CONFIG_FILE'];
  if (path) gatherFile(path, files, given, remarks);
  for (const name of [...settingNames, ...secrets]) {
    const text = env[name];
    if (!text) continue;
    if (isOfService(name, text)) {
      const what = withoutPasswords(`${name}=${text}`);
      remarks.warnings.push(
        `${what} in the environment is what Kubernetes says of a service of that name, and is passed over: ` +
          'set enableServiceLinks: false, or give the setting as a flag',
      );
    } else given.set(name, { text, from: 'environment', written: `${name}=${text}` });
  }
  for (const name of settingNames) {
    const text = flags[name];
    if (text !== undefined) given.set(name, { text, from: flagOf(name), written: `${flagOf(name)} ${text}` });
  }
  return given;
}

/**
 * Kubernetes sets METRICS_PORT=tcp://10.0.0.1:9090 in every container of a namespace with a service `metrics`
 * ("Environment variables" in its chapter on services).
 */
function isOfService(name: string, text: string): boolean {
  return name.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(text);
}

function gatherFile(
  path: string,
  files: Files,
  given: Map<SettingName | Secret, Given>,
  { problems }: Remarks,
): void {
  let text: string;
  try {
    text = files.read(path);
  } catch (error) {
    problems.push(
      `CONFIG_FILE=${path} cannot be read (${codeOf(error) || messageOf(error)}): check the path`,
    );
    return;
  }
  const contents = readConfigFile(path, text);
  const found = contents.problems.map(({ line, what }) => ({ line, text: what }));
  for (const { name, text, line } of contents.values) {
    if (!isKnown(name)) found.push({ line, text: unknownSetting(name) });
    else if (text !== '') {
      const from = `${path}:${line}`;
      given.set(name, { text, from, written: `${from}: ${name}=${text}` });
    }
  }
  found.sort((a, b) => a.line - b.line);
  problems.push(...found.map(({ line, text }) => `${path}:${line}: ${text}`));
}

function isKnown(name: string): name is SettingName | Secret {
  return Object.hasOwn(settings, name) || secrets.some((secret) => secret === name);
}

function unknownSetting(name: string): string {
  const nearest = nearestSetting(name);
  return `${name} is no setting of pg_gateway${nearest ? `; did you mean ${nearest}?` : ''}`;
}
