/** Nothing that the program writes, shows or tells holds a secret: each has a mark, which is looked for everywhere. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { selfSigned } from '../bed/certificate.ts';
import { clientOf } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { type GatewayProcess, patient, programCommand, runProgram, startGateway } from '../bed/gateway.ts';
import { waitFor } from '../bed/wait-for.ts';

const password = 'Mark-probe';
const token = 'Mark-token';
const marked = /Mark-\w+/g;

const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
const path = (name: string): string => join(folder, name);
after(() => rmSync(folder, { recursive: true }));

/** Where a secret may be looked for later, and what was found there: by a name for the person who reads a failure. */
const told = new Map<string, string>();
const tell = (where: string, text: string): void => void told.set(where, `${told.get(where) ?? ''}${text}`);

const key = selfSigned();
/** A line from the middle of the key: nothing else has it. */
const keyLine = key.key.split('\n')[5]!;

function leaks(): readonly string[] {
  return [...told].flatMap(([where, text]) =>
    [...text.matchAll(marked)].map(([mark]) => `${where}: ${mark}`).concat(
      text.includes(keyLine) ? [`${where}: a private key`] : [],
    )
  );
}

async function run(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout, stderr } = await runProgram(args, env);
  tell(`${args[0]} ${Object.values(env).join(' ').replace(marked, '')}`, `${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

describe('secrets', () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  const control = path('control.sock');
  const file = path('gateway.conf');

  /** The file of settings that counts, with these instead of those that it has by default. */
  const configure = (change: Record<string, string>): void => {
    const all: Record<string, string> = {
      ...patient,
      CANDIDATES: cluster.candidates,
      PGUSER: 'postgres',
      PGPASSWORD: password,
      PGSSLMODE: 'require',
      PGSSLCERT: path('crt'),
      PGSSLKEY: path('key'),
      METRICS_TOKEN: token,
      REFUSAL_CERT_FILE: path('crt'),
      REFUSAL_KEY_FILE: path('key'),
      LOG_LEVEL: 'debug',
      LOG_CONNECTIONS: 'all',
      DRILLS: 'on',
      ...change,
    };
    writeFileSync(file, Object.entries(all).map(([name, value]) => `${name}=${value}\n`).join(''));
  };
  const obey = (...args: string[]) => run([...args, '--control-socket', control]);
  const get = async (page: string, headers: Record<string, string>): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${gateway.metricsPort}${page}`, { headers });
    const text = `${JSON.stringify([...answer.headers])} ${await answer.text()}`;
    tell(`GET ${page} ${answer.status}`, text);
    return text;
  };

  before(async () => {
    cluster = await startCluster({
      tls: true,
      password,
      hba: ['host all told 127.0.0.0/8 password'],
    });
    await cluster.first.query("create role told login password 'Mark-client'");
    writeFileSync(path('crt'), key.certificate);
    writeFileSync(path('key'), key.key);
    configure({});
    gateway = await startGateway({
      CONFIG_FILE: file,
      CONTROL_SOCKET: control,
      REPLICA_PORT: '0',
      PGUSER: '',
    });
    // So all of them count: the probe has logged in, and the port wants its token.
    await gateway.routesTo(cluster.first.port);
    equal((await fetch(`http://127.0.0.1:${gateway.metricsPort}/status`)).status, 401);
  });
  after(async () => {
    await gateway?.stop();
    await cluster?.close();
  });

  test('of clients pass through and are nowhere, right or wrong, in clear text', async () => {
    const right = clientOf(gateway.port, { user: 'told', password: 'Mark-client' });
    await right`select 1`;
    const wrong = clientOf(gateway.port, { user: 'told', password: 'Mark-wrong' });
    await wrong`select 1`.catch(() => {});
    await obey('clients');
    await obey('clients', '--json');
    await Promise.all([right.end({ timeout: 0 }), wrong.end({ timeout: 0 })]);
    deepEqual(leaks(), []);
  });

  test('are on no page, with the token, without it, and with a wrong one', async () => {
    const authorization = `Bearer ${token}`;
    const missing = await get('/nowhere', { authorization });
    const pages = (/there is (\/[^\n]*)\.\n/.exec(missing.split('here; ')[1] ?? '')?.[1] ?? '').split(', ');
    ok(pages.length > 8 && pages.includes('/metrics'), missing);
    const candidate = encodeURIComponent(cluster.first.address);
    for (const page of pages.map((page) => page.replace('NAME', candidate))) {
      await get(page, { authorization });
    }
    await get('/status', { authorization: 'Bearer Mark-other' });
    await get('/status?token=x', {});
    deepEqual(leaks(), []);
  });

  test('are in no answer of a command', async () => {
    const asking = [
      ['status'],
      ['status', '--json'],
      ['explain'],
      ['explain', '--json'],
      ['health'],
      ['evidence'],
      ['evidence', '--mask'],
      ['log-level', 'debug'],
      ['pause', '--timeout', '5s'],
      ['resume'],
      ['reload'],
      ['drill', 'fence'],
      ['forget-system'],
      ['forget-timeline'],
      ['kill', '127.0.0.1:1'],
    ];
    for (const args of asking) await obey(...args);
    const env = { CONFIG_FILE: file };
    const [all] = await Promise.all([
      run(['config'], env),
      run(['config', '--json'], env),
      run(['config', '--check'], env),
      run(['check'], env),
    ]);
    match(all, /PGPASSWORD +\(not shown\)/);
    match(all, /METRICS_TOKEN +\(not shown\)/);
    deepEqual(leaks(), []);
  });

  test('are in none of the log when the probe is rejected, and in no answer to a reload', async () => {
    const rejections = () => gateway.log.filter(({ event }) => event === 'candidate_rejecting').length;
    const before = rejections();
    configure({ PGPASSWORD: 'Mark-rejected' });
    match(await obey('reload'), /PGPASSWORD +\(not shown\)/);
    await waitFor('the rejection', () => rejections() > before);
    await obey('explain');
    await run(['check'], { CONFIG_FILE: file });
    writeFileSync(path('password'), 'Mark-password-file\n');
    configure({ PGPASSWORD: '', PGPASSWORD_FILE: path('password') });
    await obey('reload');
    writeFileSync(path('pgpass'), '*:*:*:*:Mark-passfile\nMark-broken\n', { mode: 0o600 });
    configure({ PGPASSWORD: '', PGPASSFILE: path('pgpass') });
    await obey('reload');
    writeFileSync(path('token'), 'Mark-new-token');
    configure({ METRICS_TOKEN: '', METRICS_TOKEN_FILE: path('token') });
    await obey('reload');
    tell('the log', gateway.said());
    deepEqual(leaks(), []);
  });

  test('are in no message about what cannot be used', async () => {
    writeFileSync(path('no-key'), 'Mark-no-key');
    writeFileSync(path('no-token'), 'Mark-no-token with blanks\n');
    const wrong: Record<string, string>[] = [
      { PGPASWORD: 'Mark-misspelt' },
      { PGPASSWORD: '"Mark-unclosed' },
      { PGPASSWORD: 'a#Mark-comment' },
      { PGPASSWORD: '"a" Mark-behind' },
      { METRICS_TOKEN: '"Mark-no token"' },
      { METRICS_TOKEN: '', METRICS_TOKEN_FILE: path('no-token') },
      { PGPASSWORD_FILE: path('password') },
      { CANDIDATES: 'postgres://u:Mark-url@db/x' },
      { CANDIDATES: 'host=db password=Mark-words' },
      { PGDATABASE: 'postgres://u:Mark-database@db/x' },
      { PGUSER: 'user password=Mark-user' },
      { DNS_SERVERS: 'postgres://u:Mark-dns@db' },
      { METRICS_HOST: 'http://u:Mark-host@db' },
      { 'PGPASSWORD: Mark-colon': '' },
      { PGSSLKEY: path('no-key') },
      { PGSSLROOTCERT: path('no-key'), PGSSLMODE: 'verify-ca' },
      { REFUSAL_KEY_FILE: path('no-key') },
    ];
    for (const change of wrong) {
      configure(change);
      await obey('reload');
    }
    tell('the log', gateway.said());
    const toml = [
      'PGPASSWORD = Mark-bare',
      "PGPASSWORD = 'Mark-open",
      'Mark-alone',
      "PGPASSWORD = { a = 'Mark-table' }",
    ];
    await Promise.all([
      ...toml.map((text, index) => {
        writeFileSync(path(`${index}.toml`), `CANDIDATES = "db"\n${text}\n`);
        return run(['config'], { CONFIG_FILE: path(`${index}.toml`) });
      }),
      run(['postgres://u:Mark-argument@db/x'], { CANDIDATES: 'db' }),
      run(['--pgpassword', 'Mark-flag'], { CANDIDATES: 'db' }),
      run(['--metrics-token=Mark-flag'], { CANDIDATES: 'db' }),
      run(['config'], { CANDIDATES: 'db', METRICS_PORT: 'tcp://u:Mark-service@db:1' }),
      // A server that is not there is told with its certificate and key in vain.
      run(['check'], {
        CANDIDATES: cluster.candidates,
        PGPASSWORD: 'Mark-env',
        PGSSLCERT: path('crt'),
        PGSSLKEY: path('no-key'),
      }),
    ]);
    deepEqual(leaks(), []);
  });

  test('are not in what the system shows of the process, and its environment to nobody else', {
    skip: process.platform === 'linux' ? false : 'it is read in /proc',
  }, () => {
    const own = `/proc/${gateway.pid}`;
    const texts = ['cmdline', 'comm', 'status', 'limits', 'maps'].map((name) => `${own}/${name}`);
    const threads = readdirSync(`${own}/task`).map((id) => `${own}/task/${id}/comm`);
    for (const name of [...texts, ...threads]) tell(name, readFileSync(name, 'latin1'));
    // The secrets of a file are in it only.
    tell('environ', readFileSync(`${own}/environ`, 'latin1'));
    if (process.getuid?.() === 0) {
      const { status, stderr } = spawnSync('setpriv', [
        ...['--reuid', '65534', '--regid', '65534', '--clear-groups', '--', 'cat', `${own}/environ`],
      ], { encoding: 'utf8' });
      equal(status, 1);
      match(stderr, /Permission denied/);
    }
    deepEqual(leaks(), []);
  });

  test('are not in what a crash of the runtime prints, and it is told to nobody', {
    skip: process.platform === 'linux' ? false : 'elsewhere Bun tells its makers: docs/security.md',
  }, async () => {
    // What Bun sends a report with.
    writeFileSync(path('curl'), `#!/bin/sh\necho called > ${path('called')}\n`, { mode: 0o755 });
    const env = {
      ...{ PATH: `${folder}:${process.env['PATH']}`, CANDIDATES: '127.0.0.1:1', PGUSER: 'postgres' },
      ...{ PGPASSWORD: 'Mark-crash', METRICS_TOKEN: token, LISTEN_HOST: '127.0.0.1', CONTROL_SOCKET: 'off' },
      ...{ LISTEN_PORT: '0', METRICS_PORT: '0' },
    };
    // Without a core, whatever the limits of this machine are.
    const child = spawn('/bin/sh', ['-c', 'ulimit -c 0; exec "$@"', 'sh', ...programCommand], { env });
    let said = '';
    child.stderr.on('data', (chunk) => said += chunk);
    await waitFor('the program to listen', () => said.includes('"event":"listening"') || undefined);
    child.kill('SIGSEGV');
    await new Promise((resolve) => child.once('close', resolve));
    match(said, /crashed|panic/);
    tell('a crash', said);
    ok(!existsSync(path('called')), 'the crash was told to somebody');
    deepEqual(leaks(), []);
  });

  test('are not in its last words', async () => {
    await obey('drain');
    await gateway.exited;
    tell('the log', gateway.said());
    deepEqual(leaks(), []);
    ok([...told.values()].join('').length > 100_000, 'hardly anything was looked at');
  });
});
