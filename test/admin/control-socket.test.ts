import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { CommandError, type Commands, MisusedCommand } from '../../src/admin/commands.ts';
import { clearDead, serveControlSocket } from '../../src/admin/control-socket.ts';

const base = mkdtempSync(join(tmpdir(), 'control-socket-'));
after(() => rmSync(base, { recursive: true }));

const commands: Commands = {
  look: { isChange: false, run: (args) => ({ seen: args }) },
  change: { isChange: true, run: () => ({}) },
  refuse: {
    isChange: true,
    run: () => {
      throw new CommandError('not now: say it later');
    },
  },
  misuse: {
    isChange: false,
    run: () => {
      throw new MisusedCommand('say it otherwise');
    },
  },
  fail: {
    isChange: false,
    run: () => {
      throw new Error('a fault');
    },
  },
};

function ask(path: string, name: string, body = '', method = 'POST') {
  return new Promise<{ status: number | undefined; answer: unknown }>((resolve, reject) => {
    const asked = request({ socketPath: path, path: `/${name}`, method, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => text += chunk);
      response.on('end', () => resolve({ status: response.statusCode, answer: JSON.parse(text) }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** A test with a socket of its own. */
function check(
  name: string,
  run: (path: string, logged: readonly string[]) => Promise<void>,
): void {
  test(name, { timeout: 30_000 }, async () => {
    const path = join(base, `${Math.random()}.sock`);
    const logged: string[] = [];
    const socket = await serveControlSocket(path, commands, (event, fields) => {
      logged.push(`${event} ${fields?.['command']} ${fields?.['args']}`);
    });
    try {
      await run(path, logged);
    } finally {
      socket.close();
    }
    assert.ok(!existsSync(path), 'the socket is left behind');
  });
}

describe('the control socket', () => {
  check('leaves nothing beside it of how it was made', (path) => {
    const own = readdirSync(base).filter((name) => join(base, name).startsWith(path));
    assert.deepEqual(own.map((name) => join(base, name)), [path]);
    return Promise.resolve();
  });

  check('is for this user and root alone', (path) => {
    assert.equal(statSync(path).mode & 0o777, 0o600);
    return Promise.resolve();
  });

  check('takes a command with its arguments, and without', async (path) => {
    assert.deepEqual(await ask(path, 'look', '{"a":1}'), { status: 200, answer: { seen: { a: 1 } } });
    assert.deepEqual(await ask(path, 'look'), { status: 200, answer: { seen: {} } });
  });

  check('logs what changes something, and nothing else', async (path, logged) => {
    await ask(path, 'look');
    await ask(path, 'change', '{"a":1}');
    assert.deepEqual(logged, ['command change {"a":1}']);
  });

  check(
    'logs arguments as they came: short, on one line, however deeply they are nested',
    async (path, logged) => {
      const deep = `{"a":\n${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
      assert.equal((await ask(path, 'change', deep)).status, 200);
      assert.equal(logged.length, 1);
      assert.match(logged[0]!, /^command change \{"a": \[{400,500}\.\.\.$/);
      assert.equal((await ask(path, 'look')).status, 200);
    },
  );

  check('says which commands there are to one who asks for another', async (path) => {
    const { status, answer } = await ask(path, 'constructor');
    assert.equal(status, 404);
    assert.match(JSON.stringify(answer), /no command of this gateway; there is look, change/);
  });

  check('passes on why a command is not obeyed, and tells a fault of its own from that', async (path) => {
    assert.deepEqual(await ask(path, 'refuse'), { status: 409, answer: { error: 'not now: say it later' } });
    assert.deepEqual(await ask(path, 'misuse'), { status: 400, answer: { error: 'say it otherwise' } });
    assert.deepEqual(await ask(path, 'fail'), { status: 500, answer: { error: 'unexpected: a fault' } });
  });

  for (const body of ['[]', 'null', '1', '{', '"a"']) {
    check(
      `takes no ${body} for arguments`,
      async (path) => assert.equal((await ask(path, 'look', body)).status, 400),
    );
  }

  check('takes a command only as a POST', async (path, logged) => {
    assert.equal((await ask(path, 'change', '', 'GET')).status, 405);
    assert.deepEqual(logged, []);
  });

  check('bounds what it is told', async (path) => {
    await assert.rejects(ask(path, 'look', `{"a":"${'x'.repeat(1_000_000)}"}`));
    assert.equal((await ask(path, 'look')).status, 200);
  });

  check('cannot be had where another gateway takes commands', async (path) => {
    await assert.rejects(serveControlSocket(path, commands, () => {}), /another gateway takes commands at/);
    assert.equal((await ask(path, 'look')).status, 200);
  });
});

describe('the place of a control socket', () => {
  /** As a gateway that is killed leaves it. */
  async function leaveBehind(path: string): Promise<void> {
    const program =
      'require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))';
    const killed = spawn(process.execPath, ['-e', program, path]);
    await new Promise((resolve) => killed.once('exit', resolve));
    assert.ok(statSync(path).isSocket());
  }

  test('that gateways on other ports have left behind is cleared away, and nothing else', async () => {
    const folder = mkdtempSync(join(base, 'dead-'));
    const [dead, living, file] = ['1.sock', '2.sock', '3.sock'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const other = join(folder, 'other');
    await leaveBehind(dead);
    await leaveBehind(other);
    writeFileSync(file, '');
    const socket = await serveControlSocket(living, commands, () => {});
    await clearDead(folder);
    assert.deepEqual(readdirSync(folder).filter((name) => !/\.\d+$/.test(name)).sort(), [
      '2.sock',
      '3.sock',
      'other',
    ]);
    assert.equal((await ask(living, 'look')).status, 200);
    socket.close();
  });

  test('that belongs to another user is left where it is', {
    skip: process.getuid?.() === 0 ? false : 'only root can make a socket of another user',
  }, async () => {
    const folder = mkdtempSync(join(base, 'theirs-'));
    const theirs = join(folder, '1.sock');
    await leaveBehind(theirs);
    chownSync(theirs, 65_534, 65_534);
    await clearDead(folder);
    assert.ok(existsSync(theirs));
  });

  test('that a killed gateway has left behind is taken again', async () => {
    const path = join(base, 'left.sock');
    await leaveBehind(path);
    const socket = await serveControlSocket(path, commands, () => {});
    assert.equal((await ask(path, 'look')).status, 200);
    socket.close();
  });

  test('that another gateway has taken over stays with it when the first one closes', async () => {
    const [path, next] = [join(base, 'over.sock'), join(base, 'next.sock')];
    const first = await serveControlSocket(path, commands, () => {});
    const second = await serveControlSocket(next, {
      ...commands,
      look: { isChange: false, run: () => 'second' },
    }, () => {});
    renameSync(next, path);
    first.close();
    assert.deepEqual(await ask(path, 'look'), { status: 200, answer: 'second' });
    second.close();
    rmSync(path, { force: true });
  });

  test('that another gateway is about to take over is left where it is', async () => {
    const path = join(base, 'left.sock');
    const first = await serveControlSocket(path, commands, () => {});
    first.leave();
    first.close();
    assert.ok(lstatSync(path).isSocket());
    const second = await serveControlSocket(path, commands, () => {});
    second.close();
    assert.throws(() => lstatSync(path), { code: 'ENOENT' });
  });

  test('that is a file keeps it', async () => {
    const path = join(base, 'file.sock');
    writeFileSync(path, 'precious');
    await assert.rejects(serveControlSocket(path, commands, () => {}), /is no socket: remove it/);
    assert.equal(statSync(path).size, 8);
  });
});
