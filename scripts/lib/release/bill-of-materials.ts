/** The list of parts in CycloneDX: what npm says of each package, of those that are inside of an executable. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { targetNames, targetOf } from '../build/targets.ts';
import { packagesInside } from './parts.ts';
import { type Release, ReleaseError } from './release.ts';

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly [field: string]: unknown;
}

interface Bill {
  readonly metadata: { readonly component: Component; readonly [field: string]: unknown };
  readonly components: readonly Component[];
  readonly [field: string]: unknown;
}

/** A file of the release. */
export interface Artifact {
  readonly name: string;
  readonly sha256: string;
}

/** The same for the same commit: the serial number comes from it, and the time is the commit's. */
export function billOfMaterials(release: Release, artifacts: readonly Artifact[]): string {
  const bill = askNpm(release.root);
  const bunPackages = targetNames.map((name) => targetOf(name).bunPackage);
  const inside = ['bun', ...bunPackages, ...packagesInside()];
  const components = inside.map((name) => {
    const found = bill.components.find((component) => component.name === name);
    if (found === undefined) throw new ReleaseError(`npm sbom does not name ${name}`);
    // To npm these are tools or optional; in the executable they are what it consists of.
    return {
      ...found,
      ...(name === 'bun' ? { type: 'platform' } : {}),
      scope: bunPackages.includes(name) ? 'optional' : 'required',
      properties: [],
    };
  });
  const refs = (names: readonly string[]) =>
    components.filter(({ name }) => names.includes(name)).map((component) => component['bom-ref']);
  const ours = {
    ...bill.metadata.component,
    type: 'application',
    name: 'pg_gateway',
    properties: [],
    externalReferences: [{ type: 'vcs', url: release.repository }],
    components: artifacts.map(({ name, sha256 }) => ({
      'bom-ref': `file:${name}`,
      type: 'file',
      name,
      version: release.version,
      hashes: [{ alg: 'SHA-256', content: sha256 }],
    })),
  };
  return `${
    JSON.stringify(
      {
        ...bill,
        serialNumber: `urn:uuid:${uuidFrom(`${release.version} ${release.commit}`)}`,
        metadata: {
          ...bill.metadata,
          timestamp: new Date(release.epoch * 1000).toISOString(),
          component: ours,
        },
        components,
        dependencies: [
          { ref: ours['bom-ref'], dependsOn: refs(['bun', ...packagesInside()]) },
          { ref: refs(['bun'])[0], dependsOn: refs(bunPackages) },
          ...refs([...bunPackages, ...packagesInside()]).map((ref) => ({ ref, dependsOn: [] })),
        ],
      },
      null,
      2,
    )
  }\n`;
}

function askNpm(root: string): Bill {
  const { status, stdout, stderr } = spawnSync(
    'npm',
    ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--workspaces=false'],
    { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  if (status !== 0) throw new ReleaseError(`npm sbom failed (it needs npm 10 or newer): ${stderr.trim()}`);
  return JSON.parse(stdout) as Bill;
}

/** RFC 9562, version 8: bits of our own choice. */
function uuidFrom(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[6] = bytes[6]! & 0x0f | 0x80;
  bytes[8] = bytes[8]! & 0x3f | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
