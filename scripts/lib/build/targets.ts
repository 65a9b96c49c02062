/** What executables are made for: each has its own Bun, which comes from npm. */
import { UsageError } from '../usage.ts';

export const targetNames = [
  'linux-x64',
  'linux-x64-musl',
  'linux-arm64',
  'darwin-x64',
  'darwin-arm64',
  'windows-x64',
] as const;
export type TargetName = (typeof targetNames)[number];

export interface Target {
  readonly name: TargetName;
  /** The npm package that has Bun for it; package-lock.json pins it. */
  readonly bunPackage: string;
  /** What `bun build --target` calls it. */
  readonly bunTarget: string;
  readonly suffix: '' | '.exe';
}

/** npm's packages say aarch64 where `--target` says arm64. x64 is not Bun's "baseline": this one runs without AVX2 too. */
const bunPackages: Readonly<Record<TargetName, string>> = {
  'linux-x64': '@oven/bun-linux-x64',
  'linux-x64-musl': '@oven/bun-linux-x64-musl',
  'linux-arm64': '@oven/bun-linux-aarch64',
  'darwin-x64': '@oven/bun-darwin-x64',
  'darwin-arm64': '@oven/bun-darwin-aarch64',
  'windows-x64': '@oven/bun-windows-x64',
};

export function targetOf(name: TargetName): Target {
  return {
    name,
    bunPackage: bunPackages[name],
    bunTarget: `bun-${name}`,
    suffix: name.startsWith('windows') ? '.exe' : '',
  };
}

/** The file below dist/. */
export function fileOf({ name, suffix }: Target): string {
  return `pg_gateway-${name}${suffix}`;
}

/** `all`, or names with commas between. Throws UsageError. */
export function readTargets(text: string): readonly TargetName[] {
  if (text === 'all') return targetNames;
  const wanted = text.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !targetNames.some((one) => one === name));
  if (unknown !== undefined) {
    throw new UsageError(`there is no target "${unknown}"; there are ${targetNames.join(', ')}, and all`);
  }
  return targetNames.filter((name) => wanted.includes(name));
}

/** The target whose executables run here, or undefined where it is none of them, or a system of musl. */
export function hostTarget(
  platform: string = process.platform,
  arch: string = process.arch,
  isGlibc: boolean = hasGlibc(),
): TargetName | undefined {
  const system = platform === 'win32' ? 'windows' : platform;
  if (system === 'linux' && !isGlibc) return arch === 'x64' ? 'linux-x64-musl' : undefined;
  return targetNames.find((name) => name === `${system}-${arch}`);
}

function hasGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}
