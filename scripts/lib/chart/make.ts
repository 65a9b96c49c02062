/** The files of deploy/kubernetes that follow from others. A test compares them with what is there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { values, valuesSchema } from './values.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

export const chartFolder = 'deploy/kubernetes/helm/pg-gateway';
export const kustomizeFolder = 'deploy/kubernetes/kustomize';

/** Those in which the image is named, and its version where they have one. */
const kustomizations = ['base', 'components/sidecar'].map((name) =>
  `${kustomizeFolder}/${name}/kustomization.yaml`
);
const containers = ['base/deployment.yaml', 'components/sidecar/sidecar.yaml'].map((name) =>
  `${kustomizeFolder}/${name}`
);

/** Text by path from the root of the repository. */
export function makeFiles(): ReadonlyMap<string, string> {
  const { image, repository } = JSON.parse(read('deploy/names.json'));
  const { version } = JSON.parse(read('package.json'));
  const rules = read('deploy/prometheus/pg_gateway.rules.yml');
  const chart = read(`${chartFolder}/Chart.yaml`)
    .replace(/^version: .*$/m, `version: ${version}`)
    .replace(/^appVersion: .*$/m, `appVersion: ${version}`)
    .replace(/^home: .*$/m, `home: ${repository}`)
    .replace(/^(sources:\n +- ).*$/m, `$1${repository}`);
  const defaults = read(`${chartFolder}/values.yaml`).replace(/^( +repository: ).*$/m, `$1${image}`);
  return new Map([
    [`${chartFolder}/Chart.yaml`, chart],
    [`${chartFolder}/values.yaml`, defaults],
    [`${chartFolder}/values.schema.json`, `${JSON.stringify(valuesSchema(), null, 2)}\n`],
    [`${chartFolder}/README.md`, withTable(read(`${chartFolder}/README.md`), parse(defaults))],
    [`${chartFolder}/files/pg_gateway.rules.yml`, rules],
    [`${chartFolder}/files/pg_gateway.json`, read('deploy/grafana/pg_gateway.json')],
    [`${kustomizeFolder}/components/monitoring/prometheus-rule.yaml`, prometheusRule(rules)],
    ...kustomizations.map((path): [string, string] => [
      path,
      read(path).replace(/( +- name: ).*(\n +newTag: ).*$/m, `$1${image}$2${version}`),
    ]),
    ...containers.map((path): [string, string] => [
      path,
      read(path).replace(/^( +image: ).*$/m, `$1${image}`),
    ]),
  ]);
}

function prometheusRule(rules: string): string {
  const head = [
    '# Made by scripts/chart out of deploy/prometheus/pg_gateway.rules.yml.',
    'apiVersion: monitoring.coreos.com/v1',
    'kind: PrometheusRule',
    'metadata:',
    '  name: pg-gateway',
    '  labels:',
    '    app.kubernetes.io/name: pg-gateway',
    '    app.kubernetes.io/instance: pg-gateway',
    'spec:',
  ];
  const lines = rules.trimEnd().split('\n').filter((line) => !line.startsWith('#'));
  return [...head, ...lines.map((line) => `  ${line}`), ''].join('\n');
}

/** The table stands below the heading Values, at the end. */
function withTable(readme: string, defaults: unknown): string {
  const heading = '## Values\n';
  const at = readme.indexOf(heading);
  if (at < 0) throw new Error(`${chartFolder}/README.md has no heading "Values"`);
  const rows = [...values].map(([path, { help }]) => {
    const found = path.split('.').reduce<unknown>(
      (of, name) => (of as Record<string, unknown> | undefined)?.[name],
      defaults,
    );
    if (found === undefined) throw new Error(`${chartFolder}/values.yaml has no ${path}`);
    return `| \`${path}\` | ${shown(found)} | ${help} |`;
  });
  return `${readme.slice(0, at)}${heading}\n${
    ['| value | default | what it does |', '| --- | --- | --- |', ...rows].join('\n')
  }\n`;
}

/** Long ones are to be read in values.yaml. */
function shown(value: unknown): string {
  const json = JSON.stringify(value);
  if (json === '""' || json === '[]' || json === '{}') return '';
  return json.length > 40 ? '[see there](values.yaml)' : `\`${typeof value === 'string' ? value : json}\``;
}
