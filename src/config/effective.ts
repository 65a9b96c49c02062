/** The settings that count, without secrets: for people, and to tell two configurations apart. */
import { settingNames, settings } from './settings.ts';
import { type Secret, secrets } from './secrets.ts';
import type { AllGiven } from './sources.ts';
import type { SettingName } from './settings.ts';

export interface Effective {
  readonly name: SettingName | Secret;
  /** As text; null: it is not set, and has no default. A secret is never shown. */
  readonly value: string | null;
  /** `default`, `environment`, a flag, or a line of the configuration file. */
  readonly from: string;
}

const hidden = '(not shown)';

/** Every setting in the order of the table, then the secrets. */
export function effective(given: AllGiven): readonly Effective[] {
  return [...settingNames, ...secrets].map((name) => {
    const { text, from = 'default' } = given.get(name) ?? {};
    if (isSecret(name)) return { name, value: text === undefined ? null : hidden, from };
    return { name, value: text ?? settings[name].fallback ?? null, from };
  });
}

function isSecret(name: SettingName | Secret): name is Secret {
  return secrets.some((secret) => secret === name);
}
