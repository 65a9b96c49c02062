/** `scripts/check`: types, format, lint, the rules of the layout, the status page as made, and Markdown. Prints what is wrong; exit code 1 if anything is. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCycles } from './cycles.ts';
import { checkMarkdown } from './markdown.ts';
import { toolCommand } from '../tools.ts';
import { madePath, makePage } from '../page/make.ts';
import type { Finding } from './rules.ts';
import { judge } from './rules.ts';
import { scan } from './scan.ts';

const root = join(import.meta.dirname, '../../..');

const tools: readonly {
  readonly name: string;
  readonly command: readonly string[];
  readonly help: string;
}[] = [
  { name: 'types', command: ['tsc', '-p', '.'], help: '' },
  { name: 'types of the page', command: ['tsc', '-p', 'src/admin/page'], help: '' },
  { name: 'format', command: ['deno', 'fmt', '--check'], help: 'node_modules/.bin/deno fmt repairs it' },
  { name: 'lint', command: ['deno', 'lint'], help: '' },
];

/** Runs a tool of node_modules; its output is shown only if it fails. */
function runTool([name, ...args]: readonly string[]): string | undefined {
  const [command, ...before] = toolCommand(root, name as string);
  const { status, stdout, stderr, error } = spawnSync(command, [...before, ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
  });
  if (error !== undefined) return `could not run: ${error.message}`;
  return status === 0 ? undefined : `${stdout}${stderr}`.trim();
}

/** Every TypeScript file of the project, judged. */
function checkRules(): Finding[] {
  const sources = ['src', 'test', 'scripts'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
  ).sort().map((path) => scan(path, readFileSync(join(root, path), 'utf8')));
  return [...sources.flatMap(judge), ...findCycles(sources)];
}

/** What a reader of the repository finds there: what is committed, or would be by `git add`. */
function repositoryFiles(): string[] {
  // The files may belong to somebody else, as in a container; reading their names is no risk.
  const args = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { status, stdout, stderr, error } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  if (error !== undefined || status !== 0) {
    throw new Error(
      `git ls-files failed: ${error?.message ?? stderr.trim()}; scripts/check needs git and a clone`,
    );
  }
  return stdout.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
}

function checkDocuments(): Finding[] {
  const read = (path: string) => path.endsWith('.md') ? readFileSync(join(root, path), 'utf8') : undefined;
  return checkMarkdown(new Map(repositoryFiles().map((path) => [path, read(path)])));
}

/** Undefined if there are none. */
function tell(findings: readonly Finding[]): string | undefined {
  if (findings.length === 0) return undefined;
  return findings.map(({ path, line, rule, message }) => `${path}:${line}: ${message} [${rule}]`).join('\n');
}

let failed = 0;

function step(name: string, run: () => string | undefined): void {
  const started = performance.now();
  const trouble = run();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${trouble === undefined ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  if (trouble === undefined) return;
  failed++;
  console.log(trouble.replace(/^/gm, '  '));
}

for (const { name, command, help } of tools) {
  step(name, () => {
    const trouble = runTool(command);
    return trouble === undefined || help === '' ? trouble : `${trouble}\n${help}`;
  });
}
step('rules', () => tell(checkRules()));
step('page', () => {
  const isMade = readFileSync(join(root, madePath), 'utf8') === makePage();
  return isMade ? undefined : `${madePath} is not what the files beside it make\nscripts/page makes it anew`;
});
step('documents', () => tell(checkDocuments()));
if (failed > 0) process.exitCode = 1;
