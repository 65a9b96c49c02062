/** helm and kubectl, and what they render. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { IContainer, IPodSpec } from 'kubernetes-models/v1';
import { parseAllDocuments } from 'yaml';
import { chartFolder, kustomizeFolder } from '../../../scripts/lib/chart/make.ts';
import { type Tool, toolTrouble, unpackTool } from '../../../scripts/lib/chart/kubernetes-tools.ts';

const root = join(import.meta.dirname, '../../..');
export const chart = join(root, chartFolder);

/** Why they cannot be run, or false. For the `skip` of a test. */
export const noTools = toolTrouble() ?? false;

export const releaseName = 'pg-gateway';
export const namespace = 'shop';

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // deno-lint-ignore no-explicit-any -- each kind has its own: checked by the schemas, not by types
  readonly spec?: any;
  readonly data?: Readonly<Record<string, string>>;
}

export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Tools {
  /** What helm says to these arguments. `values` are given on its standard input to whoever reads `--values -`. */
  helm(args: readonly string[], values?: unknown): Said;
  /** `helm template` of the chart, or of another folder. Throws what helm says where it fails. */
  template(values: unknown, folder?: string): readonly KubernetesObject[];
  /** `kubectl kustomize` of a folder, named from deploy/kubernetes/kustomize on. */
  kustomize(folder: string): readonly KubernetesObject[];
  close(): void;
}

/** Unpacks each of them when it is first needed. */
export function openTools(): Tools {
  const folder = mkdtempSync(join(tmpdir(), 'kubernetes-tools-'));
  const paths = new Map<Tool, string>();
  const run = (tool: Tool, args: readonly string[], input = ''): Said => {
    const path = paths.get(tool) ?? unpackTool(tool, folder);
    paths.set(tool, path);
    const { status, stdout, stderr } = spawnSync(path, args, {
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      // It must not find a developer's cluster, and writes nothing into his home.
      env: { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: '/dev/null' },
    });
    return { code: status, stdout, stderr };
  };
  const rendered = ({ code, stdout, stderr }: Said): readonly KubernetesObject[] => {
    if (code !== 0) throw new Error(stderr);
    return objectsOf(stdout);
  };
  return {
    helm: (args, values) => run('helm', args, JSON.stringify(values ?? {})),
    template: (values, of = chart) =>
      rendered(
        run(
          'helm',
          ['template', releaseName, of, '--namespace', namespace, '--values', '-'],
          JSON.stringify(values),
        ),
      ),
    kustomize: (of) => rendered(run('kubectl', ['kustomize', resolve(root, kustomizeFolder, of)])),
    close: () => rmSync(folder, { recursive: true }),
  };
}

/** Kubernetes reads YAML 1.1: 0440 is octal, and a bare off a boolean. */
function objectsOf(text: string): readonly KubernetesObject[] {
  return parseAllDocuments(text, { version: '1.1' }).flatMap((document) => {
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) throw error;
    const object = document.toJS();
    return object === null ? [] : [object];
  });
}

export function find(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  if (found.length === 1) return found[0]!;
  throw new Error(`there are ${found.length} of ${kind} ${name}, among ${namesOf(objects).join(', ')}`);
}

/** `Kind/name` of each, sorted. */
export function namesOf(objects: readonly KubernetesObject[]): string[] {
  return objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).toSorted();
}

/** A pod, as it is or as a Deployment would make it. */
export interface Pod {
  readonly of: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: IPodSpec;
}

export function podsOf(objects: readonly KubernetesObject[]): readonly Pod[] {
  return objects.flatMap(({ kind, metadata, spec }) => {
    if (kind === 'Pod') return [{ of: `Pod/${metadata.name}`, labels: metadata.labels ?? {}, spec }];
    if (kind !== 'Deployment') return [];
    const { template } = spec;
    return [{ of: `Deployment/${metadata.name}`, labels: template.metadata.labels, spec: template.spec }];
  });
}

export function containersOf({ initContainers = [], containers }: IPodSpec): readonly IContainer[] {
  return [...initContainers, ...containers];
}

/** The one that is ours. Throws where there is none. */
export function gatewayOf(spec: IPodSpec): IContainer {
  const found = containersOf(spec).find(({ name }) => name === 'pg-gateway');
  if (found === undefined) throw new Error('the pod has no container pg-gateway');
  return found;
}

export function envOf(container: IContainer): Record<string, string> {
  return Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value ?? '']));
}
