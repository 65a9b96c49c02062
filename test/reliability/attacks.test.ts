/** Each attack of scripts/attacks in short: nothing breaks, and nothing stays. How long clients wait is measured there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { attacks } from '../../scripts/lib/attacks/attacks.ts';
import { noOwnNetwork } from '../../scripts/lib/attacks/network.ts';
import type { Report } from '../../scripts/lib/attacks/report.ts';

const script = fileURLToPath(new URL('../../scripts/attacks', import.meta.url));
const notLinux = process.platform === 'linux' ? false : 'it reads /proc, which is of Linux';
/** An attack fills and compiles once more than half a second of warm-up does; a leak of one KiB a connection is more. */
const growth = { share: 0.1, mebibytes: 8 } as const;
/** What is said again and again is said once a minute. */
const mostLines = 20;

describe('beside each attack good clients are served, and nothing of it stays', { skip: notLinux }, () => {
  let folder = '';
  let report: Report;
  let said = '';

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'attacks-test-'));
    const file = join(folder, 'report.json');
    const child = spawn(script, ['--short', '--out', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    process.once('exit', () => child.kill('SIGTERM'));
    child.stderr.on('data', (chunk) => said += chunk);
    await new Promise((resolve) => child.once('close', resolve));
    report = JSON.parse(readFileSync(file, 'utf8'));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  test('no attack has ended the gateway', () => {
    assert.deepEqual(report.crashes, []);
  });

  for (const { name, what, vanishes } of attacks) {
    test(`${name}: ${what}`, { skip: vanishes ? noOwnNetwork() : false }, () => {
      const row = report.rows.find(({ attack }) => attack === name);
      assert.ok(row, `${report.skipped.join('\n')}\n${said}`);
      const evidence = JSON.stringify(row, undefined, 1);
      assert.ok(row.opened > 0, evidence);
      assert.ok(row.through.questions > 0, evidence);
      assert.deepEqual([row.errors, row.told], [0, []], evidence);
      assert.equal(row.descriptorsAfter, row.descriptorsBefore, evidence);
      const beforeMiB = row.residentMiB / (1 + row.growthPercent / 100);
      assert.ok(row.residentMiB <= beforeMiB * (1 + growth.share) + growth.mebibytes, evidence);
      assert.ok(row.lines <= mostLines, evidence);
    });
  }
});
