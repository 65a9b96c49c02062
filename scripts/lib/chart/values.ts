/** Every value of the chart: what it may be, and what it does; values.yaml has the defaults. */
import { type Schema, settingsSchema } from './setting-schema.ts';

interface Value {
  readonly help: string;
  readonly schema: Schema;
}

const text: Schema = { type: 'string' };
const texts: Schema = { type: 'object', additionalProperties: { type: ['string', 'null'] } };
const isOn: Schema = { type: 'boolean' };
const count: Schema = { type: 'integer', minimum: 0 };
const portNumber: Schema = { type: 'integer', minimum: 1, maximum: 65_535 };
/** Of Kubernetes, which checks it. */
const object: Schema = { type: 'object' };
const objects: Schema = { type: 'array', items: { type: 'object' } };
const textList: Schema = { type: 'array', items: text };

const service = (what: string): Record<string, Value> => ({
  type: { help: `of the service ${what}`, schema: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] } },
  port: { help: 'its port, whatever port the pods have', schema: portNumber },
  annotations: { help: 'for a load balancer of your cloud, for example', schema: texts },
  loadBalancerSourceRanges: { help: 'who may connect to a load balancer', schema: textList },
});

const secret = (what: string, files: Record<string, string>): Record<string, Value> => ({
  name: { help: `a secret with ${what}`, schema: text },
  ...Object.fromEntries(
    Object.entries(files).map(([key, help]) => [key, { help, schema: { type: 'string', minLength: 1 } }]),
  ),
});

const pair = {
  certificateKey: 'the key of the secret that has the certificate',
  keyKey: 'and the one that has its key',
};

const under = (prefix: string, values: Record<string, Value>): [string, Value][] =>
  Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]);

/** By the path in values.yaml, with dots; in the order of that file. */
export const values: ReadonlyMap<string, Value> = new Map<string, Value>([
  [
    'kind',
    {
      help:
        '`deployment`: gateways of their own behind a service; `sidecar`: the container for pods of yours',
      schema: { enum: ['deployment', 'sidecar'] },
    },
  ],
  ['replicaCount', { help: 'how many gateways', schema: count }],
  ['image.repository', { help: 'where the image is', schema: text }],
  ['image.tag', { help: 'its tag; empty: the version of the chart', schema: text }],
  ['image.digest', {
    help: 'its digest, which wins over the tag',
    schema: { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
  }],
  ['image.pullPolicy', { help: 'when it is pulled', schema: { enum: ['Always', 'IfNotPresent', 'Never'] } }],
  ['imagePullSecrets', { help: 'for a registry that wants a login', schema: objects }],
  ['settings', {
    help: 'every setting of docs/settings.md by its own name; `CANDIDATES` is needed',
    schema: settingsSchema,
  }],
  ...under('secrets.password', secret("the probe's password", { key: 'the key of the secret that has it' })),
  ...under(
    'secrets.metricsToken',
    secret('the token of the metrics port', { key: 'the key of the secret that has it' }),
  ),
  ...under(
    'secrets.serverAuthority',
    secret('the authorities that the probe trusts (`PGSSLROOTCERT`)', {
      key: 'the key of the secret that has them',
    }),
  ),
  ...under(
    'secrets.clientCertificate',
    secret("the probe's certificate (`PGSSLCERT`, `PGSSLKEY`)", pair),
  ),
  ...under(
    'secrets.refusalCertificate',
    secret('the certificate of refusals (`REFUSAL_CERT_FILE`, `REFUSAL_KEY_FILE`)', pair),
  ),
  ['gracePeriodMarginSeconds', {
    help: 'added to `DRAIN_ACCEPT_MS` and `DRAIN_MS` for `terminationGracePeriodSeconds`',
    schema: { type: 'integer', minimum: 2 },
  }],
  ...under('service', service('of the primary')),
  ...under('standbyService', service('for reading, which is there with `settings.REPLICA_PORT`')),
  ['podDisruptionBudget.enabled', {
    help: 'whether an eviction takes one gateway at a time; none with one replica',
    schema: isOn,
  }],
  ['podDisruptionBudget.maxUnavailable', {
    help: 'how many, or a percentage',
    schema: { anyOf: [count, { type: 'string', pattern: '^[0-9]+%$' }] },
  }],
  ['topologySpreadConstraints', { help: 'empty: over nodes and zones, if possible', schema: objects }],
  ['resources', { help: 'of the container', schema: object }],
  ['podSecurityContext', { help: 'as the restricted Pod Security Standard has it', schema: object }],
  ['securityContext', { help: 'the same of the container', schema: object }],
  ['serviceMonitor.enabled', { help: 'a ServiceMonitor of the Prometheus operator', schema: isOn }],
  ['serviceMonitor.interval', {
    help: 'how often Prometheus asks',
    schema: { type: 'string', pattern: '^[0-9]+(ms|s|m)$' },
  }],
  ['serviceMonitor.labels', { help: 'those by which your Prometheus selects', schema: texts }],
  ['prometheusRule.enabled', { help: 'the alerts, as a PrometheusRule', schema: isOn }],
  ['prometheusRule.labels', { help: 'those by which your Prometheus selects', schema: texts }],
  ['dashboard.enabled', { help: 'the dashboard, as a ConfigMap for the sidecar of Grafana', schema: isOn }],
  ['dashboard.labels', { help: 'those by which that sidecar selects', schema: texts }],
  ['networkPolicy.enabled', { help: 'a NetworkPolicy', schema: isOn }],
  ['networkPolicy.clients', {
    help: 'peers that may connect; empty: every pod of the namespace',
    schema: objects,
  }],
  ['networkPolicy.metrics', {
    help: 'peers that may ask the metrics port; empty: everybody',
    schema: objects,
  }],
  ['networkPolicy.servers', { help: 'peers to which the gateway may connect; empty: all', schema: objects }],
  ['networkPolicy.serverPorts', {
    help: 'at these ports',
    schema: { type: 'array', minItems: 1, items: portNumber },
  }],
  ['podAnnotations', { help: 'of the pods', schema: texts }],
  ['podLabels', { help: 'of the pods', schema: texts }],
  ['nodeSelector', { help: 'where pods may run', schema: texts }],
  ['tolerations', { help: 'where else', schema: objects }],
  ['affinity', { help: 'and where rather', schema: object }],
  ['priorityClassName', { help: 'of the pods', schema: text }],
  ['extraEnv', { help: 'further variables of the container', schema: objects }],
  ['extraVolumes', { help: 'further volumes of the pods', schema: objects }],
  ['extraVolumeMounts', { help: 'where they are in the container', schema: objects }],
  ['extraPodSpec', {
    help: 'anything else in the spec of the pods, `dnsConfig` for example',
    schema: object,
  }],
  ['nameOverride', { help: 'in place of the name of the chart', schema: text }],
  ['fullnameOverride', { help: 'the name of all that is made', schema: text }],
]);

/** Of values.yaml as a whole. Helm adds `global` where the chart is a part of another one, and `enabled` may be a condition there. */
export function valuesSchema(): Schema {
  const root: Node = { properties: { global: { type: 'object' }, enabled: { type: 'boolean' } } };
  for (const [path, { help, schema }] of values) {
    const names = path.split('.');
    const last = names.pop()!;
    let at = root;
    for (const name of names) at = (at.properties[name] ??= { properties: {} }) as Node;
    at.properties[last] = { description: help, ...schema };
  }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of pg-gateway',
    ...closed(root),
  };
}

interface Node {
  readonly properties: Record<string, Schema | Node>;
}

/** A value that is spelt wrong is told. */
function closed({ properties }: Node): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, of]) => [name, isNode(of) ? closed(of) : of]),
    ),
  };
}

function isNode(of: Schema | Node): of is Node {
  return 'properties' in of && !('type' in of);
}
