/**
 * Signatures of Mach-O executables. Bun 1.4.5 signs what it makes for arm64 and leaves on x64 the signature of Bun itself,
 * which no longer fits: macOS ends such a program as it starts. Ours is ad hoc, as linkers make it: it names nobody and
 * says only that the bytes are whole. Layout: xnu, osfmk/kern/cs_blobs.h and EXTERNAL_HEADERS/mach-o/loader.h.
 */
import { createHash } from 'node:crypto';

export const cpuTypes = { x64: 0x0100_0007, arm64: 0x0100_000c } as const;

const machMagic = 0xfeed_facf;
const executable = 2;
const segmentCommand = 0x19;
const signatureCommand = 0x1d;
const superBlob = 0xfade_0cc0;
const codeDirectory = 0xfade_0c02;
const sha256Type = 2;
const hashBytes = 32;
/** adhoc and linker-signed: codesign may replace it without --force. */
const adHoc = 0x2_0002;
/** Of version 0x20400, which has the executable segment. */
const directoryHead = 88;
const pageShift = 12;
const vmPage = 1 << pageShift;

interface Parts {
  readonly cpuType: number;
  /** Offsets of the load commands; -1: there is none. */
  readonly signature: number;
  readonly linkEdit: number;
  readonly text: number;
}

/** Throws an Error if it is no 64-bit executable. */
function partsOf(file: Buffer): Parts {
  if (file.length < 32 || file.readUInt32LE(0) !== machMagic) throw new Error('it is no 64-bit Mach-O file');
  if (file.readUInt32LE(12) !== executable) throw new Error('it is a Mach-O file, and no executable');
  let [signature, linkEdit, text] = [-1, -1, -1];
  let at = 32;
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    const command = file.readUInt32LE(at);
    const name = command === segmentCommand ? cString(file, at + 8) : '';
    if (command === signatureCommand) signature = at;
    if (name === '__LINKEDIT') linkEdit = at;
    if (name === '__TEXT') text = at;
    at += file.readUInt32LE(at + 4);
  }
  return { cpuType: file.readUInt32LE(4), signature, linkEdit, text };
}

export function cpuTypeOf(file: Buffer): number {
  return partsOf(file).cpuType;
}

/** Undefined if the file is signed and every page of it fits; or else what is wrong. Throws an Error if it is no executable. */
export function signatureFault(file: Buffer): string | undefined {
  const { signature } = partsOf(file);
  if (signature < 0) return 'it is not signed';
  const start = file.readUInt32LE(signature + 8);
  const end = start + file.readUInt32LE(signature + 12);
  if (end !== file.length) return `its signature ends at ${end}, and the file at ${file.length}`;
  const directory = directoryOf(file, start);
  if (directory < 0) return 'its signature has no code directory';
  const limit = file.readUInt32BE(directory + 32);
  if (limit !== start) return `its signature covers ${limit} of ${start} bytes`;
  if (file[directory + 36] !== hashBytes || file[directory + 37] !== sha256Type) {
    return 'its signature is not by SHA-256';
  }
  const hashes = directory + file.readUInt32BE(directory + 16);
  const count = file.readUInt32BE(directory + 28);
  const expected = pageHashes(file.subarray(0, limit), file[directory + 39]!);
  if (count * hashBytes !== expected.length) return `its signature has ${count} pages`;
  const wrong = Array.from({ length: count }, (_, page) => page * hashBytes).filter((at) =>
    expected.compare(file, hashes + at, hashes + at + hashBytes, at, at + hashBytes) !== 0
  );
  return wrong.length === 0 ? undefined : `its signature does not fit ${wrong.length} of ${count} pages`;
}

/** The file with an ad hoc signature in the place of the one that it has. Throws an Error if it has no place for one. */
export function signAdHoc(file: Buffer, identifier: string): Buffer {
  const { signature, linkEdit, text } = partsOf(file);
  if (signature < 0 || linkEdit < 0 || text < 0) throw new Error('it has no place for a signature');
  const limit = file.readUInt32LE(signature + 8);
  const name = Buffer.from(`${identifier}\0`);
  const pages = Math.ceil(limit / (1 << pageShift));
  const directoryBytes = directoryHead + name.length + pages * hashBytes;
  const blob = Buffer.alloc(20 + directoryBytes);

  // The load commands are signed too, and so come first.
  const code = Buffer.from(file.subarray(0, limit));
  code.writeUInt32LE(blob.length, signature + 12);
  const linkEditBytes = limit + blob.length - Number(code.readBigUInt64LE(linkEdit + 40));
  code.writeBigUInt64LE(BigInt(Math.ceil(linkEditBytes / vmPage) * vmPage), linkEdit + 32);
  code.writeBigUInt64LE(BigInt(linkEditBytes), linkEdit + 48);

  // One blob, of type 0, behind the head and its index.
  [superBlob, blob.length, 1, 0, 20].forEach((value, index) => blob.writeUInt32BE(value, 4 * index));
  const directory = blob.subarray(20);
  const head = [
    ...[codeDirectory, directoryBytes, 0x2_0400, adHoc, directoryHead + name.length, directoryHead],
    // Special slots, code slots, how much is signed.
    ...[0, pages, limit],
  ];
  head.forEach((value, index) => directory.writeUInt32BE(value, 4 * index));
  directory.set([hashBytes, sha256Type, 0, pageShift], 36);
  directory.writeBigUInt64BE(code.readBigUInt64LE(text + 40), 64);
  directory.writeBigUInt64BE(code.readBigUInt64LE(text + 48), 72);
  // The segment is that of a main program.
  directory.writeBigUInt64BE(1n, 80);
  directory.set(name, directoryHead);
  directory.set(pageHashes(code, pageShift), directoryHead + name.length);
  return Buffer.concat([code, blob]);
}

/** Where the code directory is; -1: there is none. */
function directoryOf(file: Buffer, start: number): number {
  if (file.readUInt32BE(start) !== superBlob) return -1;
  const count = file.readUInt32BE(start + 8);
  const blobs = Array.from(
    { length: count },
    (_, index) => start + file.readUInt32BE(start + 16 + 8 * index),
  );
  return blobs.find((at) => file.readUInt32BE(at) === codeDirectory) ?? -1;
}

/** The last page ends where the code does, and is not filled up. */
function pageHashes(code: Buffer, shift: number): Buffer {
  const size = 1 << shift;
  const hashes = Buffer.alloc(Math.ceil(code.length / size) * hashBytes);
  for (let page = 0; page * size < code.length; page++) {
    const hash = createHash('sha256').update(code.subarray(page * size, (page + 1) * size)).digest();
    hashes.set(hash, page * hashBytes);
  }
  return hashes;
}

function cString(file: Buffer, at: number): string {
  return file.toString('latin1', at, at + 16).replace(/\0.*$/s, '');
}
