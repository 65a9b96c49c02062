/** `scripts/chart`: writes the files of deploy/kubernetes that follow from others, or packs the chart. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { commitTime } from '../commit-time.ts';
import { chartFolder, makeFiles } from './make.ts';
import { toolTrouble, unpackTool } from './kubernetes-tools.ts';

const usage = `scripts/chart [--package FOLDER]

Makes the files of deploy/kubernetes that follow from others: the schema of the chart's values out of the table of
settings, its table in README.md, the copies of the rules and of the dashboard, and the names and version in all of them.

  --package FOLDER   packs the chart into FOLDER/pg-gateway-VERSION.tgz instead, on Linux x64
  --help
`;

const root = join(import.meta.dirname, '../../..');

/** The exit code. */
function main([option, folder, ...more]: readonly string[]): number {
  if (option === '--help') {
    console.log(usage.trimEnd());
    return 0;
  }
  if (option === undefined) {
    for (const [path, text] of makeFiles()) writeFileSync(join(root, path), text);
    return 0;
  }
  if (option !== '--package' || folder === undefined || more.length > 0) {
    console.error(`scripts/chart: it cannot be called like that\n\n${usage.trimEnd()}`);
    return 2;
  }
  return pack(resolve(folder));
}

function pack(folder: string): number {
  const trouble = toolTrouble();
  if (trouble !== undefined) {
    console.error(`scripts/chart: ${trouble}`);
    return 1;
  }
  const tools = mkdtempSync(join(tmpdir(), 'chart-'));
  try {
    mkdirSync(folder, { recursive: true });
    const helm = unpackTool('helm', tools);
    const chart = join(tools, basename(chartFolder));
    cpSync(join(root, chartFolder), chart, { recursive: true });
    // helm takes over the times of the files, which are those of the checkout.
    const epoch = commitTime(root);
    for (const name of readdirSync(chart, { recursive: true, encoding: 'utf8' })) {
      utimesSync(join(chart, name), epoch, epoch);
    }
    execFileSync(helm, ['package', chart, '--destination', folder], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, HELM_CACHE_HOME: tools, HELM_CONFIG_HOME: tools, HELM_DATA_HOME: tools },
    });
    return 0;
  } finally {
    rmSync(tools, { recursive: true });
  }
}

process.exitCode = main(process.argv.slice(2));
