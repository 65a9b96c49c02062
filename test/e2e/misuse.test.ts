import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startCluster } from '../bed/cluster.ts';
import { gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { freePort } from '../bed/ports.ts';

/** Enough to be a valid configuration. */
const good = { CANDIDATES: '127.0.0.1:1', PGUSER: 'postgres' };

describe(`misuse on ${gatewayRuntime}`, () => {
  let folder: string;
  let busy: Server;
  let busyPort: number;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pg_gateway-misuse-'));
    busy = createServer();
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    busyPort = (busy.address() as { port: number }).port;
  });

  after(async () => {
    busy?.close();
    await rm(folder, { recursive: true, force: true });
  });

  for (
    const [what, args, env, code, message] of [
      ['no candidates', [], {}, 2, /CANDIDATES is not set: name the servers/],
      [
        'a malformed candidate',
        [],
        { ...good, CANDIDATES: 'db1:x' },
        2,
        /CANDIDATES: "db1:x" is not host:port/,
      ],
      [
        'an IPv6 address without brackets',
        [],
        { ...good, CANDIDATES: 'fe80::1' },
        2,
        /write it in brackets, \[fe80::1\]/,
      ],
      [
        'an unknown flag',
        ['--holdms', '5'],
        good,
        2,
        /--holdms is no flag of pg_gateway; did you mean --hold-ms\?/,
      ],
      ['a flag without its value', ['--hold-ms'], good, 2, /--hold-ms needs a value/],
      ['a value that is no number', ['--hold-ms', 'soon'], good, 2, /--hold-ms soon is not a whole number/],
      [
        'a port that there is not',
        [],
        { ...good, LISTEN_PORT: '70000' },
        2,
        /LISTEN_PORT=70000 is not a whole number from 0 to 65535/,
      ],
      ['one argument too many', ['127.0.0.1', '6432', 'x'], good, 2, /"x" is one argument too many/],
      ['a port without an address', ['6432'], good, 2, /"6432" looks like a port/],
      [
        'a standby port that is the metrics port by default',
        [],
        { ...good, REPLICA_PORT: '6433', METRICS_PORT: '' },
        2,
        /REPLICA_PORT and METRICS_PORT \(by default\) are both 6433: give each a port of its own/,
      ],
      ['a password as a flag', ['--pgpassword', 'sesame'], good, 2, /set PGPASSWORD or PGPASSWORD_FILE/],
      [
        'an unreadable password file',
        [],
        { ...good, PGPASSWORD_FILE: '/nonexistent' },
        2,
        /PGPASSWORD_FILE=\/nonexistent cannot be read \(ENOENT\)/,
      ],
      ['an unknown sslmode', [], { ...good, PGSSLMODE: 'maybe' }, 2, /PGSSLMODE=maybe is none of disable/],
      [
        'a missing configuration file',
        ['--config-file', '/nonexistent'],
        good,
        2,
        /CONFIG_FILE=\/nonexistent cannot be read/,
      ],
      [
        'a connection URL as the first argument',
        ['postgres://app:sesame@db/x'],
        good,
        2,
        /--listen-host postgres:\/\/app:\*\*\*@db\/x is a connection string: .*PGPASSWORD_FILE/,
      ],
      [
        'a list of parameters as a candidate',
        [],
        { ...good, CANDIDATES: 'host=db password=sesame' },
        2,
        /CANDIDATES: "host=db password=\*\*\*" cannot be a host name/,
      ],
      ['half a certificate', [], { ...good, REFUSAL_CERT_FILE: '/etc/hostname' }, 2, /belong together/],
      [
        'a listen address that this machine has not',
        ['203.0.113.1', '6432'],
        good,
        1,
        /203\.0\.113\.1:6432: this machine has no such address/,
      ],
    ] as const
  ) {
    test(`${what} is told, with the exit code ${code}`, async () => {
      const { METRICS_PORT = '0', ...settings }: Record<string, string> = env;
      const result = await runProgram(args, { ...settings, METRICS_PORT });
      assert.match(result.stderr, message);
      assert.equal(result.code, code, result.stderr);
      assert.ok(!result.stderr.includes('sesame'), 'a secret is repeated');
      assert.doesNotMatch(result.stderr, /\n +at /, 'a stack trace is no message');
    });
  }

  test('the help that is named is that of the command', async () => {
    assert.match((await runProgram(['demo', '--holdms', '5'])).stderr, /^pg_gateway demo --help lists/m);
    assert.match((await runProgram(['--holdms', '5'])).stderr, /^pg_gateway --help lists/m);
  });

  test('all that is wrong is told at once', async () => {
    const { stderr } = await runProgram(['--fail-after', '0'], { LISTEN_PORT: 'x', PGUSER: 'a' });
    assert.match(stderr, /--fail-after 0/);
    assert.match(stderr, /LISTEN_PORT=x/);
    assert.match(stderr, /CANDIDATES is not set/);
  });

  test('a port in use is told for clients, metrics, and several workers', async () => {
    const listen = { ...good, LISTEN_HOST: '127.0.0.1', LISTEN_PORT: String(busyPort), METRICS_PORT: '0' };
    for (const env of [listen, { ...listen, NUM_THREADS: '2' }, { ...listen, NUM_THREADS: '0' }]) {
      const { code, stderr } = await runProgram([], env);
      assert.equal(code, 1, stderr);
      assert.match(
        stderr,
        new RegExp(`cannot listen on 127\\.0\\.0\\.1:${busyPort}: something listens there already`),
      );
      assert.match(stderr, /set LISTEN_PORT/);
    }
    const metrics = { ...listen, LISTEN_PORT: '0', METRICS_PORT: String(busyPort) };
    const { code, stderr } = await runProgram([], metrics);
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`cannot serve metrics on 127\\.0\\.0\\.1:${busyPort}.*METRICS_PORT`));
  });

  test('a configuration file with a wrong line is refused with its number, a good one is obeyed', async () => {
    const path = join(folder, 'gateway.conf');
    await writeFile(path, '# comment\nHOLD_MSS=5\nsecret words\n');
    const bad = await runProgram(['--config-file', path], good);
    assert.equal(bad.code, 2);
    assert.match(bad.stderr, /gateway\.conf:2: HOLD_MSS is no setting of pg_gateway; did you mean HOLD_MS\?/);
    assert.match(bad.stderr, /gateway\.conf:3: this is not NAME=value/);
    assert.ok(!bad.stderr.includes('secret'));
    const port = await freePort();
    await writeFile(
      path,
      `CANDIDATES="127.0.0.1:1"\nMETRICS_PORT=0\nLISTEN_PORT=${port}\nLISTEN_HOST=203.0.113.1\n`,
    );
    const gateway = await startGateway({
      CONFIG_FILE: path,
      CANDIDATES: '',
      METRICS_PORT: '',
      LISTEN_PORT: '',
    });
    assert.equal(gateway.port, port, 'the file sets the port, the environment the host');
    await gateway.stop();
  });

  test('a name that does not resolve is a warning, and the others are served', async () => {
    const cluster = await startCluster();
    const gateway = await startGateway({
      CANDIDATES: `no-such-host.invalid:5432,${cluster.candidates}`,
      ...patient,
    });
    await gateway.routesTo(cluster.first.port);
    assert.match(
      await noteOf('no-such-host.invalid:5432', ['check'], {
        CANDIDATES: `no-such-host.invalid:5432,${cluster.candidates}`,
        ...patient,
      }),
      /does not resolve/,
    );
    await gateway.stop();
    await cluster.close();
  });

  test('a wrong password is told by candidate and setting, without the password', async () => {
    const cluster = await startCluster({ password: 'right' });
    const env = { CANDIDATES: cluster.candidates, PGUSER: 'postgres', PGPASSWORD: 'sesame', ...patient };
    assert.match(await noteOf(cluster.first.address, ['check'], env), /password.*PGPASSWORD/i);
    const passfile = join(folder, 'pgpass');
    await writeFile(passfile, `127.0.0.1:*:*:postgres:right\n`);
    await chmod(passfile, 0o600);
    const { code, stdout } = await runProgram(['check'], { ...env, PGPASSWORD: '', PGPASSFILE: passfile });
    assert.equal(code, 0, stdout);
    await cluster.close();
  });

  test('a candidate that is not PostgreSQL is named as such', async () => {
    const stranger = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as { port: number };
    assert.match(
      await noteOf(`127.0.0.1:${port}`, ['check'], { CANDIDATES: `127.0.0.1:${port}`, ...patient }),
      /PostgreSQL/,
    );
    stranger.close();
  });

  test('without PGUSER the probe asks as the user whose process it is, whatever USER says', async () => {
    const { stdout: name } = spawnSync('id', ['-un'], { encoding: 'utf8' });
    for (const USER of ['', 'somebody-else']) {
      const { stderr } = await runProgram(['check'], { CANDIDATES: '127.0.0.1:1', USER });
      assert.match(stderr, new RegExp(`^Asking 1 candidate as ${name.trim()} `, 'm'));
    }
  });

  test('--help and --version suffice to begin', async () => {
    const help = await runProgram(['--help']);
    assert.equal(help.code, 0);
    for (const word of ['Usage: pg_gateway', 'CANDIDATES=', '--hold-ms', 'check']) {
      assert.ok(help.stdout.includes(word), word);
    }
    const version = await runProgram(['--version']);
    assert.match(version.stdout, /^pg_gateway \d+\.\d+\.\d+\n$/);
  });

  /** What the table of `check` says of a candidate; no secret may be in it. */
  async function noteOf(candidate: string, args: string[], env: Record<string, string>): Promise<string> {
    const { stdout, stderr } = await runProgram(args, { PGUSER: 'postgres', ...env });
    assert.ok(!`${stdout}${stderr}`.includes('sesame'), 'a secret is repeated');
    return stdout.split('\n').find((line) => line.startsWith(candidate)) ?? `${stdout}${stderr}`;
  }
});
