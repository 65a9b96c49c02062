import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuTypeOf, cpuTypes, signAdHoc, signatureFault } from '../../../scripts/lib/build/mach-o.ts';

const codeBytes = 3 * 4096 + 100 - (100 % 16);

/** A program for x64 with the three load commands that count, and room for a signature that is none. */
function program(): Buffer {
  const file = Buffer.alloc(codeBytes + 32, 0x90);
  const put = (at: number, ...words: number[]) =>
    words.forEach((word, index) => file.writeUInt32LE(word, at + 4 * index));
  put(0, 0xfeed_facf, cpuTypes.x64, 3, 2, 3, 72 + 72 + 16, 0, 0);
  segment(file, 32, '__TEXT', 0, 8192);
  segment(file, 104, '__LINKEDIT', 8192, file.length - 8192);
  put(176, 0x1d, 16, codeBytes, 32);
  return file;
}

function segment(file: Buffer, at: number, name: string, offset: number, size: number): void {
  file.fill(0, at, at + 72);
  file.writeUInt32LE(0x19, at);
  file.writeUInt32LE(72, at + 4);
  file.write(name, at + 8);
  file.writeBigUInt64LE(BigInt(offset), at + 40);
  file.writeBigUInt64LE(BigInt(size), at + 48);
}

test('what was signed fits its signature, to the last byte of the file', () => {
  const unsigned = program();
  assert.equal(signatureFault(unsigned), 'its signature has no code directory');
  const signed = signAdHoc(unsigned, 'pg_gateway');
  assert.equal(signatureFault(signed), undefined);
  assert.equal(cpuTypeOf(signed), cpuTypes.x64);
  // __LINKEDIT reaches to the end, in the file and in memory by whole pages.
  assert.equal(Number(signed.readBigUInt64LE(104 + 48)), signed.length - 8192);
  assert.equal(Number(signed.readBigUInt64LE(104 + 32)), 8192);
  assert.match(signed.toString('latin1'), /pg_gateway\0/);
});

test('signing twice is as good as once', () => {
  const once = signAdHoc(program(), 'pg_gateway');
  assert.deepEqual(signAdHoc(once, 'pg_gateway'), once);
});

test('one byte that was changed, left out or added is seen', () => {
  const signed = signAdHoc(program(), 'pg_gateway');
  const changed = Buffer.from(signed);
  changed[5000]! ^= 1;
  assert.equal(signatureFault(changed), 'its signature does not fit 1 of 4 pages');
  assert.match(
    signatureFault(signed.subarray(0, -1)) ?? '',
    /its signature ends at \d+, and the file at \d+/,
  );
  assert.match(
    signatureFault(Buffer.concat([signed, Buffer.alloc(1)])) ?? '',
    /its signature ends at \d+, and the file/,
  );
});

test('what is no executable of macOS is told', () => {
  assert.throws(() => signatureFault(Buffer.from('#!/bin/sh\n')), /no 64-bit Mach-O file/);
  const library = program();
  library.writeUInt32LE(6, 12);
  assert.throws(() => signatureFault(library), /no executable/);
});
