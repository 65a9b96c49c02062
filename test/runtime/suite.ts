import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { clockSuite } from './suite-clock.ts';
import { connectSuite } from './suite-connect.ts';
import { listenSuite } from './suite-listen.ts';
import { closeSuite } from './suite-close.ts';
import { memorySuite } from './suite-memory.ts';
import { resetSuite } from './suite-reset.ts';
import { streamSuite } from './suite-stream.ts';
import type { Family, Role } from './fixture.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';

/** The contract of `src/runtime/runtime.ts`, one test a sentence, for one adapter; `adapter` is its name. */
export function runtimeSuite(
  expectedName: 'node' | 'bun' | 'deno',
  runtime: Runtime,
  adapter: 'native' | typeof expectedName = expectedName,
): void {
  test(`these tests run on ${expectedName}, with the adapter ${adapter}`, () => {
    equal(runningOn(), expectedName);
    equal(runtime.name, adapter);
  });
  clockSuite(runtime);
  connectSuite(runtime);
  listenSuite(runtime);
  memorySuite(adapter === 'native' ? ['native'] : []);
  for (const family of ['tcp', 'unix'] satisfies Family[]) {
    for (const role of ['accepted', 'connected'] satisfies Role[]) {
      streamSuite(runtime, family, role);
      closeSuite(runtime, family, role);
      if (family === 'tcp') resetSuite(runtime, role);
    }
  }
}

/** By what only the real one has: a test job that silently runs Node has happened to others. */
function runningOn(): string {
  const globals = globalThis as { Bun?: unknown; Deno?: { version?: { deno?: string } } };
  if (globals.Bun !== undefined && process.versions['bun'] !== undefined) return 'bun';
  if (globals.Deno?.version?.deno !== undefined) return 'deno';
  return 'node';
}
