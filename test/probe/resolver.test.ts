/** Names resolved by a real name server. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { resolverBy, systemResolver } from '../../src/probe/resolver.ts';
import { type SrvRecord, startDnsServer, type Zone } from '../bed/dns-server.ts';
import { check, type Closer } from './support.ts';

async function begin(t: Closer, zone: Zone) {
  const server = await startDnsServer(zone);
  t.after(() => server.close());
  return { server, resolver: resolverBy([server.address]) };
}

const srv = (name: string, port: number, priority = 0, weight = 0): SrvRecord => ({
  name,
  port,
  priority,
  weight,
});

describe('the resolver', () => {
  check('finds localhost in the way of the system', async () => {
    const addresses = await systemResolver().addresses('localhost');
    assert.ok(addresses.some((address) => ['127.0.0.1', '::1'].includes(address)), addresses.join());
  });

  check('says of a name that the system does not know that it does not know it', async () => {
    await assert.rejects(systemResolver().addresses('no.such.name.invalid'), /ENOTFOUND|EAI_AGAIN/);
  });

  check('finds all addresses of both families', async (t) => {
    const { resolver } = await begin(t, { 'db.example': ['10.0.0.1', '10.0.0.2', '2001:db8::1:2'] });
    const addresses = await resolver.addresses('db.example');
    assert.deepEqual(addresses.toSorted(), ['10.0.0.1', '10.0.0.2', '2001:db8::1:2']);
  });

  check('finds a name that has addresses of one family', async (t) => {
    const { resolver } = await begin(t, { 'four.example': ['10.0.0.1'], 'six.example': ['fd00::1'] });
    assert.deepEqual(await resolver.addresses('four.example'), ['10.0.0.1']);
    assert.deepEqual(await resolver.addresses('six.example'), ['fd00::1']);
  });

  check('rejects where there is nothing', async (t) => {
    const { resolver } = await begin(t, { 'empty.example': [], '_pg._tcp.none.example': [srv('.', 0)] });
    const nothing = { code: /^(ENOTFOUND|ENODATA)$/ };
    await assert.rejects(resolver.addresses('empty.example'), nothing);
    await assert.rejects(resolver.addresses('unknown.example'), nothing);
    await assert.rejects(resolver.targets('empty.example'), nothing);
    await assert.rejects(resolver.targets('_pg._tcp.none.example'), nothing);
  });

  check('rejects with the failure of a name server that fails', async (t) => {
    const { server, resolver } = await begin(t, { 'db.example': ['10.0.0.1'] });
    server.mood = 'fails';
    // Deno 2.9.5 knows no other failure.
    const failure = { code: process.versions['deno'] === undefined ? 'ESERVFAIL' : 'ENOTFOUND' };
    await assert.rejects(resolver.addresses('db.example'), failure);
    await assert.rejects(resolver.targets('db.example'), failure);
  });

  check('gives a name server up that says nothing', async (t) => {
    const { server, resolver } = await begin(t, {});
    server.mood = 'hangs';
    await assert.rejects(resolver.targets('_pg._tcp.example'), { code: 'ETIMEOUT' });
    assert.ok(server.asked() >= 2, 'it is asked a second time');
  });

  check('orders targets by priority, then weight, then name', async (t) => {
    const { resolver } = await begin(t, {
      '_pg._tcp.example': [
        srv('c.example', 5432, 20),
        srv('b.example.', 5432, 10, 1),
        srv('A.example', 5433, 10, 1),
        srv('a.example', 5432, 10, 1),
        srv('d.example', 6000, 10, 9),
      ],
    });
    const targets = await resolver.targets('_pg._tcp.example');
    assert.deepEqual(targets.map(({ host, port }) => `${host}:${port}`), [
      'd.example:6000',
      'a.example:5432',
      'a.example:5433',
      'b.example:5432',
      'c.example:5432',
    ]);
  });

  check('leaves out targets that are no host or no port', async (t) => {
    const { resolver } = await begin(t, {
      '_pg._tcp.example': [
        srv('a.example', 5432),
        srv('b.example', 0),
        srv('c c.example', 5432),
        srv('d\x1b[2J.example', 5432),
      ],
    });
    const targets = await resolver.targets('_pg._tcp.example').catch((error) => [String(error.code)]);
    // A resolver may also take the whole answer for a bad one.
    assert.match(JSON.stringify(targets), /^(?:\["EBADRESP"\]|\[\{"host":"a.example","port":5432\}\])$/);
  });
});
