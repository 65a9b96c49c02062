/** `scripts/site`: the pages that .github/workflows/pages.yml publishes. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromJUnit } from '../test/report.ts';
import { attempt, readFlags } from '../usage.ts';
import { type BenchFacts, indexPage } from './index-page.ts';
import type { Subject } from './layout.ts';
import { testsPage } from './tests-page.ts';

const help = `scripts/site [--junit FILE] [--bench FOLDER] [--out FOLDER]

Makes pages of what was found: index.html, tests.html, and bench/. What is not there is said on the first page.

  --junit FILE     what scripts/test --junit has written (dist/test/junit.xml)
  --bench FOLDER   what scripts/bench --out has written (dist/bench)
  --out FOLDER     where the pages go (dist/site); what was in it is deleted
  --help
`;

const root = join(import.meta.dirname, '../../..');
const json = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

function subject(): Subject {
  const { version } = json<{ version: string }>(join(root, 'package.json'));
  const { repository } = json<{ repository: string }>(join(root, 'deploy/names.json'));
  const { status, stdout, stderr } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`git rev-parse HEAD: ${stderr}`);
  return { repository, version, revision: stdout.trim(), madeAt: new Date() };
}

function make(junit: string, bench: string, out: string): void {
  const about = subject();
  const suites = existsSync(junit) ? fromJUnit(readFileSync(junit, 'utf8')) : undefined;
  const results = join(bench, 'results.json');
  const facts = existsSync(results) ? json<BenchFacts>(results) : undefined;
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'index.html'), indexPage(suites, facts, about));
  if (suites !== undefined) writeFileSync(join(out, 'tests.html'), testsPage(suites, about));
  if (facts !== undefined) {
    for (const name of ['index.html', 'results.json']) cpSync(join(bench, name), join(out, 'bench', name));
  }
  console.log(
    `${out}: tests ${suites === undefined ? 'none' : 'yes'}, benchmark ${
      facts === undefined ? 'none' : 'yes'
    }`,
  );
}

function read(args: readonly string[]) {
  const text = { type: 'string' } as const;
  return readFlags(args, { junit: text, bench: text, out: text, help: { type: 'boolean' } });
}

/** The exit code. */
function main(args: readonly string[]): number {
  const options = attempt('scripts/site', help, () => read(args));
  if (options === undefined) return 2;
  if (options.help) {
    console.log(help.trimEnd());
    return 0;
  }
  const inDist = (name: string) => join(root, 'dist', name);
  make(
    options.junit ?? inDist('test/junit.xml'),
    options.bench ?? inDist('bench'),
    options.out ?? inDist('site'),
  );
  return 0;
}

process.exitCode = main(process.argv.slice(2));
