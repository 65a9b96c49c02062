/** Clients behind a real HAProxy that says by the PROXY protocol who they are. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Clients } from '../../src/admin/commands.ts';
import { ask, libpqConnect, noPsql, psql } from '../bed/clients.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import type { ForeignProgram } from '../bed/foreign-program.ts';
import { type GatewayProcess, gatewayRuntime, patient, runProgram, startGateway } from '../bed/gateway.ts';
import { faultsOfConfiguration, noHaproxy, startHaproxy } from '../bed/haproxy.ts';
import { freePort } from '../bed/ports.ts';
import { askOver } from '../bed/raw-client.ts';
import { waitFor } from '../bed/wait-for.ts';

/** HAProxy connects out of these, clients out of 127.0.0.1 and others. */
const [trusted, stranger] = ['127.0.0.9', '127.0.0.8'];

/** How HAProxy sends its header, by the name of its `listen` section. */
const ways = {
  text: 'send-proxy',
  binary: 'send-proxy-v2',
  tlvs: 'send-proxy-v2 proxy-v2-options crc32c,unique-id',
  unix: 'send-proxy-v2',
  standby: 'send-proxy-v2 proxy-v2-options crc32c',
  stranger: 'send-proxy-v2',
  plain: '',
  plainStranger: '',
} as const;

type Way = keyof typeof ways;

const folder = mkdtempSync(join(tmpdir(), 'proxy-'));
const [control, file] = [join(folder, 'control.sock'), join(folder, 'gateway.conf')];
after(() => rmSync(folder, { recursive: true }));

describe(`behind HAProxy, on ${gatewayRuntime}`, { skip: noHaproxy }, () => {
  let cluster: Cluster;
  let gateway: GatewayProcess;
  let haproxy: ForeignProgram;
  const ports = {} as Record<Way, number>;

  before(async () => {
    cluster = await startCluster({ tls: true, standbys: 1 });
    // A folder of unix sockets goes with ports that are known.
    const [port, standbyPort] = [await freePort(), await freePort()];
    set('require');
    gateway = await startGateway({
      ...patient,
      CONFIG_FILE: file,
      CANDIDATES: cluster.candidates,
      CONTROL_SOCKET: control,
      LISTEN_HOST: `127.0.0.1,${folder}`,
      LISTEN_PORT: String(port),
      REPLICA_PORT: String(standbyPort),
    });
    await gateway.routesTo(cluster.first.port);
    for (const way of Object.keys(ways) as Way[]) ports[way] = await freePort();
    const sections = Object.entries(ways).map(([way, options]) => {
      const to = way === 'unix'
        ? `unix@${folder}/.s.PGSQL.${port}`
        : `127.0.0.1:${way === 'standby' ? standbyPort : port}`;
      const source = way === 'unix' ? '' : `source ${/stranger/i.test(way) ? stranger : trusted}`;
      // Without one where the gateway would refuse it; and a check that comes late takes no server down here.
      const check = options === '' || way === 'stranger' ? '' : 'check inter 50ms fall 1000';
      return `listen ${way}\n  bind 127.0.0.1:${ports[way as Way]}\n  unique-id-format %{+X}o%ci:%cp-%Ts\n` +
        `  server gateway ${to} ${source} ${check} ${options}\n`;
    });
    const defaults = 'mode tcp\n  timeout connect 5s\n  timeout client 1m\n  timeout server 1m';
    haproxy = await startHaproxy(
      `defaults\n  ${defaults}\n\n${sections.join('\n')}`,
      ...Object.values(ports),
    );
  });

  after(async () => {
    await haproxy?.stop();
    await gateway?.stop();
    await cluster?.close();
  });

  const set = (mode: string): void => {
    writeFileSync(file, `PROXY_PROTOCOL=${mode}\nPROXY_TRUSTED=${trusted}/32, unix\n`);
  };

  const reload = async (mode: string): Promise<void> => {
    const isReloaded = () => gateway.log.filter(({ event }) => event === 'reloaded').length;
    const before = isReloaded();
    set(mode);
    gateway.signal('SIGHUP');
    await waitFor('the reload', () => isReloaded() > before);
  };

  const outcome = (name: string) => gateway.metric(`pg_gateway_proxy_headers_total{outcome="${name}"}`);

  const conninfo = (port: number, more = 'sslmode=disable') =>
    `host=127.0.0.1 port=${port} user=postgres dbname=postgres ${more}`;

  test('clients shows the address of the client itself, and kill ends it by that', async () => {
    const from = '127.0.0.77';
    const clients = await Promise.all(
      (['text', 'binary', 'tlvs', 'unix', 'standby'] as const).map(async (way) => {
        const socket: Socket = connect({ host: '127.0.0.1', port: ports[way], localAddress: from });
        await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
        const { received } = await askOver(socket, 'select 4711 as answer');
        await waitFor(`the answer by ${way}`, () => received().includes('4711'));
        const closed = new Promise((resolve) => socket.once('close', resolve));
        return {
          row: `${from}:${socket.localPort} ${way === 'standby' ? 'standby' : 'primary'} open`,
          closed,
        };
      }),
    );
    const tell = (...args: string[]) => runProgram([...args, '--address', from, '--control-socket', control]);
    const { stdout } = await tell('clients', '--json');
    assert.deepEqual(
      (JSON.parse(stdout) as Clients).clients.map(({ client, port, state }) => `${client} ${port} ${state}`)
        .sort(),
      clients.map(({ row }) => row).sort(),
    );
    assert.equal((await tell('kill', '--yes')).stdout, '5 clients ended.\n');
    await Promise.all(clients.map(({ closed }) => closed));
  });

  test('the checks of HAProxy reach no server and leave no line', async () => {
    const before = cluster.servers.map((server) => server.log().length);
    const taken = await outcome('taken') ?? 0;
    await waitFor('some checks', async () => (await outcome('taken') ?? 0) >= taken + 10);
    for (const [index, server] of cluster.servers.entries()) {
      assert.doesNotMatch(server.log().slice(before[index]), /connection|startup packet|protocol/);
    }
    assert.deepEqual(gateway.log.filter(({ event }) => /^proxy_|^other_protocol|^session_/.test(event)), []);
    for (const name of ['missing', 'malformed', 'untrusted']) assert.equal(await outcome(name), 0, name);
  });

  test('HAProxy takes the configuration of docs/recipes/haproxy.md', () => {
    const page = readFileSync(new URL('../../docs/recipes/haproxy.md', import.meta.url), 'utf8');
    const [, config] = [...page.matchAll(/^```haproxy\n(.*?)^```$/gms)].map(([, block]) => block!);
    const path = join(folder, 'haproxy.cfg');
    assert.match(config ?? '', /send-proxy-v2/);
    writeFileSync(path, config!);
    assert.equal(faultsOfConfiguration(path), '');
  });

  test('TLS goes through, and libpq of every mode is served', async () => {
    for (const more of ['sslmode=prefer', 'sslmode=require', 'sslmode=require sslnegotiation=direct']) {
      assert.equal((await libpqConnect(conninfo(ports.tlvs, more))).error, '', more);
    }
  });

  test(
    'who comes without a header, or from elsewhere, reads why in psql and libpq',
    { skip: noPsql },
    async () => {
      for (
        const [way, why] of [
          ['plain', /FATAL: {2}pg_gateway wants a PROXY protocol header .*\n?.*HINT: {2}Connect through/],
          ['stranger', /FATAL: {2}pg_gateway takes no PROXY protocol header from 127\.0\.0\.8/],
          [
            'plainStranger',
            /FATAL: {2}pg_gateway takes no client from 127\.0\.0\.8: all have to come through/,
          ],
        ] as const
      ) {
        for (const more of ['sslmode=disable', 'sslmode=prefer', 'sslmode=require']) {
          const { code, stderr } = await psql(conninfo(ports[way], more), 'select 1');
          assert.equal(code, 2, more);
          assert.match(stderr, why, more);
        }
        assert.match(
          (await libpqConnect(conninfo(ports[way], 'sslmode=require sslnegotiation=direct'))).error,
          why,
        );
      }
      // libpq tries twice with prefer.
      const missing = await outcome('missing') ?? 0;
      assert.ok(missing >= 4, String(missing));
      assert.deepEqual([await outcome('untrusted'), await outcome('malformed')], [2 * missing, 0]);
      const named = gateway.log.filter(({ event }) => event === 'proxy_refused');
      assert.match(String(named[0]?.['client']), /^127\.0\.0\.9:\d+$/);
      assert.match(String(named[1]?.['client']), /^127\.0\.0\.8:\d+$/);
    },
  );

  test('a reload to accept serves those without a header, and to off refuses those with one', async () => {
    await reload('accept');
    for (const way of ['plain', 'plainStranger', 'text', 'tlvs'] as const) {
      assert.deepEqual(await ask(ports[way], 'select 1 as one'), [{ one: 1 }], way);
    }
    const { error } = await libpqConnect(conninfo(ports.stranger));
    assert.match(error, /takes no PROXY protocol header from 127\.0\.0\.8/);
    await reload('off');
    assert.match(
      (await libpqConnect(conninfo(ports.text))).error,
      /it begins with a PROXY protocol header/,
    );
  });
});
