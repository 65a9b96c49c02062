/** For which processors there are packages, and what their executables need. */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { PackageError } from './error.ts';
import { tool } from './tool.ts';

/** As Debian names them. */
export const architectures = ['amd64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

/** `machine` is e_machine of elf(5). */
const facts = {
  amd64: { file: 'pg_gateway', rpm: 'x86_64', machine: 62 },
  arm64: { file: 'pg_gateway-linux-arm64', rpm: 'aarch64', machine: 183 },
} as const;

export function executableOf(root: string, architecture: Architecture): string {
  return join(root, 'dist', facts[architecture].file);
}

/** As rpm names it. */
export function rpmArchitecture(architecture: Architecture): string {
  return facts[architecture].rpm;
}

/** The oldest glibc that has all that the executable asks for, as in `2.17`. Throws PackageError where it is of another machine. */
export function needsOf(executable: string, architecture: Architecture): string {
  if (machineOf(executable) !== facts[architecture].machine) {
    throw new PackageError(`${executable} is not for ${architecture}: build it anew, with scripts/build`);
  }
  const versions = [
    ...tool(['readelf', '--version-info', '--wide', executable]).matchAll(/\bGLIBC_2\.(\d+)/g),
  ];
  const minor = Math.max(...versions.map(([, minor]) => Number(minor)));
  if (minor > 0) return `2.${minor}`;
  throw new PackageError(`${executable} asks for no version of glibc: is it a build for musl?`);
}

function machineOf(executable: string): number | undefined {
  const head = Buffer.alloc(20);
  let file: number;
  try {
    file = openSync(executable, 'r');
  } catch {
    throw new PackageError(`${executable} is not there: run scripts/build first`);
  }
  readSync(file, head);
  closeSync(file);
  return head.toString('latin1', 0, 4) === '\x7fELF' ? head.readUInt16LE(18) : undefined;
}
