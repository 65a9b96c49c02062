/** What an API server would say to an object: values of the wrong kind, and fields that there are not. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as monitoring from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import * as apps from 'kubernetes-models/apps/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
import type { KubernetesObject } from './tools.ts';

const modules = join(import.meta.dirname, '../../../node_modules');

/** By the modules of the package that have them. */
const models = {
  'kubernetes-models/v1': core,
  'kubernetes-models/apps/v1': apps,
  'kubernetes-models/policy/v1': policy,
  'kubernetes-models/networking.k8s.io/v1': networking,
  '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1': monitoring,
};

interface Model {
  new (object: unknown): { validate(): void };
}

/** Why the object is none of its kind; undefined: it is. Fields that there are not pass here: see `unknownFields`. */
export function invalid(object: KubernetesObject): string | undefined {
  const { kind, metadata: { name } } = object;
  try {
    const module = models[moduleOf(object)] as unknown as Record<string, Model | undefined>;
    const Kind = module[kind];
    if (Kind === undefined) return `${kind} ${name}: ${object.apiVersion} has no such kind`;
    new Kind(object).validate();
    return undefined;
  } catch (error) {
    return `${kind} ${name}: ${error instanceof Error ? error.message : error}`;
  }
}

/**
 * What the type checker says of them. The JSON schemas let fields through that there are not, as an API server does without
 * strict validation; the types of the same package do not.
 */
export function unknownFields(objects: readonly KubernetesObject[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'kubernetes-types-'));
  try {
    symlinkSync(modules, join(folder, 'node_modules'));
    const lines = objects.map((object) =>
      `(${JSON.stringify(object)}) satisfies import('${moduleOf(object)}').I${object.kind};`
    );
    writeFileSync(join(folder, 'objects.ts'), `${lines.join('\n')}\nexport {};\n`);
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', ''];
    const { stdout } = spawnSync(join(modules, '.bin/tsc'), [...options, 'objects.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function moduleOf({ apiVersion, kind }: KubernetesObject): keyof typeof models {
  const found = (Object.keys(models) as (keyof typeof models)[]).find((name) =>
    name === `kubernetes-models/${apiVersion}` || name.endsWith(`prometheus-operator/${apiVersion}`)
  );
  if (found === undefined) throw new Error(`no schema is known for ${kind} of ${apiVersion}`);
  return found;
}
