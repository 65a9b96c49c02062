/** Values for the chart, as people set them, and what has to come out. */
import { settingNames, settings } from '../../../src/config/settings.ts';

export interface ValueSet {
  readonly values: Readonly<Record<string, unknown>>;
  /** Objects beside those of every set, and those that are missing, as `Kind/name`. */
  readonly more?: readonly string[];
  readonly fewer?: readonly string[];
  /** Among the settings of the container. */
  readonly env?: Readonly<Record<string, string>>;
  /** What objects have, beside other things, by `Kind/name`; `Deployment` stands for the spec of its pods. */
  readonly has?: Readonly<Record<string, unknown>>;
  /** A text that is in no object. */
  readonly hasNot?: string;
  /** terminationGracePeriodSeconds; the default is 20. */
  readonly graceSeconds?: number;
}

/** What is made whatever the values are, but for what a set says of itself. */
export const always = [
  'Deployment/pg-gateway',
  'Pod/pg-gateway-primary',
  'PodDisruptionBudget/pg-gateway',
  'Service/pg-gateway',
  'Service/pg-gateway-metrics',
];

/** A container whose probes all ask in this way. */
const probedBy = (by: unknown) => ({ startupProbe: by, livenessProbe: by, readinessProbe: by });

const digest = `sha256:${'a1'.repeat(32)}`;

/** The default of every setting that has one, as a text. */
const defaults = Object.fromEntries(
  settingNames.flatMap((name) =>
    settings[name].fallback === undefined ? [] : [[name, settings[name].fallback]]
  ),
);

/** By what is special about them. */
export const valueSets: Readonly<Record<string, ValueSet>> = {
  'nothing but the servers': {
    values: { settings: { CANDIDATES: 'pg' } },
    env: {
      CANDIDATES: 'pg',
      PGUSER: 'gateway',
      LISTEN_PORT: '6432',
      METRICS_HOST: '0.0.0.0',
      METRICS_PORT: '6433',
      REPLICA_PORT: 'off',
      DRAIN_ACCEPT_MS: '5000',
      DRAIN_MS: '10000',
    },
  },
  'a list of servers, and a password': {
    values: {
      settings: { CANDIDATES: ['pg-0.pg', 'pg-1.pg:5433'] },
      secrets: { password: { name: 'probe' } },
    },
    env: { CANDIDATES: 'pg-0.pg,pg-1.pg:5433', PGPASSWORD_FILE: '/etc/pg_gateway/secrets/password' },
  },
  'SRV records, and what a release is called': {
    values: {
      settings: { CANDIDATES: 'srv+_postgresql._tcp.pg.shop.svc.cluster.local' },
      fullnameOverride: 'pg-gateway',
      nameOverride: 'gateway',
    },
  },
  'a port for readers, as a number': {
    values: { settings: { CANDIDATES: 'pg', REPLICA_PORT: 6434 }, standbyService: { port: 5432 } },
    more: ['Service/pg-gateway-standby'],
    env: { REPLICA_PORT: '6434' },
  },
  'a bare off, which YAML takes for a boolean': {
    values: { settings: { CANDIDATES: 'pg', METRICS_PORT: false, MAX_LAG_MS: false, DRILLS: true } },
    fewer: ['Pod/pg-gateway-primary', 'Service/pg-gateway-metrics'],
    env: { METRICS_PORT: 'off', MAX_LAG_MS: 'off', DRILLS: 'on' },
    has: { Deployment: { containers: [probedBy({ exec: { command: ['/pg_gateway', 'health'] } })] } },
  },
  'drain times with units': {
    values: {
      settings: { CANDIDATES: 'pg', DRAIN_ACCEPT_MS: '2.5s', DRAIN_MS: '1 min' },
      gracePeriodMarginSeconds: 10,
    },
    graceSeconds: 73,
  },
  'short drain times': {
    values: { settings: { CANDIDATES: 'pg', DRAIN_ACCEPT_MS: 200, DRAIN_MS: '400ms' } },
    graceSeconds: 6,
  },
  'no time to drain': {
    values: { settings: { CANDIDATES: 'pg', DRAIN_ACCEPT_MS: 0, DRAIN_MS: 0 } },
    graceSeconds: 5,
    env: { DRAIN_ACCEPT_MS: '0', DRAIN_MS: '0' },
  },
  'large, broken and missing numbers': {
    values: {
      settings: { CANDIDATES: 'pg', MAX_SESSIONS: 1_000_000, CHECK_EVERY: 0.5, DRAIN_MS: null, PGUSER: null },
    },
    env: { MAX_SESSIONS: '1000000', CHECK_EVERY: '0.5', DRAIN_MS: '10000', PGUSER: 'gateway' },
  },
  'every setting at its default': {
    values: { settings: { ...defaults, CANDIDATES: 'pg', METRICS_HOST: '0.0.0.0' } },
    env: { ...defaults, METRICS_HOST: '0.0.0.0' } as Record<string, string>,
    graceSeconds: 15,
  },
  'one gateway': {
    values: { settings: { CANDIDATES: 'pg' }, replicaCount: 1 },
    fewer: ['PodDisruptionBudget/pg-gateway'],
  },
  'Prometheus and Grafana, and a token': {
    values: {
      settings: { CANDIDATES: 'pg' },
      secrets: { metricsToken: { name: 'metrics', key: 'bearer' } },
      serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
      prometheusRule: { enabled: true, labels: { release: 'prometheus' } },
      dashboard: { enabled: true },
    },
    more: ['ConfigMap/pg-gateway-dashboard', 'PrometheusRule/pg-gateway', 'ServiceMonitor/pg-gateway'],
    env: { METRICS_TOKEN_FILE: '/etc/pg_gateway/secrets/metrics-token' },
  },
  'a network policy': {
    values: {
      settings: { CANDIDATES: 'pg', REPLICA_PORT: '6434' },
      networkPolicy: {
        enabled: true,
        clients: [{ namespaceSelector: { matchLabels: { team: 'shop' } } }],
        metrics: [{ ipBlock: { cidr: '10.0.0.0/8' } }],
        servers: [{ podSelector: { matchLabels: { app: 'pg' } } }],
        serverPorts: [5432, 5433],
      },
    },
    more: ['NetworkPolicy/pg-gateway', 'Service/pg-gateway-standby'],
    has: {
      'NetworkPolicy/pg-gateway': {
        spec: {
          policyTypes: ['Ingress', 'Egress'],
          ingress: [
            {
              ports: [{ port: 'postgresql' }, { port: 'standby' }],
              from: [{ namespaceSelector: { matchLabels: { team: 'shop' } } }],
            },
            { ports: [{ port: 'metrics' }], from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] },
          ],
          egress: [
            { ports: [{ port: 53, protocol: 'UDP' }, { port: 53, protocol: 'TCP' }] },
            {
              ports: [{ port: 5432 }, { port: 5433 }],
              to: [{ podSelector: { matchLabels: { app: 'pg' } } }],
            },
          ],
        },
      },
    },
  },
  'a network policy with its defaults': {
    values: { settings: { CANDIDATES: 'pg', METRICS_PORT: 'off' }, networkPolicy: { enabled: true } },
    more: ['NetworkPolicy/pg-gateway'],
    has: {
      'NetworkPolicy/pg-gateway': {
        spec: { ingress: [{ from: [{ podSelector: {} }] }], egress: [{}, { ports: [{ port: 5432 }] }] },
      },
    },
    fewer: ['Pod/pg-gateway-primary', 'Service/pg-gateway-metrics'],
  },
  certificates: {
    values: {
      settings: { CANDIDATES: 'pg', PGSSLMODE: 'verify-ca' },
      secrets: {
        password: { name: 'probe' },
        serverAuthority: { name: 'pg-ca' },
        clientCertificate: { name: 'client' },
        refusalCertificate: { name: 'refusal' },
      },
    },
    env: {
      PGSSLROOTCERT: '/etc/pg_gateway/secrets/server-authority.crt',
      PGSSLCERT: '/etc/pg_gateway/secrets/client.crt',
      PGSSLKEY: '/etc/pg_gateway/secrets/client.key',
      REFUSAL_CERT_FILE: '/etc/pg_gateway/secrets/refusal.crt',
      REFUSAL_KEY_FILE: '/etc/pg_gateway/secrets/refusal.key',
    },
  },
  'a metrics port of the pod alone': {
    values: { settings: { CANDIDATES: 'pg', METRICS_HOST: '127.0.0.1' } },
    fewer: ['Pod/pg-gateway-primary', 'Service/pg-gateway-metrics'],
    has: { Deployment: { containers: [probedBy({ exec: { command: ['/pg_gateway', 'health'] } })] } },
  },
  'other ports, and a load balancer': {
    values: {
      settings: { CANDIDATES: 'pg', LISTEN_PORT: 5432, METRICS_PORT: 9187 },
      service: {
        type: 'LoadBalancer',
        port: 5432,
        annotations: { 'example.com/internal': 'true' },
        loadBalancerSourceRanges: ['10.0.0.0/8'],
      },
    },
    env: { LISTEN_PORT: '5432', METRICS_PORT: '9187' },
    has: {
      'Service/pg-gateway': {
        metadata: { annotations: { 'example.com/internal': 'true' } },
        spec: { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/8'], ports: [{ port: 5432 }] },
      },
      'Service/pg-gateway-metrics': { spec: { clusterIP: 'None', ports: [{ port: 9187 }] } },
      Deployment: {
        containers: [{ ports: [{ containerPort: 5432 }, { containerPort: 9187 }] }],
      },
    },
  },
  'pods as a cluster wants them': {
    values: {
      settings: { CANDIDATES: 'pg' },
      image: { repository: 'mirror.example/pg_gateway', digest },
      imagePullSecrets: [{ name: 'mirror' }],
      podAnnotations: { 'example.com/a': 'b' },
      podLabels: { team: 'shop' },
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'db', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      priorityClassName: 'high',
      topologySpreadConstraints: [{
        maxSkew: 2,
        topologyKey: 'rack',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: {
          matchLabels: { 'app.kubernetes.io/name': 'pg-gateway' },
        },
      }],
      extraEnv: [{ name: 'SSL_CERT_FILE', value: '/etc/authorities/ca.pem' }],
      extraVolumes: [{ name: 'authorities', configMap: { name: 'authorities' } }],
      extraVolumeMounts: [{ name: 'authorities', mountPath: '/etc/authorities' }],
      extraPodSpec: { dnsConfig: { options: [{ name: 'ndots', value: '2' }] } },
    },
    has: {
      Deployment: {
        imagePullSecrets: [{ name: 'mirror' }],
        nodeSelector: { disk: 'ssd' },
        tolerations: [{ key: 'db' }],
        affinity: { nodeAffinity: {} },
        priorityClassName: 'high',
        topologySpreadConstraints: [{ topologyKey: 'rack' }],
        dnsConfig: { options: [{ name: 'ndots' }] },
        containers: [{ image: `mirror.example/pg_gateway@${digest}` }],
      },
      'Deployment/pg-gateway': {
        spec: { template: { metadata: { annotations: { 'example.com/a': 'b' }, labels: { team: 'shop' } } } },
      },
    },
    env: { SSL_CERT_FILE: '/etc/authorities/ca.pem' },
  },
  'OpenShift, which gives out uids': {
    values: {
      settings: { CANDIDATES: 'pg' },
      podSecurityContext: { runAsUser: null, runAsGroup: null, fsGroup: null },
      securityContext: { runAsUser: null, runAsGroup: null },
    },
    hasNot: '65532',
  },
};

/** Values that are refused before anything is changed, with what is said. */
export const refusals: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
  [{}, /settings\.CANDIDATES is needed: .*headless service/],
  [{ settings: { CANDIDATES: '' } }, /settings\.CANDIDATES is needed/],
  [{ settings: { CANDIDATES: 'pg', HOLD_MSS: 5 } }, /\/settings.*HOLD_MSS/],
  [{ settings: { CANDIDATES: 'pg', PGPASSWORD: 'secret' } }, /\/settings.*PGPASSWORD/],
  [{ settings: { CANDIDATES: 'pg', HOLD_MS: '10 parsecs' } }, /\/settings\/HOLD_MS/],
  [{ settings: { CANDIDATES: 'pg', MAX_SESSIONS: 'many' } }, /\/settings\/MAX_SESSIONS/],
  [{ settings: { CANDIDATES: 'pg', LISTEN_PORT: 0 } }, /\/settings\/LISTEN_PORT/],
  [{ settings: { CANDIDATES: 'pg', PGSSLMODE: 'on' } }, /\/settings\/PGSSLMODE/],
  // As a number it would lose its last digits.
  [{ settings: { CANDIDATES: 'pg', SYSTEM_IDENTIFIER: 7.3e18 } }, /\/settings\/SYSTEM_IDENTIFIER/],
  [{ settings: { CANDIDATES: 'pg' }, kind: 'daemonset' }, /\/kind/],
  [{ settings: { CANDIDATES: 'pg' }, replicas: 3 }, /replicas/],
  [{ settings: { CANDIDATES: 'pg' }, secrets: { password: { secretName: 'probe' } } }, /secretName/],
  [{ settings: { CANDIDATES: 'pg' }, gracePeriodMarginSeconds: 0 }, /gracePeriodMarginSeconds/],
  [
    { settings: { CANDIDATES: 'pg', METRICS_PORT: 'off' }, serviceMonitor: { enabled: true } },
    /serviceMonitor\.enabled: Prometheus needs the metrics port/,
  ],
];
