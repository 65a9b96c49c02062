import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  errorResponse,
  readPreamble,
  refusalPreamble,
  tlsIsReady,
} from '../../src/protocol/error-response.ts';
import { noPrimary } from '../../src/data/refusals.ts';
import type { FarEnd } from '../bed/fake-conn.ts';
import {
  bytesOf,
  cancelRequest,
  clientHello,
  gssRequest,
  readError,
  sslRequest,
  startup,
  terminate,
} from './packets.ts';
import { defaults, World } from './world.ts';

/** No client waits in it: each is refused at once. */
function closedWorld(): World {
  return new World({ holdMs: 0 });
}

const text = (end: FarEnd): string => new TextDecoder('latin1').decode(end.received);
const refusal = (world: World) => noPrimary(world.route, 0);

describe('in clear text', () => {
  test('a StartupMessage is answered, then comes the FIN, and the client may take its time', () => {
    const world = closedWorld();
    const client = world.client(startup);
    deepEqual(client.received, errorResponse(refusal(world)));
    ok(client.ended && !client.closed);
    client.fin();
    world.empty({ refused: 1 });
  });

  test('a client that half-closes behind its packet can still read the answer', () => {
    const world = closedWorld();
    const client = world.client();
    world.runtime.together(() => {
      client.send(startup);
      client.fin();
    });
    deepEqual(client.received, errorResponse(refusal(world)));
    ok(client.ended && !client.aborted);
    world.empty({ refused: 1 });
  });

  test('what the client sends after its packet is read and dropped', () => {
    const world = closedWorld();
    const client = world.client(startup);
    for (let count = 0; count < 100; count++) client.send(new Uint8Array(10_000));
    deepEqual([client.paused, client.delivered], [false, startup.length + 1_000_000]);
    deepEqual(client.received, errorResponse(refusal(world)));
    client.reset();
    world.empty({ refused: 1 });
  });

  test('a client that was paused because it flooded is read again, so that its end is seen', () => {
    const world = new World();
    const client = world.client(startup);
    for (let count = 0; count < 30; count++) client.send(new Uint8Array(1_000));
    ok(client.paused);
    world.runtime.advance(defaults.holdMs);
    ok(client.ended && !client.paused);
    client.fin();
    world.empty({ holdTimeout: 1 });
  });

  test('GSSENCRequest is answered with N, and the client goes on in clear text', () => {
    const world = closedWorld();
    const client = world.client(gssRequest);
    equal(text(client), 'N');
    client.send(startup.subarray(0, 10));
    equal(text(client), 'N');
    client.send(startup.subarray(10));
    deepEqual(client.received, bytesOf('N', errorResponse(refusal(world))));
    client.fin();
    world.empty({ refused: 1 });
  });

  test('a second GSSENCRequest ends the connection', () => {
    const world = closedWorld();
    const client = world.client(gssRequest);
    equal(text(client), 'N');
    client.send(gssRequest);
    ok(client.aborted);
    ok(world.client(bytesOf(gssRequest, gssRequest, startup)).aborted, 'at once, too');
    world.empty({ refused: 2 });
  });

  test('what comes after the N and makes no sense gets the refusal as well', () => {
    const world = closedWorld();
    const client = world.client(gssRequest);
    client.send(bytesOf('SSH-2.0-OpenSSH_9.2\r\n'));
    deepEqual(client.received, bytesOf('N', errorResponse(refusal(world))));
    client.fin();
    world.empty({ refused: 1 });
  });

  test('a cancel request is dropped, as there is nothing to cancel, and so is a Terminate', () => {
    for (const bytes of [cancelRequest(), cancelRequest(0), terminate]) {
      const world = closedWorld();
      const client = world.client(gssRequest);
      client.send(bytes);
      deepEqual([text(client), client.ended, client.aborted], ['N', true, false]);
      client.fin();
      world.empty({ refused: 1 });
    }
  });

  test('a half-close after the N is answered with a FIN', () => {
    const world = closedWorld();
    const client = world.client(gssRequest);
    client.fin();
    deepEqual([text(client), client.ended, client.aborted], ['N', true, false]);
    world.empty({ refused: 1 });
  });
});

describe('under TLS', () => {
  test('SSLRequest is answered with S once the refusal server says so, which gets preamble and handshake', () => {
    const world = closedWorld();
    const client = world.client(sslRequest);
    deepEqual([world.dialled, text(client)], [['/run/refusals'], '']);
    const server = world.runtime.lastDial.accept();
    equal(text(client), '');
    deepEqual(server.received, refusalPreamble(refusal(world), '127.0.0.1', new Uint8Array(0)));
    server.send(tlsIsReady);
    equal(text(client), 'S');
    client.send(clientHello);
    deepEqual(server.received, refusalPreamble(refusal(world), '127.0.0.1', clientHello));
    server.send(bytesOf('handshake and refusal'));
    equal(text(client), 'Shandshake and refusal');
    server.fin();
    ok(client.ended);
    client.fin();
    deepEqual([world.count('upstreamBytes'), world.count('downstreamBytes')], [0, 0], 'it is no traffic');
    deepEqual(world.suspicions, []);
    world.empty({ refused: 1 });
  });

  test('GSSENCRequest, N, SSLRequest, S', () => {
    const world = closedWorld();
    const client = world.client(gssRequest);
    client.send(sslRequest);
    const server = world.runtime.lastDial.accept();
    server.send(tlsIsReady);
    equal(text(client), 'NS');
    server.fin();
    client.fin();
    world.empty({ refused: 1 });
  });

  test('bytes that came with the SSLRequest, before there was TLS, end the session', () => {
    const world = closedWorld();
    const client = world.client(bytesOf(sslRequest, clientHello));
    deepEqual([world.dialled, client.received.length, client.aborted], [[], 0, true]);
    world.empty({ refused: 1 });
  });

  test('direct TLS goes to the refusal server from its first byte on, without S', () => {
    const world = closedWorld();
    const client = world.client(clientHello);
    client.send(bytesOf('more of it'));
    const server = world.runtime.lastDial.accept();
    deepEqual(
      server.received,
      refusalPreamble(refusal(world), '127.0.0.1', bytesOf(clientHello, 'more of it')),
    );
    server.send(tlsIsReady);
    equal(client.received.length, 0);
    server.send(bytesOf('handshake'));
    equal(text(client), 'handshake');
    client.fin();
    server.fin();
    world.empty({ refused: 1 });
  });

  test('without a refusal server SSLRequest gets N, and in clear text the client can read the refusal', () => {
    const world = closedWorld();
    const client = world.client(sslRequest);
    world.runtime.lastDial.refuse('ENOENT');
    equal(text(client), 'N');
    client.send(startup);
    deepEqual(client.received, bytesOf('N', errorResponse(refusal(world))));
    client.fin();
    deepEqual(world.suspicions, [], 'the refusal server is none of the candidates');
    world.empty({ refused: 1 });
  });

  for (const how of ['fin', 'reset'] as const) {
    test(`a refusal server that is full and ends with a ${how} makes SSLRequest an N`, () => {
      const world = closedWorld();
      const client = world.client(sslRequest);
      world.runtime.lastDial.accept()[how]();
      equal(text(client), 'N');
      client.send(startup);
      deepEqual(client.received, bytesOf('N', errorResponse(refusal(world))));
      client.fin();
      deepEqual(world.suspicions, []);
      world.empty({ refused: 1 });
    });

    test(`a refusal server that is full and ends with a ${how} ends direct TLS`, () => {
      const world = closedWorld();
      const client = world.client(clientHello);
      world.runtime.lastDial.accept()[how]();
      ok(client.aborted);
      world.empty({ refused: 1 });
    });
  }

  test('a client that waits in vain after the N is still sent away at the timeout', () => {
    const world = closedWorld();
    const client = world.client(sslRequest);
    world.runtime.lastDial.accept().fin();
    world.runtime.advance(defaults.startupTimeoutMs);
    ok(client.aborted);
    world.empty({ refused: 1 });
  });

  test('a client that half-closes before the refusal server has room is closed with a FIN', () => {
    const world = closedWorld();
    const client = world.client(sslRequest);
    const server = world.runtime.lastDial.accept();
    client.fin();
    ok(client.ended && !client.aborted && server.aborted);
    equal(text(client), '');
    world.empty({ refused: 1 });
  });

  test('without a refusal server direct TLS is ended: there is nothing that it could read', () => {
    const world = closedWorld();
    const client = world.client(clientHello);
    world.runtime.lastDial.refuse('ENOENT');
    ok(client.aborted);
    world.empty({ refused: 1 });
  });

  test('a refusal server that breaks ends the client, and calls for no probe', () => {
    const world = closedWorld();
    const client = world.client(sslRequest);
    const server = world.runtime.lastDial.accept();
    server.send(tlsIsReady);
    server.reset();
    ok(client.aborted);
    deepEqual(world.suspicions, []);
    world.empty({ refused: 1 });
  });

  test('a client that leaves before the refusal server answers leaves nothing behind', () => {
    const world = closedWorld();
    world.client(sslRequest).fin();
    ok(!world.runtime.lastDial.pending);
    world.empty({ refused: 1 });
  });

  test('a client that was held asks the same way when its time is over', () => {
    const world = new World();
    const client = world.client(sslRequest);
    world.runtime.advance(defaults.holdMs);
    const server = world.runtime.lastDial.accept();
    server.send(tlsIsReady);
    equal(text(client), 'S');
    const error = readError(readPreamble(server.received).error);
    match(error['M']!, /waited 10 s/);
    server.fin();
    client.fin();
    world.empty({ holdTimeout: 1 });
  });
});

describe('a refusal that takes too long', () => {
  for (
    const [name, packet] of Object.entries({ 'after N': gssRequest, 'in TLS': sslRequest, clear: startup })
  ) {
    test(`ends at the timeout: ${name}`, () => {
      const world = closedWorld();
      const client = world.client(packet);
      for (const dial of world.pending) dial.accept();
      world.runtime.advance(defaults.startupTimeoutMs - 1);
      ok(!client.closed);
      world.runtime.advance(1);
      ok(client.aborted);
      world.empty({ refused: 1 });
    });
  }
});
