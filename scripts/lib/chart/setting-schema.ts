/** What Helm may be given for a setting, as JSON Schema, out of the table of settings. */
import { type SettingName, settingNames, settings } from '../../../src/config/settings.ts';
import { unitNames } from '../../../src/config/units.ts';

export type Schema = { readonly [keyword: string]: unknown };

/** A property for each setting, and no others: a name that is spelt wrong is told by Helm, before anything is changed. */
export const settingsSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(settingNames.map((name) => [name, schemaOf(name)])),
};

/** Null is not set: the default counts. */
function schemaOf(name: SettingName): Schema {
  const { help, hint } = settings[name];
  return { description: help, anyOf: [...valuesOf(name, hint), { type: 'null' }] };
}

function valuesOf(name: SettingName, hint: string): Schema[] {
  const words = hint.split('|');
  if (words.length > 1 && name !== 'TCP_KEEPALIVE') return choices(name, words);
  if (hint.endsWith(',...')) return [{ type: 'string' }, { type: 'array', items: { type: 'string' } }];
  const extra = choices(name, ['off', 'on', 'auto'].filter((word) => takes(name, word)));
  switch (hint) {
    case 'port':
      // 0 would be another port at each start, which no service could name.
      return [{ type: 'integer', minimum: 1, maximum: 65_535 }, ...digits('[1-9][0-9]*'), ...extra];
    case 'count':
      return [{ type: 'integer', minimum: 0 }, ...digits('[0-9]+'), ...extra];
    case 'ms':
    case 'us':
    case 'bytes':
      return [{ type: 'integer', minimum: 0 }, ...quantities(hint), ...extra];
    case 'seconds':
    case 'on|off|seconds':
      return [{ type: 'number', minimum: 0 }, ...quantities('s'), ...extra];
    default:
      // A system identifier too: as a number it would lose its last digits.
      return [{ type: 'string' }];
  }
}

/** YAML takes a bare on or off for a boolean. */
function choices(name: SettingName, words: readonly string[]): Schema[] {
  if (words.length === 0) return [];
  const booleans = [true, false].filter((value) => takes(name, value ? 'on' : 'off'));
  return [{ enum: [...words, ...booleans] }];
}

function digits(pattern: string): Schema[] {
  return [{ type: 'string', pattern: `^${pattern}$` }];
}

/** As src/config/units.ts reads them, whose units may have any case. */
function quantities(unit: keyof typeof unitNames): Schema[] {
  const names = unitNames[unit].split(', ').flatMap((name) => [name, name.toLowerCase(), name.toUpperCase()]);
  return digits(`[0-9]+(\\.[0-9]+)? ?(${[...new Set(names)].join('|')})?`);
}

/** Whether the program knows this word for it; where any text will do, the word means nothing. */
function takes(name: SettingName, word: string): boolean {
  const isTaken = (text: string): boolean => {
    try {
      settings[name].parse(text);
      return true;
    } catch {
      return false;
    }
  };
  return isTaken(word) && !isTaken('no such word');
}
