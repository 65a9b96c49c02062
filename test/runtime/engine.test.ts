import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseEngine } from '../../src/runtime/engine.ts';
import { openLibc } from '../../src/runtime/linux/libc.ts';
import { unsupported } from '../../src/runtime/linux/native.ts';

test('the native engine is for Linux on x86-64 and arm64, and says so elsewhere', () => {
  assert.equal(unsupported('linux', 'x64'), undefined);
  assert.equal(unsupported('linux', 'arm64'), undefined);
  assert.match(unsupported('darwin', 'arm64')!, /for Linux, and this is darwin/);
  assert.match(unsupported('win32', 'x64')!, /for Linux, and this is win32/);
  assert.match(unsupported('linux', 'riscv64')!, /does not know riscv64/);
});

test('where it cannot be had the portable one serves and tells why; who insists is refused with the reason', () => {
  const onMac = () => unsupported('darwin', 'arm64');
  assert.deepEqual(chooseEngine('auto', 2, onMac), {
    name: 'portable',
    why: 'no native engine: it is for Linux, and this is darwin',
  });
  assert.throws(() => chooseEngine('native', 2, onMac), /this is darwin/);
  assert.equal(chooseEngine('portable', 2, () => undefined).name, 'portable');
});

test('it needs a thread of its own', () => {
  assert.match(chooseEngine('auto', 0, () => undefined).why, /NUM_THREADS is 0/);
  assert.equal(chooseEngine('auto', 1, () => undefined).name, 'native');
});

test('a libc of an unknown name is an error that names it, or the runtime that has no FFI', () => {
  assert.throws(() => openLibc(['libc.unknown.so']), /libc\.unknown\.so: /);
});
