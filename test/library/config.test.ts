import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../src/errors.ts';
import { configFrom } from '../../src/library/config.ts';
import type { Settings } from '../../src/library/settings.ts';

const base: Settings = { CANDIDATES: 'db1,db2:5433', PGUSER: 'probe' };

function problems(settings: object, env?: Record<string, string>): readonly string[] {
  try {
    configFrom(settings as Settings, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test('without more than the servers it listens on a free port of the loopback, in this thread, and opens nothing else', () => {
  const { listen, workers, metrics, controlSocket } = configFrom(base, undefined);
  deepEqual(listen, { host: '127.0.0.1', port: 0, alsoOn: [] });
  equal(workers, 0);
  equal(metrics, undefined);
  equal(controlSocket, 'off');
});

test('arrays, numbers and booleans are what their texts are', () => {
  const { candidates, data, drills, standbyPort } = configFrom({
    ...base,
    CANDIDATES: ['db1', 'db2:5433'],
    HOLD_MS: 2500,
    DRILLS: true,
    REPLICA_PORT: 0,
    CONNECT_TIMEOUT_MS: '2s',
    REPLICA_FALLBACK: false,
  }, undefined);
  deepEqual(candidates.map(({ name }) => name), ['db1:5432', 'db2:5433']);
  deepEqual([data.holdMs, data.connectTimeoutMs, data.fallback], [2500, 2000, false]);
  deepEqual([drills, standbyPort], [true, 0]);
  equal(configFrom({ ...base, REPLICA_PORT: false }, undefined).standbyPort, undefined);
});

test('a password is given like any setting', () => {
  equal(configFrom({ ...base, PGPASSWORD: 'secret' }, undefined).credentials.password('db1', 5432), 'secret');
});

test('nothing is read of the environment unless it is given, and what is given as a setting wins over it', () => {
  process.env['HOLD_MS'] = '77';
  try {
    equal(configFrom(base, undefined).data.holdMs, 10_000);
    equal(configFrom(base, process.env).data.holdMs, 77);
    equal(configFrom({ ...base, HOLD_MS: 78 }, process.env).data.holdMs, 78);
  } finally {
    delete process.env['HOLD_MS'];
  }
});

test('an empty text hides no default, wherever it stands', () => {
  equal(configFrom({ ...base, LISTEN_HOST: '' }, { LISTEN_HOST: '' }).listen.host, '127.0.0.1');
});

test('what the environment sets for the program alone is no mistake of a library', () => {
  deepEqual(problems(base, { TAKEOVER: 'on', LOG_FORMAT: 'json', PATH: '/bin' }), []);
});

test('all that is wrong is told at once, and what was meant', () => {
  deepEqual(problems({ CANDIDATE: 'db1', HOLD_MS: -1, TAKEOVER: true, LOG_LEVEL: {}, PGUSER: 'probe' }), [
    'CANDIDATE is no setting of pg_gateway; did you mean CANDIDATES?',
    'TAKEOVER means nothing inside a program: it takes over from a gateway that is a program of its own',
    'LOG_LEVEL is neither a text nor a number, a boolean or an array of texts',
    'HOLD_MS=-1 is not a whole number of ms from 0 to 3600000, nor one with a unit (ms, s, min, h, d)',
    'CANDIDATES is not set: name the servers that may be the primary, CANDIDATES=db1:5432,db2:5432,db3:5432',
  ]);
});

test('types tell a misspelt setting, and a word that is no choice', () => {
  // @ts-expect-error -- HOLD_MS is meant
  const misspelt: Settings = { ...base, HOLDMS: 1 };
  // @ts-expect-error -- incumbent or refuse
  const wrong: Settings = { ...base, SPLIT_BRAIN: 'ignore' };
  for (const settings of [misspelt, wrong]) throws(() => configFrom(settings, undefined), ConfigError);
});
