/** deploy/compose/compose.yaml as compose reads it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export interface Service {
  readonly image: string;
  readonly build?: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly hostname?: string;
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
}

export interface ComposeFile {
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

export const folder = join(import.meta.dirname, '../../../deploy/compose');

export const text = readFileSync(join(folder, 'compose.yaml'), 'utf8');

/** With its anchors and merges. */
export const composeFile = parse(text, { merge: true }) as ComposeFile;

export function service(name: string): Service {
  const found = composeFile.services[name];
  if (found === undefined) throw new Error(`compose.yaml has no service ${name}`);
  return found;
}

/** As the variables of a process. */
export function environmentOf({ environment = {} }: Service): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)]));
}

/** The files and folders of this repository that a container sees, by their paths inside. */
export function mountsOf({ volumes = [] }: Service): Record<string, string> {
  const bound = volumes.map((volume) => volume.split(':')).filter(([source]) => source!.startsWith('.'));
  return Object.fromEntries(bound.map(([source, inside]) => [inside, join(folder, source!)]));
}
