import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { IContainer, IPodSpec } from 'kubernetes-models/v1';
import { parse, stringify } from 'yaml';
import { chartFolder, kustomizeFolder, makeFiles } from '../../../scripts/lib/chart/make.ts';
import { values } from '../../../scripts/lib/chart/values.ts';
import { noPrometheus, promtool } from '../../bed/prometheus.ts';
import { lostReferences } from './references.ts';
import { violations } from './restricted.ts';
import { invalid, unknownFields } from './schemas.ts';
import {
  chart,
  containersOf,
  envOf,
  find,
  gatewayOf,
  type KubernetesObject,
  namesOf,
  namespace,
  noTools,
  openTools,
  type Pod,
  podsOf,
  releaseName,
} from './tools.ts';
import { always, refusals, valueSets } from './value-sets.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const document = read('docs/kubernetes.md');

/** The text of each fenced block of docs/kubernetes.md with this in it. */
const example = (part: string): string => {
  const found = [...document.matchAll(/^```yaml\n([^]*?)^```$/gm)].filter(([, text]) => text!.includes(part));
  assert.equal(found.length, 1, `one example with ${part}`);
  return found[0]![1]!;
};

test('what follows from other files is up to date: scripts/chart writes it', () => {
  for (const [path, text] of makeFiles()) {
    assert.equal(read(path), text, `${path} is not what scripts/chart makes`);
  }
});

test('every value of the chart is in its schema and its table', () => {
  const leaves = (of: unknown, path: string): string[] =>
    values.has(path) || typeof of !== 'object' || of === null
      ? [path]
      : Object.entries(of).flatMap(([name, value]) => leaves(value, path === '' ? name : `${path}.${name}`));
  assert.deepEqual(leaves(parse(read(`${chartFolder}/values.yaml`)), ''), [...values.keys()]);
});

test('docs/kubernetes.md names values and parts of kustomize that there are', () => {
  const names = [...document.matchAll(/`([a-z]\w+(?:\.\w+)*)`/gi)].map(([, name]) => name!);
  const known = new Set(
    [...values.keys()].flatMap((path) => path.split('.').map((_, at, all) => all.slice(0, at + 1).join('.'))),
  );
  const top = new Set([...known].filter((path) => !path.includes('.')));
  const meant = names.filter((name) => name.includes('.') && top.has(name.split('.')[0]!));
  assert.ok(meant.length > 5);
  assert.deepEqual(meant.filter((name) => !known.has(name)), []);
});

describe('the chart and the kustomize base', { skip: noTools }, () => {
  const tools = openTools();
  const folder = mkdtempSync(join(tmpdir(), 'kubernetes-'));
  after(() => {
    tools.close();
    rmSync(folder, { recursive: true });
  });
  /** All that was rendered without a fault, for the type checker. */
  const rendered: KubernetesObject[] = [];

  /** With the parts of pods that are ours, where the others are somebody else's. */
  function judge(objects: readonly KubernetesObject[], ours = podsOf(objects).map(({ spec }) => spec)): void {
    rendered.push(...objects);
    assert.deepEqual(objects.map(invalid).filter((why) => why !== undefined), []);
    assert.deepEqual(lostReferences(objects), []);
    assert.deepEqual(ours.flatMap(violations), []);
    assert.deepEqual(ours.flatMap(lacks), []);
  }

  test('helm finds nothing to complain about', () => {
    const { code, stdout } = tools.helm(['lint', '--strict', chart, '--values', '-'], {
      settings: { CANDIDATES: 'pg' },
    });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /1 chart\(s\) linted, 0 chart\(s\) failed/);
  });

  for (
    const [name, { values, more = [], fewer = [], env = {}, has = {}, hasNot, graceSeconds = 20 }] of Object
      .entries(
        valueSets,
      )
  ) {
    test(`with ${name}`, () => {
      const objects = tools.template(values);
      judge(objects);
      assert.deepEqual(
        namesOf(objects),
        [...always, ...more].filter((one) => !fewer.includes(one)).toSorted(),
      );
      const { spec } = find(objects, 'Deployment', releaseName).spec.template as { spec: IPodSpec };
      const set = envOf(gatewayOf(spec));
      for (const [name, value] of Object.entries(env)) assert.equal(set[name], value, name);
      assert.equal(spec.terminationGracePeriodSeconds, graceSeconds);
      if (hasNot !== undefined) assert.ok(!JSON.stringify(objects).includes(hasNot), hasNot);
      for (const [name, part] of Object.entries(has)) {
        const whole = name === 'Deployment' ? spec : find(objects, ...name.split('/') as [string, string]);
        assert.partialDeepStrictEqual(whole, part as object, name);
      }
    });
  }

  for (const [values, said] of refusals) {
    test(`helm refuses ${JSON.stringify(values)}`, () => {
      assert.throws(() => tools.template(values), said);
    });
  }

  test('a rolling update takes no gateway away before there is another one', () => {
    const { spec } = find(tools.template({ settings: { CANDIDATES: 'pg' } }), 'Deployment', releaseName);
    assert.equal(spec.replicas, 2);
    assert.deepEqual(spec.strategy, {
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
    });
    const spread = spec.template.spec.topologySpreadConstraints.map((
      { topologyKey }: { topologyKey: string },
    ) => topologyKey);
    assert.deepEqual(spread, ['kubernetes.io/hostname', 'topology.kubernetes.io/zone']);
  });

  test('a change of a setting is a change of the pods, and so rolls them', () => {
    const pods = ['10s', '20s'].map((HOLD_MS) =>
      JSON.stringify(podsOf(tools.template({ settings: { CANDIDATES: 'pg', HOLD_MS } })))
    );
    assert.notEqual(pods[0], pods[1]);
  });

  test('no secret is in the environment', () => {
    for (const { spec } of podsOf(rendered)) {
      for (const { env = [], envFrom } of containersOf(spec)) {
        assert.equal(envFrom, undefined);
        assert.ok(env.every(({ valueFrom }) => valueFrom === undefined));
        assert.ok(!env.some(({ name }) => name === 'PGPASSWORD' || name === 'METRICS_TOKEN'));
      }
    }
  });

  test('the alerts and the dashboard are those of deploy/, for the job of the release', () => {
    const objects = tools.template(valueSets['Prometheus and Grafana, and a token']!.values);
    const job = `${namespace}/${releaseName}`;
    const { spec } = find(objects, 'PrometheusRule', releaseName);
    const own = JSON.stringify(spec).replaceAll(`job=\\"${job}\\"`, 'job=\\"pg_gateway\\"');
    const source = parse(read('deploy/prometheus/pg_gateway.rules.yml'));
    assert.deepEqual(JSON.parse(own), source);
    assert.notEqual(own, JSON.stringify(spec), 'the job is in them');
    const [endpoint] = find(objects, 'ServiceMonitor', releaseName).spec.endpoints;
    assert.deepEqual(endpoint.relabelings, [{ action: 'replace', targetLabel: 'job', replacement: job }]);
    assert.deepEqual(endpoint.authorization.credentials, { name: 'metrics', key: 'bearer' });
    const { data } = find(objects, 'ConfigMap', `${releaseName}-dashboard`);
    assert.deepEqual(
      JSON.parse(data!['pg_gateway.json']!),
      JSON.parse(read('deploy/grafana/pg_gateway.json')),
    );
    const copy = parse(read('deploy/kubernetes/kustomize/components/monitoring/prometheus-rule.yaml'));
    assert.deepEqual(copy.spec, source);
  });

  test('the alerts are clean for promtool as they are rendered', { skip: noPrometheus }, () => {
    const rule = rendered.find(({ kind }) => kind === 'PrometheusRule')!;
    const file = join(folder, 'rules.yml');
    writeFileSync(file, stringify(rule.spec));
    const { code, said } = promtool(['check', 'rules', file]);
    assert.equal(code, 0, said);
  });

  for (const name of ['base', ...examples('overlays')]) {
    test(`kustomize makes what is right out of ${name}`, () => judge(tools.kustomize(name)));
  }

  test('kustomize adds monitoring', () => {
    const objects = kustomized(['../base'], ['../components/monitoring', '../components/standby-port']);
    judge(objects);
    assert.ok(namesOf(objects).includes('ServiceMonitor/pg-gateway'));
    assert.ok(namesOf(objects).includes('Service/pg-gateway-standby'));
  });

  /** What kustomize makes of a folder of a user's own, which stands beside the base. */
  function kustomized(
    resources: readonly string[],
    components: readonly string[],
  ): readonly KubernetesObject[] {
    const copy = mkdtempSync(join(folder, 'kustomize-'));
    cpSync(join(root, kustomizeFolder), copy, { recursive: true });
    mkdirSync(join(copy, 'own'));
    const file = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources,
      components,
    };
    writeFileSync(join(copy, 'own/kustomization.yaml'), stringify(file));
    return tools.kustomize(join(copy, 'own'));
  }

  test('the kustomize base is what the chart makes of the same settings', () => {
    const ofChart = tools.template({
      settings: { CANDIDATES: 'pg' },
      secrets: { password: { name: 'pg-gateway' } },
    }).filter(({ kind }) => kind !== 'Pod');
    const ofBase = tools.kustomize('base');
    assert.deepEqual(namesOf(ofBase), namesOf(ofChart));
    for (const object of ofBase) {
      const { spec, metadata: { labels } } = find(ofChart, object.kind, object.metadata.name);
      assert.deepEqual(object.spec, spec);
      for (const [name, value] of Object.entries(object.metadata.labels ?? {})) {
        assert.equal(labels?.[name], value);
      }
    }
  });

  test('the sidecar of kustomize is what the chart puts into a pod of somebody else', () => {
    const [ofChart, ofKustomize] = [sidecarOfChart(), tools.kustomize('overlays/sidecar')].map((objects) => {
      const [{ spec: { initContainers = [], volumes = [] } }] = podsOf(objects) as [Pod];
      judge(objects, [{ automountServiceAccountToken: false, containers: initContainers, volumes }]);
      const [{ env: _, ...sidecar }] = initContainers as [IContainer];
      return { sidecar, volumes, env: { ...envOf(initContainers[0]!), CANDIDATES: 'its own' } };
    });
    assert.deepEqual(ofKustomize, ofChart);
    const { sidecar, env } = ofChart as { sidecar: IContainer; env: Record<string, string> };
    assert.equal(sidecar.restartPolicy, 'Always', 'a native one');
    assert.equal(env['LISTEN_HOST'], '127.0.0.1');
    assert.equal(env['DRAIN_ACCEPT_MS'], '0');
  });

  /** The example of docs/kubernetes.md, typed in. */
  function sidecarOfChart(): readonly KubernetesObject[] {
    const shop = mkdtempSync(join(folder, 'shop-'));
    mkdirSync(join(shop, 'templates'));
    mkdirSync(join(shop, 'charts'));
    symlinkSync(chart, join(shop, 'charts/pg-gateway'));
    writeFileSync(
      join(shop, 'Chart.yaml'),
      `apiVersion: v2\nname: shop\nversion: 1.0.0\n${example('repository: file://')}`,
    );
    writeFileSync(join(shop, 'values.yaml'), example('kind: sidecar'));
    writeFileSync(join(shop, 'templates/deployment.yaml'), example('pg-gateway.sidecar'));
    return tools.template({}, shop);
  }

  test('the chart is whole when it is packed', () => {
    const { code, stderr } = tools.helm(['package', chart, '--destination', folder]);
    assert.equal(code, 0, stderr);
    const { version } = JSON.parse(read('package.json'));
    const { values } = valueSets['Prometheus and Grafana, and a token']!;
    assert.deepEqual(
      tools.template(values, join(folder, `pg-gateway-${version}.tgz`)),
      tools.template(values),
    );
  });

  test('the notes say what to type next', () => {
    const notes = (values: unknown): string => {
      const { code, stdout, stderr } = tools.helm(
        ['install', releaseName, chart, '--namespace', namespace, '--dry-run=client', '--values', '-'],
        values,
      );
      assert.equal(code, 0, stderr);
      return stdout.slice(stdout.indexOf('NOTES:'));
    };
    const said = notes({
      settings: { CANDIDATES: 'pg', REPLICA_PORT: 6434, METRICS_PORT: 9187 },
      service: { port: 5432 },
    });
    for (
      const part of [
        "psql 'host=pg-gateway port=5432 ",
        'kubectl exec --namespace shop deployment/pg-gateway -- /pg_gateway explain',
        'kubectl port-forward --namespace shop deployment/pg-gateway 6433:9187',
        'pg-gateway-standby.shop:6432',
        '--set secrets.password.name=pg-gateway',
      ]
    ) assert.ok(said.includes(part), `${part}\nin ${said}`);
    assert.ok(
      !notes({ settings: { CANDIDATES: 'pg' }, secrets: { password: { name: 'a' } } }).includes(
        'no password',
      ),
    );
    assert.match(notes({ settings: { CANDIDATES: 'pg' }, kind: 'sidecar' }), /include "pg-gateway\.sidecar"/);
  });

  test('no object has a field that there is not', () => {
    const distinct = new Map(rendered.map((object) => [JSON.stringify(object), object]));
    assert.ok(distinct.size > 40);
    assert.equal(unknownFields([...distinct.values()]), '');
    const deployment = structuredClone(rendered.find(({ kind }) => kind === 'Deployment')!);
    deployment.spec.template.spec.containers[0].readinesProbe = {};
    assert.match(unknownFields([deployment]), /readinesProbe/, 'it would tell');
  });
});

/** What every pod of ours has beside what the restricted standard asks for. */
function lacks(spec: IPodSpec): string[] {
  return [
    ...spec.automountServiceAccountToken === false ? [] : ['it has a token of a service account'],
    ...containersOf(spec).filter(({ name }) => name === 'pg-gateway').flatMap((
      { securityContext, resources },
    ) => [
      ...securityContext?.readOnlyRootFilesystem ? [] : ['its root can be written to'],
      ...resources?.requests?.['memory'] && resources.limits?.['memory'] ? [] : ['its memory has no limit'],
    ]),
  ];
}

function examples(kind: string): string[] {
  return readdirSync(join(root, kustomizeFolder, kind)).map((name) => `${kind}/${name}`);
}
