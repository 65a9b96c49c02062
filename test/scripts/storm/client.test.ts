import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { message, readyForQuery } from '../../../scripts/lib/bench/protocol.ts';
import { startChecks } from '../../../scripts/lib/storm/checks.ts';
import { Client, type Place } from '../../../scripts/lib/storm/client.ts';
import { waitFor } from '../../bed/wait-for.ts';

const text = (words: string) => new TextEncoder().encode(words);
const servers: Server[] = [];
const sockets = new Set<Socket>();
after(() => {
  for (const server of servers) server.close();
  for (const socket of sockets) socket.destroy();
});

/** Answers each packet of a connection, the first one first; undefined closes it. */
async function answering(...answers: (readonly Uint8Array[] | undefined)[]): Promise<Place> {
  const server = createServer((socket) => {
    sockets.add(socket);
    let at = 0;
    socket.on('error', () => {}).on('data', () => {
      const answer = answers[Math.min(at++, answers.length - 1)];
      if (answer === undefined) return socket.destroy();
      // In parts: a message may come cut.
      for (const part of answer) socket.write(part);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

const letIn = [message('R', new Uint8Array(4)), readyForQuery];
const standby = [message('R', new Uint8Array(4)), message('S', text('in_hot_standby\0on\0')), readyForQuery];
const row = (value: string) => {
  const body = new Uint8Array([0, 1, 0, 0, 0, value.length, ...text(value)]);
  return [message('D', body).subarray(0, 3), message('D', body).subarray(3), readyForQuery];
};
const error = (code: string) => [message('E', text(`SERROR\0C${code}\0Mno\0\0`)), readyForQuery];

/** What a client tells, until there is a line that `isLast`. */
async function lifeOf(
  places: readonly Place[],
  isLast: (line: string) => boolean,
  patienceMs = 5000,
): Promise<string[]> {
  const told: string[] = [];
  const seen = {
    served: (id: number, port: number) => void told.push(`${id} served by ${port}`),
    broke: (reason: string) => void told.push(`broke: ${reason}`),
    notConnected: (reason: string) => void told.push(`not connected: ${reason}`),
    notWritten: (reason: string) => void told.push(`not written: ${reason}`),
  };
  const client = new Client(7, { places, patienceMs, askEveryMs: 1, random: () => 0, seen });
  client.connect();
  await waitFor('the last of what it tells', () => told.some(isLast), { evidence: () => told.join('\n') });
  client.end();
  return told;
}

describe('a client of a storm', () => {
  test('is served by the server that says its port', async () => {
    const place = await answering(letIn, row('5433'));
    assert.deepEqual((await lifeOf([place], () => true)).slice(0, 1), ['7 served by 5433']);
  });

  test('tells that its session ended, and comes back', async () => {
    const place = await answering(letIn, row('5433'), undefined);
    const told = await lifeOf([place], (line) => line.startsWith('broke'));
    assert.deepEqual(told.slice(0, 2), ['7 served by 5433', 'broke: closed']);
  });

  test('of a list of servers, takes the one that is no standby', async () => {
    const refuses = { host: '127.0.0.1', port: 1 };
    const list = [refuses, await answering(standby), await answering(letIn, row('5434'))];
    assert.deepEqual((await lifeOf(list, () => true))[0], '7 served by 5434');
  });

  test('tells why none of a list would do', async () => {
    const list = [await answering(error('57P03')), await answering(standby)];
    assert.equal((await lifeOf(list, () => true))[0], 'not connected: standby');
  });

  test('behind a proxy, writes to whatever is there', async () => {
    const place = await answering(standby, error('25006'));
    assert.equal((await lifeOf([place], () => true))[0], 'not written: 25006');
  });

  test('tells the SQLSTATE of a refusal', async () => {
    assert.equal((await lifeOf([await answering(error('57P03'))], () => true))[0], 'not connected: 57P03');
  });

  test('loses patience with a server that is silent', async () => {
    assert.equal((await lifeOf([await answering([])], () => true, 10))[0], 'not connected: late');
  });
});

test("the checks are answered as Patroni's, by who is the primary", async () => {
  const checks = await startChecks(2);
  const ask = async () =>
    await Promise.all(
      checks.ports.map(async (port) =>
        (await fetch(`http://127.0.0.1:${port}/primary`, { method: 'OPTIONS' })).status
      ),
    );
  assert.deepEqual(await ask(), [200, 503]);
  checks.primary = undefined;
  assert.deepEqual(await ask(), [503, 503]);
  checks.primary = 1;
  assert.deepEqual(await ask(), [503, 200]);
  checks.end();
});
