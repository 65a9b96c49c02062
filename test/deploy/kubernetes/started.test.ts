import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { IContainer, IPodSpec } from 'kubernetes-models/v1';
import { selfSigned } from '../../bed/certificate.ts';
import { ask, clientOf } from '../../bed/clients.ts';
import { type Cluster, startCluster } from '../../bed/cluster.ts';
import { type DnsServer, startDnsServer } from '../../bed/dns-server.ts';
import { freePort } from '../../bed/ports.ts';
import { waitFor } from '../../bed/wait-for.ts';
import {
  isStarted,
  type Node,
  noPods,
  openNode,
  podAddress,
  type RunningPod,
  saysYes,
  type Secrets,
} from './kubelet.ts';
import {
  envOf,
  find,
  gatewayOf,
  type KubernetesObject,
  namespace,
  noTools,
  openTools,
  podsOf,
  releaseName,
} from './tools.ts';
import { valueSets } from './value-sets.ts';

/** Each rendered pod with a gateway that differs from those before in what the program notices. */
interface Case {
  readonly name: string;
  readonly spec: IPodSpec;
  readonly container: IContainer;
  /** That of helm test, if there is one. */
  readonly tester: { readonly spec: IPodSpec; readonly container: IContainer } | undefined;
}

const skip = noTools || noPods;

function casesOf(): Case[] {
  if (skip) return [];
  const tools = openTools();
  try {
    const seen = new Set<string>();
    const rendered: [string, readonly KubernetesObject[]][] = [
      ...Object.entries(valueSets).map(([name, { values }]): [string, readonly KubernetesObject[]] => [
        `the chart with ${name}`,
        tools.template(values),
      ]),
      ...['base', 'overlays/sidecar', 'overlays/cloudnative-pg'].map((
        name,
      ): [string, readonly KubernetesObject[]] => [`kustomize's ${name}`, tools.kustomize(name)]),
    ];
    return rendered.flatMap(([name, objects]) => {
      const { spec } = podsOf(objects).find(({ of }) => of.startsWith('Deployment/'))!;
      const container = gatewayOf(spec);
      const noticed = JSON.stringify([
        container,
        spec.volumes,
        spec.securityContext,
        spec.terminationGracePeriodSeconds,
      ]);
      if (seen.has(noticed)) return [];
      seen.add(noticed);
      const tester = objects.find(({ kind }) => kind === 'Pod') &&
        find(objects, 'Pod', `${releaseName}-primary`);
      return [{
        name,
        spec,
        container,
        tester: tester && { spec: tester.spec, container: tester.spec.containers[0] },
      }];
    });
  } finally {
    tools.close();
  }
}

describe('the program as Kubernetes would run it', { skip }, () => {
  const password = 'not in the environment';
  const token = 'a-token';
  let cluster: Cluster;
  let dns: DnsServer;
  let node: Node;
  let secrets: Secrets;

  before(async () => {
    cluster = await startCluster({
      standbys: 1,
      hosts: ['127.0.0.1', '127.0.0.3'],
      tls: true,
      password,
      // For pods without a password.
      hba: ['host all trusted 127.0.0.0/8 trust'],
    });
    for (const role of ['gateway', 'trusted']) {
      await ask(cluster.first.port, `create role ${role} login password '${password}'`, { password });
    }
    const port = cluster.first.port;
    const addresses = ['127.0.0.1', '127.0.0.3'];
    dns = await startDnsServer({
      pg: addresses,
      'pg-servers': addresses,
      'pg-0.pg': ['127.0.0.1'],
      'pg-1.pg': ['127.0.0.3'],
      // The third server of the examples is the second one by another name.
      'pg-2.pg': ['127.0.0.3'],
      [`_postgresql._tcp.pg.${namespace}.svc.cluster.local`]: ['pg-0.pg', 'pg-1.pg'].map((name) => ({
        priority: 0,
        weight: 0,
        port,
        name,
      })),
    });
    const pair = selfSigned();
    const ofPair = { 'tls.crt': pair.certificate, 'tls.key': pair.key };
    secrets = {
      probe: { password },
      'pg-gateway': { password },
      metrics: { bearer: token },
      'pg-ca': { 'ca.crt': cluster.certificate! },
      client: ofPair,
      refusal: ofPair,
    };
    node = openNode(secrets);
  });
  after(async () => {
    await node?.close();
    dns?.close();
    await cluster?.close();
  });

  /** The servers' names belong to the test's own name server, and their port is not 5432. */
  const changed = (env: Record<string, string>): Record<string, string> => ({
    ...env,
    CANDIDATES: env['CANDIDATES']!.split(',')
      .map((entry) =>
        entry.startsWith('srv+') ? entry : `${entry.replace(/:[0-9]+$/, '')}:${cluster.first.port}`
      )
      .join(','),
    DNS_SERVERS: dns.address,
    LOG_FORMAT: 'json',
    ...env['PGPASSWORD_FILE'] === undefined ? { PGUSER: 'trusted' } : {},
  });

  const client = { password, host: podAddress };

  const cases = casesOf();
  for (const { name, spec, container, tester } of cases) {
    test(name, async () => {
      const pod = await node.start(spec, container, changed);
      await isStarted(pod, container.startupProbe);
      const env = envOf(container);
      const isSidecar = container.restartPolicy === 'Always';
      const port = pod.port('LISTEN_PORT')!;

      // Started is what a sidecar's application waits for: clients are taken from then on.
      const isClient = isSidecar ? { ...client, host: '127.0.0.1' } : client;
      const session = clientOf(port, isClient);
      const [row] = await session`select pg_is_in_recovery() as standby`;
      assert.equal(row?.['standby'], false);
      if (isSidecar) await assert.rejects(ask(port, 'select 1', client), 'only its own pod reaches it');

      await saysYes(pod, container.livenessProbe);
      await saysYes(pod, container.readinessProbe);
      const explained = await pod.exec(['/pg_gateway', 'explain']);
      assert.equal(explained.code, 0, explained.said);
      assert.deepEqual(trouble(pod), []);

      const standbyPort = pod.port('REPLICA_PORT');
      if (standbyPort !== undefined) {
        await waitFor('a standby to be served', async () => {
          const [row] = await ask(standbyPort, 'select pg_is_in_recovery() as standby', client);
          return row?.['standby'] === true;
        });
      }
      await metricsAreGuarded(pod, env['METRICS_TOKEN_FILE'] === undefined ? undefined : token);
      if (tester) {
        const said = await helmTest(tester, pod);
        assert.equal(said.code, 0, JSON.stringify(said.log));
      }

      await drains(pod, spec, container, isSidecar);
      await session.end({ timeout: 0 });
    });
  }

  test('without a primary a gateway is ready all the same, and holds clients; helm test says no', async () => {
    const { spec, container, tester } = cases[0]!;
    const nobody = await freePort(['127.0.0.1', '127.0.0.3']);
    const pod = await node.start(spec, container, (env) => ({ ...changed(env), CANDIDATES: `pg:${nobody}` }));
    await isStarted(pod, container.startupProbe);
    await waitFor('the election', () => pod.log.some(({ event }) => event === 'no_primary'));
    await saysYes(pod, container.livenessProbe);
    await saysYes(pod, container.readinessProbe);
    const waiting = ask(pod.port('LISTEN_PORT')!, 'select 1', client).catch((error: Error) => error.message);
    await waitFor('the client to be held', async () => {
      const response = await fetch(`http://${podAddress}:${pod.port('METRICS_PORT')}/metrics`);
      return /^pg_gateway_held 1$/m.test(await response.text());
    });
    assert.equal((await helmTest(tester!, pod, '--timeout=1s')).code, 1);
    pod.signal('SIGQUIT');
    assert.notEqual(await waiting, undefined);
    await pod.exited;
  });

  test('a password that is changed in its secret counts at the next login, and ends no session', async () => {
    const { spec, container } = cases.find(({ name }) => name.endsWith('a list of servers, and a password'))!;
    const pod = await node.start(spec, container, changed);
    await isStarted(pod, container.startupProbe);
    const session = clientOf(pod.port('LISTEN_PORT')!, client);
    const [{ pid }] = await session`select pg_backend_pid() as pid` as [{ pid: number }];
    await session.unsafe(`alter role gateway password 'another one'`);
    node.change({ ...secrets, probe: { password: 'another one' } });
    const probes = async (): Promise<unknown[]> =>
      (await session`select pid from pg_stat_activity where usename = 'gateway'`).map(({ pid }) => pid);
    const before = await probes();
    await session`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'gateway'`;
    await waitFor(
      'the probe to log in again',
      async () => (await probes()).some((pid) => !before.includes(pid)),
      {
        evidence: () => JSON.stringify(pod.log),
      },
    );
    const [row] = await session`select pg_backend_pid() as pid`;
    assert.equal(row?.['pid'], pid, 'it is the same session');
    const check = await pod.exec(['/pg_gateway', 'check']);
    assert.equal(check.code, 0, check.said);
    assert.ok(!pod.log.some(({ event }) => event === 'candidate_rejecting'), JSON.stringify(pod.log));
    await session.unsafe(`alter role gateway password '${password}'`);
    await session.end();
    pod.signal('SIGQUIT');
    await pod.exited;
  });

  /** What the program complains about at its start, but for what this machine and these servers are like. */
  function trouble({ log }: RunningPod): string[] {
    const expected = ['login_unasked', 'too_few_sessions'];
    return log.filter(({ level, event }) => ['warn', 'error'].includes(level) && !expected.includes(event))
      .map((line) => JSON.stringify(line));
  }

  async function metricsAreGuarded(pod: RunningPod, token: string | undefined): Promise<void> {
    const port = pod.port('METRICS_PORT');
    if (port === undefined) return;
    const statusOf = async (headers: Record<string, string>): Promise<number> =>
      (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).status;
    assert.equal(await statusOf({}), token === undefined ? 200 : 401);
    if (token !== undefined) assert.equal(await statusOf({ authorization: `Bearer ${token}` }), 200);
  }

  async function helmTest(
    { spec, container }: NonNullable<Case['tester']>,
    pod: RunningPod,
    timeout = '--timeout=60s',
  ): Promise<{ code: number | null; log: unknown }> {
    const args = container.args!.map((arg) =>
      arg.replace(/http:.*/, `http://${podAddress}:${pod.port('METRICS_PORT')}`).replace(
        /^--timeout=.*/,
        timeout,
      )
    );
    const { exited, log } = await node.start(spec, { ...container, args }, (env) => env);
    return { code: await exited, log };
  }

  /** With an open session, for which the program waits. */
  async function drains(
    pod: RunningPod,
    { terminationGracePeriodSeconds = 30 }: IPodSpec,
    { readinessProbe }: IContainer,
    isSidecar: boolean,
  ): Promise<void> {
    pod.signal('SIGTERM');
    const line = await waitFor(
      'the program to drain, or to end',
      () => pod.log.find(({ event }) => event === 'draining' || event === 'stopped'),
    );
    const { acceptMs = 0, drainMs = 0 } = line as { acceptMs?: number; drainMs?: number };
    if (!isSidecar) {
      assert.ok(
        acceptMs + drainMs <= 1000 * terminationGracePeriodSeconds - 2000,
        'with time to say so to clients',
      );
    }
    if (acceptMs + drainMs > 1000) {
      assert.equal(await pod.asks(readinessProbe), false, 'no more clients are to be sent');
      if (acceptMs > 1000) {
        const [row] = await ask(pod.port('LISTEN_PORT')!, 'select 1 as one', client);
        assert.equal(row?.['one'], 1, 'who is still sent is served');
      }
      // Waiting for the end of long times shows no more than doing so for short ones.
      pod.signal('SIGTERM');
    }
    let code: number | null | undefined;
    void pod.exited.then((exitCode) => code = exitCode);
    await waitFor('the end, after which a kubelet kills', () => code !== undefined, {
      deadlineMs: 1000 * terminationGracePeriodSeconds,
    });
    assert.equal(code, 0);
  }
});
