import { deepEqual } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ServiceManager } from '../../src/cli/service-manager.ts';

const state = { primary: 'db2', sessions: 812, held: 0, workerSilentMs: 0 };

/** What is told, of a service that rests for `restMs` between two messages that are not urgent. */
function service(env: Record<string, string> = {}, restMs = 0) {
  const told: string[] = [];
  const notifier = {
    restMs,
    monotonicMicroseconds: () => 7n,
    send: (lines: readonly string[]) => void told.push(lines.join(' ')),
  };
  return { told, manager: new ServiceManager(() => {}, env, notifier) };
}

describe('what systemd is told', () => {
  test('the status is told when it changes', () => {
    const { told, manager } = service();
    manager.alive(state, 0);
    manager.alive(state, 1_000);
    manager.alive({ ...state, primary: undefined, held: 3 }, 2_000);
    deepEqual(told, ['STATUS=primary db2, 812 sessions', 'STATUS=no primary, 812 sessions, 3 clients wait']);
  });

  test('the status rests where each message is a process', () => {
    const { told, manager } = service({}, 10_000);
    for (const now of [0, 1_000, 9_999, 10_000]) manager.alive({ ...state, sessions: now }, now);
    deepEqual(told, ['STATUS=primary db2, 0 sessions', 'STATUS=primary db2, 10000 sessions']);
  });

  test('the watchdog hears three times in its time, and only while every worker answers', () => {
    const { told, manager } = service({ WATCHDOG_USEC: '6000000' });
    const at = (now: number, workerSilentMs = 0): boolean => {
      told.length = 0;
      manager.alive({ ...state, workerSilentMs }, now);
      return told.some((lines) => lines.includes('WATCHDOG=1'));
    };
    deepEqual([at(0), at(1_000), at(2_000)], [true, false, true]);
    deepEqual([at(5_000, 3_000), at(9_000, 7_000), at(10_000)], [false, false, true]);
  });

  test('a watchdog of another process is none of ours', () => {
    const { told, manager } = service({ WATCHDOG_USEC: '6000000', WATCHDOG_PID: '1' });
    manager.alive(state, 0);
    deepEqual(told, ['STATUS=primary db2, 812 sessions']);
  });

  test('a reload that ends during a drain does not say that it is ready', () => {
    const { told, manager } = service();
    manager.reloading();
    manager.stopping(3);
    manager.ready();
    manager.alive(state, 0);
    deepEqual(told, ['RELOADING=1 MONOTONIC_USEC=7', 'STOPPING=1 STATUS=draining, 3 sessions']);
  });
});
