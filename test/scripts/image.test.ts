import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const repository = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'image-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs scripts/image where these tools are the first in PATH, each by what it does with its arguments. */
function image(tools: Record<string, string>, args: readonly string[], env: Record<string, string> = {}) {
  for (const [name, text] of Object.entries(tools)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
  const { status, stdout, stderr } = spawnSync(join(repository, 'scripts/image'), args, {
    env: { PATH: `${folder}:/usr/bin:/bin`, ...env },
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr };
}

const works = 'if [ "$1" != info ]; then printf "%s\\n" "$0" "$@"; fi';
const broken = 'exit 1';

test('a docker without its daemon gives way to the next tool', () => {
  const { said } = image({ docker: broken, podman: works, buildah: works }, []);
  assert.match(said, /^image: building pg_gateway with podman\n.*\/podman\nbuild\n/);
  assert.match(said, /\n-t\npg_gateway\n/);
});

test('the name, the base and options of the tool are handed on', () => {
  const { said } = image(
    { docker: works },
    ['here/gateway:1', '--build-arg', 'CA_CERT=line one\nline two'],
    { BASE: 'base@sha256:0' },
  );
  assert.match(said, /-t\nhere\/gateway:1\n/);
  assert.match(said, /\n--build-arg\nCA_CERT=line one\nline two\n--build-arg\nBASE=base@sha256:0\n/);
  assert.match(image({ docker: works }, ['--pull']).said, /-t\npg_gateway\n.*\n.*\n--pull\n/);
});

test('without any tool it says what to install', () => {
  const { status, said } = image({ docker: broken, podman: broken, buildah: broken }, []);
  assert.equal(status, 1);
  assert.match(said, /none of docker, podman and buildah works here/);
});

test('the help is the head of the script', () => {
  assert.match(image({}, ['--help']).said, /^Builds the container image.*\nUsage: scripts\/image \[name\]/);
});
