import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { commands } from '../../../src/cli/commands.ts';
import { completionFor } from '../../../src/cli/completion/completion.ts';
import { settingNames } from '../../../src/config/settings.ts';
import { noPsql, psql, psqlPath } from '../../bed/clients.ts';
import { type Cluster, startCluster } from '../../bed/cluster.ts';
import { freePort } from '../../bed/ports.ts';
import { targetExecutable } from '../../bed/target-executable.ts';
import { waitFor } from '../../bed/wait-for.ts';
import { cleanEnv, execute, Machine, machineTrouble, makeRoot, removeRoot, type Result } from './machine.ts';

const repository = join(import.meta.dirname, '../../..');
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
/** Of all that is in the packages: 2026-01-02 03:04:05. */
const epoch = 1_767_323_045;

const settingsPath = '/etc/pg_gateway/pg_gateway.env';
const units = ['pg_gateway.service', 'pg_gateway.socket', 'pg_gateway-standby.socket'];
const has = (tool: string): boolean => spawnSync(tool, ['--version']).error === undefined;

describe('the packages', { skip: machineTrouble() ?? false }, () => {
  // On disk: a root folder has devices, which memory folders of build machines do not allow.
  const folder = mkdtempSync('/var/tmp/pgw-packages-');
  const root = join(folder, 'root');
  const deb = join(folder, `pg-gateway_${version}-1_amd64.deb`);
  const newer = join(folder, 'newer.deb');
  const rpm = join(folder, `pg-gateway-${version}-1.x86_64.rpm`);
  const packaging = [join(repository, 'scripts/package'), '--out', folder, '--arch', 'amd64'];
  const atEpoch = { ...process.env, SOURCE_DATE_EPOCH: String(epoch) };
  let machine: Machine;
  let cluster: Cluster;
  let lintian: Promise<Result>;
  let listenPort = 0;
  let metricsPort = 0;

  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  /** What a command prints that must succeed. */
  const output = (program: string, ...args: string[]): string => {
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    assert.equal(status, 0, error?.message ?? `${program} ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const there = (...command: string[]): string => {
    const { status, said } = machine.run(...command);
    assert.equal(status, 0, `${command.join(' ')}: ${said}`);
    return said.trim();
  };
  /** Of the service. */
  const property = (name: string): string =>
    there('systemctl', 'show', '--property', name, '--value', 'pg_gateway');
  const journal = (): string => machine.run('journalctl', '--no-pager', '-o', 'cat', '-u', 'pg_gateway').said;

  /** All that our name stands in, but for databases of packages. */
  const filesOfOurs = (): string[] =>
    ['etc', 'usr', 'run', 'var/lib/systemd', 'var/lib/dpkg/info'].flatMap((place) =>
      readdirSync(join(root, place), { recursive: true, encoding: 'utf8' }).map((path) => `/${place}/${path}`)
    ).filter((path) => /pg.gateway/.test(path)).sort();

  before(async () => {
    chmodSync(folder, 0o755);
    const made = execute([...packaging, '--format', 'deb', '--level', '0'], atEpoch).then(
      ({ status, said }) => {
        assert.equal(status, 0, said);
        // The executable's spelling is not ours, and to look at all of it takes most of the time.
        lintian = execute(['lintian', '-EI', '-X', 'binaries/spelling', deb], cleanEnv);
      },
    );
    const rpmMade = execute([...packaging, '--format', 'rpm', '--fast'], atEpoch).then(({ status, said }) =>
      assert.equal(status, 0, said)
    );
    [cluster, listenPort, metricsPort] = await Promise.all([
      startCluster(),
      freePort(),
      freePort(),
      makeRoot(root),
      made,
      rpmMade,
    ]);
    makeNewer();
    machine = await Machine.boot(root);
  });

  after(async () => {
    await machine?.end();
    await cluster?.close();
    await lintian;
    removeRoot(folder);
  });

  /** The same, as the next version, with settings that are others, too. */
  function makeNewer(): void {
    const contents = join(folder, 'newer');
    output('dpkg-deb', '--raw-extract', deb, contents);
    const change = (path: string, to: (text: string) => string): void =>
      writeFileSync(join(contents, path), to(readFileSync(join(contents, path), 'utf8')));
    change('DEBIAN/control', (text) => text.replace(/^Version: .*$/m, 'Version: 999-1'));
    change(settingsPath, (text) => `${text}# A new line.\n`);
    output('dpkg-deb', '--root-owner-group', '-Znone', '--build', contents, newer);
  }

  test('have every file in its place, with its owner, mode and time', () => {
    const listed = output('dpkg-deb', '--contents', deb).split('\n').map((line) =>
      /^-(\S+) (\S+)\s+\d+ (\S+ \S+) \.(.*)$/.exec(line)?.slice(1)
    ).filter((line) => line !== undefined);
    const common = [
      ['rw-r-----', settingsPath],
      ['rwxr-xr-x', '/usr/bin/pg_gateway'],
      ...units.map((unit) => ['rw-r--r--', `/usr/lib/systemd/system/${unit}`]),
      ['rw-r--r--', '/usr/lib/sysusers.d/pg_gateway.conf'],
      ['rw-r--r--', '/usr/share/bash-completion/completions/pg_gateway'],
      ['rw-r--r--', '/usr/share/fish/vendor_completions.d/pg_gateway.fish'],
      ['rw-r--r--', '/usr/share/man/man1/pg_gateway.1.gz'],
    ];
    const ofDeb = [
      ['rw-r--r--', '/usr/share/doc/pg-gateway/changelog.Debian.gz'],
      ['rw-r--r--', '/usr/share/doc/pg-gateway/changelog.gz'],
      ['rw-r--r--', '/usr/share/doc/pg-gateway/copyright'],
      ['rw-r--r--', '/usr/share/lintian/overrides/pg-gateway'],
      ['rw-r--r--', '/usr/share/zsh/vendor-completions/_pg_gateway'],
    ];
    assert.deepEqual(
      listed.map(([mode, , , path]) => [mode, path]).sort(byPath),
      [...common, ...ofDeb].sort(byPath),
    );
    for (const [, owner, at] of listed) assert.deepEqual([owner, at], ['root/root', localMinute(epoch)]);

    const ofRpm = [
      ['rw-r--r--', '/usr/share/doc/pg-gateway/CHANGELOG.md'],
      ['rw-r--r--', '/usr/share/licenses/pg-gateway/LICENSE'],
      ['rw-r--r--', '/usr/share/zsh/site-functions/_pg_gateway'],
    ];
    const format = '[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEMTIMES} %{FILENAMES}\\n]';
    const files = output('rpm', '-qp', '--queryformat', format, rpm).trim().split('\n').map((line) =>
      line.split(' ')
    )
      .filter(([mode]) => mode!.startsWith('-'));
    assert.deepEqual(
      files.map(([mode = '', , , path]) => [mode.slice(1), path]).sort(byPath),
      [...common, ...ofRpm].sort(byPath),
    );
    for (const [, owner, at, path] of files) {
      assert.deepEqual([owner, at], [path === settingsPath ? 'root:pg_gateway' : 'root:root', String(epoch)]);
    }
    const when = output(
      'rpm',
      '-qp',
      '--queryformat',
      '%{BUILDTIME} %{BUILDHOST} %{ARCH} %{VERSION}-%{RELEASE}',
      rpm,
    );
    assert.equal(when, `${epoch} reproducible x86_64 ${version}-1`);
  });

  test('are what lintian and rpmlint want, but for what is named with a reason', {
    skip: !(has('lintian') && has('rpmlint')) && 'not installed: lintian, rpmlint',
  }, async () => {
    const filters = join(repository, 'deploy/packages/rpm/pg-gateway.rpmlintrc');
    const { status, said } = await execute(['rpmlint', '-r', filters, rpm], cleanEnv);
    assert.match(said, / 0 errors, 0 warnings, 0 badness/);
    assert.equal(status, 0, said);
    const answer = await lintian;
    assert.doesNotMatch(answer.said, /^[EWIXPC]: /m);
    assert.equal(answer.status, 0, answer.said);
  });

  test('are for arm64, too', {
    skip: targetExecutable('linux-arm64').missing ?? false,
  }, async () => {
    const { status, said } = await execute([
      ...[
        join(repository, 'scripts/package'),
        '--arch',
        'arm64',
        '--format',
        'deb',
        '--level',
        '0',
        '--out',
        folder,
      ],
    ]);
    assert.equal(status, 0, said);
    const made = join(folder, `pg-gateway_${version}-1_arm64.deb`);
    assert.equal(output('dpkg-deb', '--field', made, 'Architecture').trim(), 'arm64');
    const place = join(folder, 'arm64');
    output('dpkg-deb', '--extract', made, place);
    // Of elf(5): 183 is AArch64.
    assert.equal(readFileSync(join(place, 'usr/bin/pg_gateway')).readUInt16LE(18), 183);
  });

  test('install on a bare system, make the user, and start nothing that has no settings yet', () => {
    const said = there('dpkg', '--install', deb.replace(folder, '/mnt'));
    assert.match(
      said,
      /is not started yet\. Set CANDIDATES.*pg_gateway\.env, then:\n {2}systemctl enable --now /,
    );
    assert.equal(there('pg_gateway', '--version'), `pg_gateway ${version}`);
    assert.equal(there('stat', '-c', '%a %U:%G', settingsPath), '640 root:pg_gateway');
    for (const unit of units) {
      assert.equal(machine.run('systemctl', 'is-enabled', unit).said.trim(), 'disabled');
      assert.equal(machine.run('systemctl', 'is-active', unit).said.trim(), 'inactive');
    }
    assert.equal(there('systemctl', 'list-units', '--failed', '--no-legend', 'pg_gateway*'), '');
    assert.equal(there('dpkg', '--verify', 'pg-gateway'), '');
  });

  test(
    'have units that systemd understands',
    { skip: !has('systemd-analyze') && 'no systemd-analyze' },
    () => {
      assert.equal(there('systemd-analyze', 'verify', '--man=no', ...units), '');
    },
  );

  test('have settings with every default in a comment, which as they are change nothing', () => {
    const text = read(settingsPath);
    const names = [...text.matchAll(/^#([A-Z_]+)=/gm)].map(([, name]) => name!);
    // The unit sets these two.
    const wanted = [...settingNames, 'PGPASSWORD'].filter((name) =>
      !['CONFIG_FILE', 'CONTROL_SOCKET'].includes(name)
    );
    assert.deepEqual(names.toSorted(), wanted.toSorted());
    assert.deepEqual(text.split('\n').filter((line) => !/^(#.*)?$/.test(line)), []);
    // With all of them set to what stands there it is as without, but for what has no default.
    const all = text.replace(/^#([A-Z_]+=.+)$/gm, '$1');
    const settings = ['CANDIDATES', 'PGUSER'];
    writeFileSync(join(root, 'tmp-all.env'), all);
    const given = JSON.parse(there('pg_gateway', 'config', '--json', '--config-file', '/tmp-all.env')) as {
      name: string;
      value: string | null;
    }[];
    const plain = JSON.parse(
      there(
        'env',
        'CANDIDATES=db1:5432,db2:5432,db3:5432',
        'PGUSER=gateway',
        'pg_gateway',
        'config',
        '--json',
      ),
    ) as typeof given;
    spawnSync('rm', [join(root, 'tmp-all.env')]);
    const others = (from: typeof given) =>
      from.filter(({ name }) => ![...settings, 'CONFIG_FILE'].includes(name)).map((
        { name, value },
      ) => [name, value]);
    assert.deepEqual(others(given), others(plain));
  });

  test('bring completions and the manual page of this program', () => {
    assert.equal(read('usr/share/bash-completion/completions/pg_gateway'), completionFor('bash', commands));
    assert.equal(read('usr/share/zsh/vendor-completions/_pg_gateway'), completionFor('zsh', commands));
    assert.equal(
      read('usr/share/fish/vendor_completions.d/pg_gateway.fish'),
      completionFor('fish', commands),
    );
    const page = output('zcat', join(root, 'usr/share/man/man1/pg_gateway.1.gz'));
    assert.ok(page.startsWith(`.TH PG_GATEWAY 1 2026-01-02 "pg_gateway ${version}"\n`), page.slice(0, 80));
  });

  describe('as a service', { skip: noPsql }, () => {
    const conninfo = () => `host=127.0.0.1 port=${listenPort} user=postgres dbname=postgres`;

    /** A session that goes on until it is told to end. */
    function openSession() {
      const child = spawn(psqlPath!, ['-X', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', conninfo()]);
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => said += bytes);
      return {
        /** Resolves once the answer is there. */
        ask: async (statement: string, answer: string) => {
          child.stdin.write(`${statement};\n`);
          await waitFor(`"${answer}"`, () => said.includes(answer), { evidence: () => said });
        },
        kill: () => child.kill('SIGKILL'),
        end: () =>
          new Promise<number | null>((resolve) => {
            child.once('close', resolve);
            child.stdin.end();
          }),
      };
    }

    test('start with the settings that are written there, and tell systemd so', async () => {
      const text = read(settingsPath);
      const mine = text
        .replace('#CANDIDATES=db1:5432,db2:5432,db3:5432', `CANDIDATES=${cluster.candidates}`)
        .replace('#PGUSER=gateway', 'PGUSER=postgres')
        .replace('#METRICS_PORT=6433', `METRICS_PORT=${metricsPort}`)
        // A busy machine may be slow to say its last words.
        .replace('#DRAIN_MS=10000', 'DRAIN_MS=25s');
      writeFileSync(join(root, settingsPath), mine);
      // As `systemctl edit pg_gateway.socket` does it.
      const place = join(root, 'etc/systemd/system/pg_gateway.socket.d');
      mkdirSync(place, { recursive: true });
      writeFileSync(
        join(place, 'override.conf'),
        `[Socket]\nListenStream=\nListenStream=127.0.0.1:${listenPort}\n`,
      );
      there('systemctl', 'daemon-reload');
      assert.match(
        there('pg_gateway', 'check', '--config-file', settingsPath),
        new RegExp(`^Primary: ${cluster.candidates}\\.$`, 'm'),
      );
      const { status, said } = machine.run(
        'systemctl',
        'enable',
        '--now',
        'pg_gateway.socket',
        'pg_gateway.service',
      );
      assert.equal(status, 0, said + journal());
      assert.equal((await psql(conninfo(), 'select 42')).stdout.trim(), '42');
      await waitFor('a status', () => property('StatusText').startsWith(`primary ${cluster.candidates}, `));
      const pid = property('MainPID');
      assert.equal(there('stat', '-c', '%U', `/proc/${pid}`), 'pg_gateway');
      const rights = there('cat', `/proc/${pid}/status`, `/proc/${pid}/limits`);
      for (
        const right of [
          /^CapEff:\s+0+$/m,
          /^CapBnd:\s+0+$/m,
          /^NoNewPrivs:\s+1$/m,
          /^Seccomp:\s+2$/m,
          /^Max core file size +0 +0 /m,
        ]
      ) assert.match(rights, right);
      assert.match(there('pg_gateway', 'status'), new RegExp(`^Primary: ${cluster.candidates} `, 'm'));
    });

    test('take changed settings with a reload', () => {
      const text = read(settingsPath);
      writeFileSync(join(root, settingsPath), text.replace('#HOLD_MS=10000', 'HOLD_MS=11s'));
      there('systemctl', 'reload', 'pg_gateway');
      assert.match(journal(), /HOLD_MS/);
      writeFileSync(join(root, settingsPath), text.replace('#HOLD_MS=10000', 'HOLD_MS=never'));
      assert.notEqual(machine.run('systemctl', 'reload', 'pg_gateway').status, 0);
      assert.match(journal(), /pg_gateway\.env:[0-9]+: HOLD_MS=never is not a whole number/);
      writeFileSync(join(root, settingsPath), text);
      there('systemctl', 'reload', 'pg_gateway');
    });

    test('drain at an upgrade: an open session goes on, a new client waits, and settings stay', async (t) => {
      const before = property('MainPID');
      const mine = read(settingsPath);
      const session = openSession();
      t.after(session.kill);
      await session.ask("begin; select 'in ' || 'a transaction'", 'in a transaction');
      const upgrade = machine.start('dpkg', '--force-confold', '--install', newer.replace(folder, '/mnt'));
      await waitFor('the old one to drain', () => property('ActiveState') === 'deactivating');
      const newcomer = psql(conninfo(), "select 'served'");
      // Beside the open session: it waits in the queue of the socket, which is systemd's.
      await waitFor('the new client to be connected', () => connectionsTo(listenPort) === 2);
      await session.ask("commit; select 'commit' || 'ted'", 'committed');
      assert.equal(await session.end(), 0);
      const { status, said } = await upgrade;
      assert.equal(status, 0, said);
      assert.doesNotMatch(said, /is not started yet/);
      assert.equal((await newcomer).stdout.trim(), 'served');
      assert.notEqual(property('MainPID'), before);
      assert.equal(property('ActiveState'), 'active');
      assert.equal(read(settingsPath), mine);
      assert.match(there('dpkg', '--status', 'pg-gateway'), /^Version: 999-1$/m);
      assert.equal(there('systemctl', 'is-enabled', 'pg_gateway.service'), 'enabled');
    });

    test('end when the package is removed, and leave the settings', () => {
      there('dpkg', '--remove', 'pg-gateway');
      assert.equal(
        machine.run('systemctl', 'is-active', 'pg_gateway.service', 'pg_gateway.socket').said.trim(),
        'inactive\ninactive',
      );
      assert.match(read(settingsPath), /^CANDIDATES=/m);
      assert.notEqual(machine.run('pg_gateway', '--version').status, 0);
    });
  });

  test('leave nothing behind when they are purged', () => {
    writeFileSync(join(root, 'etc/pg_gateway/client.key'), 'of an administrator');
    there('dpkg', '--purge', 'pg-gateway');
    assert.deepEqual(filesOfOurs(), []);
    for (const list of ['passwd', 'group', 'shadow', 'gshadow']) {
      assert.doesNotMatch(read(`etc/${list}`), /pg_gateway/, list);
    }
    assert.equal(there('systemctl', 'list-units', '--failed', '--no-legend', 'pg_gateway*'), '');
  });

  describe('for rpm', { skip: noPsql }, () => {
    /** Debian's rpm says each time that packages of Debian are to be preferred. */
    const rpmThere = (...args: string[]) => output('rpm', '--root', root, '--nodeps', ...args);
    /** Runs a script of the package where systemd is; `left` is how many versions of it there are after that. */
    const script = (name: string, left: number) => {
      const text = output('rpm', '-qp', '--queryformat', `%{${name}}`, rpm);
      return there('sh', '-ec', text, name, String(left));
    };

    test('install, and make the user whose group may read the settings', () => {
      assert.match(rpmThere('--install', rpm), /is not started yet\. Set CANDIDATES/);
      assert.equal(there('stat', '-c', '%a %U:%G', settingsPath), '640 root:pg_gateway');
      assert.equal(there('pg_gateway', '--version'), `pg_gateway ${version}`);
      assert.equal(rpmThere('--verify', '--nouser', '--nogroup', 'pg-gateway'), '');
    });

    test('have scripts that enable nothing by themselves, restart what runs, and stop and disable it in the end', () => {
      const presets = join(root, 'etc/systemd/system-preset');
      mkdirSync(presets, { recursive: true });
      // As Fedora has it.
      writeFileSync(join(presets, '99-default-disable.preset'), 'disable *\n');
      script('POSTIN', 1);
      assert.equal(
        machine.run('systemctl', 'is-enabled', ...units).said.trim(),
        'disabled\ndisabled\ndisabled',
      );

      const text = read(settingsPath);
      const mine = [`CANDIDATES=${cluster.candidates}`, 'PGUSER=postgres', `METRICS_PORT=${metricsPort}`];
      writeFileSync(join(root, settingsPath), `${text}\n${mine.join('\n')}\nLISTEN_PORT=${listenPort}\n`);
      const { status, said } = machine.run('systemctl', 'enable', '--now', 'pg_gateway.service');
      assert.equal(status, 0, said + journal());
      const before = property('MainPID');
      script('PREUN', 1);
      assert.equal(property('MainPID'), before, 'it goes on until the new one is there');
      script('POSTUN', 1);
      assert.equal(property('ActiveState'), 'active');
      assert.notEqual(property('MainPID'), before);

      script('PREUN', 0);
      assert.equal(property('ActiveState'), 'inactive');
      assert.equal(machine.run('systemctl', 'is-enabled', 'pg_gateway.service').said.trim(), 'disabled');
    });

    test('keep changed settings when they are erased, and nothing else', () => {
      output('rpm', '--root', root, '--erase', 'pg-gateway');
      assert.match(read(`${settingsPath}.rpmsave`), /^CANDIDATES=/m);
      assert.deepEqual(filesOfOurs(), ['/etc/pg_gateway', `${settingsPath}.rpmsave`]);
    });
  });
});

const byPath = (a: readonly (string | undefined)[], b: readonly (string | undefined)[]): number =>
  a[1]! < b[1]! ? -1 : 1;

/** How many clients have a connection to this port of 127.0.0.1, accepted or not: proc(5), /proc/net/tcp. */
function connectionsTo(port: number): number {
  const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const established = '01';
  return readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
    .filter(([, , to, state]) => to === remote && state === established).length;
}

/** As tar lists it. */
function localMinute(epoch: number): string {
  const date = new Date(epoch * 1000);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${
    two(date.getMinutes())
  }`;
}
