/** `pg_gateway convert`: any haproxy.cfg is converted, or told what is wrong with it; the result reads back as the settings. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertText } from '../../../../src/cli/convert/convert.ts';
import { render } from '../../../../src/cli/convert/render.ts';
import { readConfigFile } from '../../../../src/config/config-file.ts';
import { ConfigError } from '../../../../src/errors.ts';
import { configured } from '../../../../test/config/sources.ts';
import { attempted, must, mustEqual, type Target, textOf } from '../target.ts';

const root = join(import.meta.dirname, '../../../..');
const source = 'src/cli/convert';
const fixtures = join(root, 'test/cli/convert/fixtures');

export const haproxy: Target = {
  name: 'haproxy',
  files: readdirSync(join(root, source)).map((file) => `${source}/${file}`),
  seeds: readdirSync(fixtures).filter((name) => name.endsWith('.cfg')).map((name) =>
    new Uint8Array(readFileSync(join(fixtures, name)))
  ),
  words: [
    ...[
      'listen x',
      'frontend x',
      'backend x',
      'defaults',
      'global',
      'resolvers r',
      'bind *:5000',
      'bind :::5000',
      'server a 10.0.0.1:5432 check port 8008',
      'no option',
      'default_backend x',
    ],
    ...[
      '\n',
      '\n  ',
      ' ',
      '"',
      "'",
      '\\',
      '#',
      '$',
      '${A}',
      '${A-b}',
      '"$A"',
      'from x',
      'inter 1s',
      'fall 3',
      'maxconn 100',
      'backup',
      'weight 0',
      'option httpchk /primary',
      'http-check expect status 200',
    ],
    ...[
      'tcp-check expect string x',
      'on-marked-down shutdown-sessions',
      'timeout connect 4s',
      'mode tcp',
      'stats enable',
      'server-template s 1-3 _pg._tcp.x:5432',
      '1-99999999',
      'setenv A b',
      'use_backend x if y',
      '\u2028',
      '\x1b',
      '.if',
      '{{',
    ],
  ],
  share: 2,
  mostBytes: 6_000,
  check(bytes) {
    const text = textOf(bytes);
    const { gateways, problems } = convertText(
      text,
      { primary: [], replicas: [] },
      (name) => name === 'A' ? 'a\nb' : undefined,
    );
    must(problems.every(({ line, what }) => line >= 1 && what !== ''), 'a problem is told with its line');
    if (problems.length > 0) return;
    for (const gateway of gateways) {
      const made = render(gateway, 'haproxy.cfg');
      const { values, problems } = readConfigFile('made.env', made);
      const wanted = gateway.settings.filter(({ isProposal }) => !isProposal).map((
        { name, value },
      ) => [name, value]);
      if (problems.length > 0) continue;
      mustEqual(values.map(({ name, text }) => [name, text]), wanted, 'what is written is what was meant');
      attempted(
        () => configured({ env: { CONFIG_FILE: 'made.env' }, files: { 'made.env': made } }),
        ConfigError,
      );
    }
  },
};
