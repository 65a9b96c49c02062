import { equal, match, ok } from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';
import { selfSigned } from '../bed/certificate.ts';
import { gatewayRuntime, patient, runProgram } from '../bed/gateway.ts';

const folder = mkdtempSync(join(tmpdir(), 'probe-trust-'));
const path = (name: string): string => join(folder, name);
after(() => rmSync(folder, { recursive: true }));

describe(`whom the probe trusts on ${gatewayRuntime}`, () => {
  const [theirs, trusted] = [selfSigned(), selfSigned()];
  let server: Server;
  /** What the probe has said to a server that it does not trust. */
  let heard = 0;

  before(async () => {
    writeFileSync(path('theirs.pem'), theirs.certificate);
    writeFileSync(path('trusted.pem'), trusted.certificate);
    const secureContext = createSecureContext({ cert: theirs.certificate, key: theirs.key });
    server = createServer((socket: Socket) => {
      socket.on('error', () => {});
      // SSLRequest.
      socket.once('data', () => {
        socket.write('S');
        const secured = new TLSSocket(socket, { isServer: true, secureContext });
        secured.on('error', () => {}).on('data', ({ length }) => {
          heard += length;
          secured.end('no PostgreSQL');
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(() => server?.close());

  /** Node and Deno have a variable of their own each that writes the keys of connections to a file: docs/security.md names them. */
  const weaken = {
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
    NODE_EXTRA_CA_CERTS: path('theirs.pem'),
    NODE_USE_SYSTEM_CA: '1',
    SSL_CERT_FILE: path('theirs.pem'),
    DENO_CERT: path('theirs.pem'),
    DENO_TLS_CA_STORE: 'system',
    ...(gatewayRuntime === 'deno' ? {} : { SSLKEYLOGFILE: path('keys') }),
    ...(gatewayRuntime === 'node' ? {} : { NODE_OPTIONS: `--tls-keylog=${path('keys')} --use-openssl-ca` }),
  };
  const check = (root: string) =>
    runProgram(['check'], {
      ...weaken,
      CANDIDATES: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      PGUSER: 'postgres',
      PGSSLROOTCERT: path(root),
      ...patient,
    });

  test('is told by PGSSLROOTCERT alone, whatever runtimes are told to trust', async () => {
    const { stdout } = await check('trusted.pem');
    match(stdout, /was not trusted/);
    equal(heard, 0);
    // It would be heard.
    await check('theirs.pem');
    ok(heard > 0);
    ok(!existsSync(path('keys')), 'the keys of the connection are in a file');
  });
});
