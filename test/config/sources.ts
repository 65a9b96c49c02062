import assert from 'node:assert/strict';
import { type Config, readConfig } from '../../src/config/config.ts';
import type { Sources } from '../../src/config/sources.ts';
import { ConfigError } from '../../src/errors.ts';

export interface Given {
  readonly flags?: Sources['flags'];
  readonly env?: Record<string, string>;
  /** Files by path. */
  readonly files?: Record<string, string>;
}

/** A configuration of these and of nothing from this machine; CANDIDATES is given unless the test gives others. */
export function configured({ flags = {}, env = {}, files = {} }: Given): Config {
  return readConfig({
    flags,
    env: { CANDIDATES: 'db1', ...env },
    files: {
      read: (path) => {
        const text = Object.hasOwn(files, path) ? files[path] : undefined;
        if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
        return text;
      },
      list: () => [],
      mode: () => 0o600,
    },
    account: { osUser: 'anna', home: '/home/anna' },
  });
}

/** What is wrong with it, a line each. */
export function problems(given: Given): readonly string[] {
  try {
    configured(given);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  throw new assert.AssertionError({ message: 'there was no ConfigError' });
}
