import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { serves, tellsVersion } from '../../../scripts/lib/build/verify.ts';

const folder = mkdtempSync(join(tmpdir(), 'verify-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let programs = 0;

function program(interpreter: string, text: string): string {
  const file = join(folder, `program${++programs}.mjs`);
  writeFileSync(file, `#!${interpreter}\n${text}\n`, { mode: 0o755 });
  return file;
}

const listen = `import { createServer } from 'node:net';
createServer().listen(process.env.LISTEN_PORT, process.env.LISTEN_HOST);`;

test('an executable that tells another version is just its runtime', () => {
  assert.equal(tellsVersion(program('/bin/sh', 'echo pg_gateway 0.1.0'), '0.1.0', folder), undefined);
  const wrong = tellsVersion(program('/bin/sh', 'echo 1.4.5'), '0.1.0', folder);
  assert.equal(wrong, '--version should print 0.1.0, and ended with exit code 0 and: 1.4.5');
  assert.match(tellsVersion(program('/bin/sh', 'echo 0.1.0; exit 3'), '0.1.0', folder) ?? '', /exit code 3/);
  assert.match(tellsVersion(join(folder, 'nothing'), '0.1.0', folder) ?? '', /ENOENT/);
});

test('an executable serves if a client can connect and SIGTERM ends it well', async () => {
  const file = program(process.execPath, `process.on('SIGTERM', () => process.exit(0));\n${listen}`);
  assert.equal(await serves(file, folder), undefined);
});

test('an executable that ends instead of serving is told with its log', async () => {
  const wrong = await serves(program('/bin/sh', 'echo no worker; exit 3'), folder);
  assert.match(wrong ?? '', /it ended with exit code 3 instead of serving:\nno worker/);
  assert.match(await serves(join(folder, 'nothing'), folder) ?? '', /ENOENT/);
});

test('an executable that dies of SIGTERM does not stop well', async () => {
  const wrong = await serves(program(process.execPath, listen), folder);
  assert.match(wrong ?? '', /SIGTERM should end it with exit code 0, not SIGTERM/);
});
