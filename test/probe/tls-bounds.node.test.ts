/** What OpenSSL would let a server ask of the probe's processor. Other runtimes have no OpenSSL, and their servers cannot ask for it. */
import assert from 'node:assert/strict';
import type { AddressInfo, Server } from 'node:net';
import { describe } from 'node:test';
import { createServer, type TlsOptions, type TLSSocket } from 'node:tls';
import { openTcp, startTls, type TcpSocket } from '../../src/runtime/tcp.ts';
import { selfSigned } from '../bed/certificate.ts';
import { waitFor } from '../bed/wait-for.ts';
import { check, type Closer } from './support.ts';

const { certificate: cert, key } = selfSigned();

async function server(t: Closer, options: TlsOptions, serve: (socket: TLSSocket) => void): Promise<number> {
  const listening: Server = createServer({ cert, key, maxVersion: 'TLSv1.2', ...options }, (socket) => {
    serve(socket.on('error', () => {}));
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  t.after(() => listening.close());
  return (listening.address() as AddressInfo).port;
}

/** Settles when the handshake has succeeded, or with its error. */
async function secured(t: Closer, port: number): Promise<TcpSocket> {
  const tcp = openTcp({ host: '127.0.0.1', port });
  await new Promise((resolve) => tcp.once('connect', resolve));
  const secure = startTls(tcp, '127.0.0.1', { verify: false, verifyHost: false });
  t.after(() => {
    secure.destroy();
    tcp.destroy();
  });
  await new Promise((resolve, reject) => secure.once('secureConnect', resolve).once('error', reject));
  return secure;
}

describe('TLS of the probe', () => {
  check('shakes hands once, whatever the server wants', async (t) => {
    let [again, refused] = [0, 0];
    const port = await server(t, {}, (socket) => {
      socket.once('error', () => refused += 1);
      socket.once('data', () => socket.renegotiate({}, (error) => error ? refused += 1 : again += 1));
    });
    (await secured(t, port)).resume().write('now');
    await waitFor('an answer', () => again + refused > 0);
    assert.equal(again, 0);
  });

  check('takes no group of Diffie-Hellman that the server chose', async (t) => {
    const port = await server(
      t,
      { ciphers: 'DHE-RSA-AES256-GCM-SHA384', dhparam: 'auto' },
      (socket) => socket.end(),
    );
    await assert.rejects(secured(t, port), /handshake failure/);
  });
});
