/** What an executable is, read from its bytes: all that can be known of one that does not run on this machine. */
import { cpuTypeOf, cpuTypes, signatureFault } from './mach-o.ts';
import type { TargetName } from './targets.ts';

/** e_machine of ELF, and who loads it. */
const elf = {
  'linux-x64': { machine: 62, loader: '/lib64/ld-linux-x86-64.so.2' },
  'linux-x64-musl': { machine: 62, loader: '/lib/ld-musl-x86_64.so.1' },
  'linux-arm64': { machine: 183, loader: '/lib/ld-linux-aarch64.so.1' },
} as const;

const windows = { machine: 0x8664, console: 3 } as const;

/** Undefined if it is an executable for `target` with this version of ours in it; or else what is wrong, for a person. */
export function formatFault(file: Buffer, target: TargetName, version: string): string | undefined {
  return kindFault(file, target) ?? versionFault(file, version);
}

function kindFault(file: Buffer, target: TargetName): string | undefined {
  try {
    if (target === 'windows-x64') return peFault(file);
    if (target === 'darwin-x64') return machOFault(file, cpuTypes.x64);
    if (target === 'darwin-arm64') return machOFault(file, cpuTypes.arm64);
    return elfFault(file, elf[target]);
  } catch (error) {
    return (error as Error).message;
  }
}

/** Bundled, package.json is an object whose first members these are; the source stands beside its bytecode. */
function versionFault(file: Buffer, version: string): string | undefined {
  const ours = `name:"pg_gateway",version:"${version}"`;
  return file.includes(ours) ? undefined : `it does not have ${ours} in it: is it just its runtime?`;
}

function elfFault(file: Buffer, expected: { machine: number; loader: string }): string | undefined {
  if (file.toString('latin1', 0, 4) !== '\x7fELF') return 'it is no ELF file';
  const machine = file.readUInt16LE(18);
  if (machine !== expected.machine) return `it is for machine ${machine}, not ${expected.machine}`;
  const loader = interpreterOf(file);
  return loader === expected.loader ? undefined : `it is loaded by ${loader}, not ${expected.loader}`;
}

/** The text of PT_INTERP. */
function interpreterOf(file: Buffer): string | undefined {
  const [table, size, count] = [
    Number(file.readBigUInt64LE(32)),
    file.readUInt16LE(54),
    file.readUInt16LE(56),
  ];
  const heads = Array.from({ length: count }, (_, index) => table + size * index);
  const at = heads.find((head) => file.readUInt32LE(head) === 3);
  if (at === undefined) return undefined;
  const start = Number(file.readBigUInt64LE(at + 8));
  return file.toString('latin1', start, start + Number(file.readBigUInt64LE(at + 32))).replace(/\0$/, '');
}

function machOFault(file: Buffer, expected: number): string | undefined {
  const type = cpuTypeOf(file);
  if (type !== expected) return `it is for processor ${type.toString(16)}, not ${expected.toString(16)}`;
  return signatureFault(file);
}

function peFault(file: Buffer): string | undefined {
  const head = file.toString('latin1', 0, 2) === 'MZ' ? file.readUInt32LE(60) : -1;
  if (head < 0 || file.toString('latin1', head, head + 4) !== 'PE\0\0') return 'it is no PE file';
  const machine = file.readUInt16LE(head + 4);
  if (machine !== windows.machine) return `it is for machine ${machine.toString(16)}`;
  const subsystem = file.readUInt16LE(head + 24 + 68);
  return subsystem === windows.console
    ? undefined
    : `it is no console program, but of subsystem ${subsystem}`;
}
