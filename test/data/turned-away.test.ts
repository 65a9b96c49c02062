import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '../../src/contract/messages.ts';
import { TurnedAway } from '../../src/data/turned-away.ts';
import { FakeRuntime } from '../bed/fake-runtime.ts';

function scene(): { runtime: FakeRuntime; reports: Report[]; turnedAway: TurnedAway } {
  const runtime = new FakeRuntime();
  const reports: Report[] = [];
  return {
    runtime,
    reports,
    turnedAway: new TurnedAway('clients', runtime, (report) => reports.push(report)),
  };
}

test('the busiest address is found among ten thousand others, however late it comes', () => {
  const { runtime, reports, turnedAway } = scene();
  for (let count = 0; count < 10_000; count++) {
    turnedAway.note(`10.1.${count >> 8}.${count & 255}`);
    if (count >= 5_000) turnedAway.note('10.9.9.9');
  }
  runtime.advance(1_000);
  const [report, ...more] = reports as Extract<Report, { kind: 'turnedAway' }>[];
  deepEqual([report!.count, report!.busiest, more], [15_000, '10.9.9.9', []]);
  deepEqual(report!.ofBusiest > 4_800 && report!.ofBusiest <= 5_000, true, `${report!.ofBusiest}`);
});

test('after a minute without any there is no timer, and the next one is told of after a second', () => {
  const { runtime, reports, turnedAway } = scene();
  turnedAway.note('10.9.9.9');
  runtime.advance(61_000);
  deepEqual([reports.length, runtime.timers], [1, 0]);
  turnedAway.note('10.9.9.9');
  runtime.advance(1_000);
  deepEqual(reports.length, 2);
});
