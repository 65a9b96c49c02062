/** The configuration: a file in both forms, and each setting. Only ConfigError comes of it, with sentences for people. */
import { parseEnv } from 'node:util';
import { readConfigFile } from '../../../../src/config/config-file.ts';
import type { Config } from '../../../../src/config/config.ts';
import { settingNames, settings } from '../../../../src/config/settings.ts';
import { ConfigError } from '../../../../src/errors.ts';
import { configured } from '../../../../test/config/sources.ts';
import { attempted, bytesOfText, must, type Target, textOf } from '../target.ts';

const files = [
  'src/config/config-file.ts',
  'src/config/sources.ts',
  'src/config/config.ts',
  'src/config/setting-types.ts',
  'src/config/units.ts',
];
const words = [
  ...[
    'HOLD_MS',
    'CANDIDATES',
    'LISTEN_PORT',
    'PGPASSWORD',
    '__proto__',
    'constructor',
    'export ',
    '=',
    '#',
    ' #',
    '"',
    "'",
    '`',
    '\n',
    '\r',
    '\\',
  ],
  ...[
    '10s',
    '16MB',
    '1e9',
    '-1',
    '99999999999',
    'off',
    'on',
    'auto',
    '[',
    ']',
    '{',
    '}',
    '[[a]]',
    '"""',
    '\ufeff',
    '\u2028',
    'true',
    '1979-05-27',
    'a.b',
    ',',
  ],
];

function checkFile(path: string, text: string): void {
  const { values, problems } = readConfigFile(path, text);
  const lines = text.split('\n').length;
  for (const { name, text, line } of values) {
    must(typeof name === 'string' && typeof text === 'string', 'a value is a text');
    must(line >= 1 && line <= lines, 'a value has a line of the file');
  }
  for (const { line, what } of problems) {
    must(line >= 1 && line <= lines, 'a problem has a line of the file');
    must(what !== '', 'a problem is told');
  }
  read(() => configured({ env: { CONFIG_FILE: path }, files: { [path]: text } }));
}

function read(work: () => Config): void {
  try {
    const { listen, data } = work();
    must(
      listen.port >= 0 && listen.port <= 65_535 && Number.isFinite(data.holdMs),
      'numbers are within their bounds',
    );
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    must(error.problems.length > 0 && error.problems.every((problem) => problem !== ''), 'problems are told');
  }
}

export const configEnv: Target = {
  name: 'config-env',
  files,
  seeds: bytesOfText(
    'CANDIDATES=db1,db2\nHOLD_MS=5s\n# comment\nexport LISTEN_PORT="6432" # why\n',
    "PGPASSWORD='a#b'\nWEIGHTS=db1=1,db2=2\r\nLOG_FORMAT=json\n",
    'DNS_SERVERS=10.0.0.10,[::1]:53\nMETRICS_PORT=off\nWORKERS=auto\nMAX_SESSIONS=off',
  ),
  words,
  share: 3,
  check(bytes) {
    checkFile('gateway.env', textOf(bytes));
  },
};

export const configToml: Target = {
  name: 'config-toml',
  files: ['src/config/config-file.ts'],
  seeds: bytesOfText(
    'candidates = ["db1", "db2:5433"]\nhold-ms = "10s"\nlisten-port = 6432\n# comment\n',
    '"METRICS_PORT" = "off"\nprewarm = 2\nstandby_port = 5433\nlog-connections = true\n',
    '[table]\nx = 1979-05-27T07:32:00Z\n[[list]]\ny = """\nz"""\n',
  ),
  words,
  share: 3,
  check(bytes) {
    checkFile('gateway.toml', textOf(bytes));
  },
};

const examples = settingNames.flatMap((name, index) => {
  const { fallback = '', words = [] } = settings[name] as {
    fallback?: string | undefined;
    words?: readonly string[];
  };
  return [fallback, ...words].map((text) => Uint8Array.of(index, ...new TextEncoder().encode(text)));
});

/** The first byte says which. */
export const setting: Target = {
  name: 'setting',
  files: [
    'src/config/setting-types.ts',
    'src/config/settings.ts',
    'src/config/units.ts',
    'src/cluster/weights.ts',
  ],
  seeds: examples,
  words: [
    ...words,
    'db1=1',
    '10ms',
    '0.5s',
    '1h',
    '1TB',
    '127.0.0.1',
    '[::1]:53',
    '::',
    '/run',
    'scram-sha-256',
    '!',
  ],
  share: 3,
  check([which = 0, ...rest]) {
    const name = settingNames[which % settingNames.length]!;
    const text = textOf(Uint8Array.from(rest));
    try {
      const value: unknown = settings[name].parse(text);
      must(
        typeof value !== 'number' || Number.isFinite(value),
        `${name} is a number that can be counted with`,
      );
    } catch (error) {
      must(
        (error as Error).constructor === Error && /^[a-z]/.test((error as Error).message),
        `${name}: ${String(error)}`,
      );
    }
    read(() => configured({ env: { [name]: text } }));
  },
};

/** What a person writes with quotes is what the program reads. */
export const configLine: Target = {
  name: 'config-line',
  files: ['src/config/config-file.ts'],
  seeds: bytesOfText('secret', 'a#b', 'a "b" c', ' x ', '$HOME', 'a\\nb'),
  words: ['#', '"', "'", '`', '\\n', ' ', '$'],
  share: 3,
  check(bytes) {
    const text = textOf(bytes).replace(/[\r\n\0]/g, '');
    for (const quote of ["'", '"', '`']) {
      // Between double quotes \n is a new line.
      if (text.includes(quote) || (quote === '"' && text.includes('\\n'))) continue;
      const { values, problems } = readConfigFile('x.env', `PGPASSWORD=${quote}${text}${quote}`);
      must(
        problems.length === 0 && values[0]?.text === text,
        `between ${quote} it is ${JSON.stringify(values[0]?.text)} instead of ${JSON.stringify(text)}`,
      );
    }
    const line = `PGPASSWORD=${text}`;
    const { values: [plain] } = readConfigFile('x.env', line);
    must(
      plain === undefined || plain.text === attempted(() => parseEnv(line))?.['PGPASSWORD'],
      'a line is what Node takes it for',
    );
  },
};
