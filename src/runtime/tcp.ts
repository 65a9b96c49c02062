/**
 * A plain TCP socket for the control plane, from `node:net`, which all three runtimes have. The data plane never
 * uses it; the probe does, because it must own the socket to be able to destroy it in every state.
 */
import { constants } from 'node:crypto';
import { Socket } from 'node:net';
import { connect as connectTls, DEFAULT_CIPHERS, type TLSSocket } from 'node:tls';
import { serverAddress } from './addresses.ts';
import { lackHidden } from './net-error.ts';

export type TcpSocket = Socket;

/**
 * What only OpenSSL has, and so Node, and what costs this side as much as the other one likes: handshakes without end in a connection
 * that stands, which libpq refuses, too (SSL_OP_NO_RENEGOTIATION), and groups of Diffie-Hellman of 10,000 bits, 0.1 s
 * for each handshake. Every PostgreSQL that can be asked has elliptic curves.
 */
const bounded = {
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION ?? 0,
  ciphers: `${DEFAULT_CIPHERS}:!DHE`,
} as const;

/** Trust and identity for one TLS connection; PEM texts. */
export interface TlsTrust {
  /** Whether the certificate must come from a trusted authority. */
  readonly verify: boolean;
  /** Whether the certificate must also name the host. Only together with `verify`. */
  readonly verifyHost: boolean;
  /** The trusted authorities; undefined means those of the runtime. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Starts connecting to a numeric address, or a unix socket in the folder that `host` is; `connect`, or `error` and `close`, follow on the socket. */
export function openTcp(address: { readonly host: string; readonly port: number }): TcpSocket {
  const socket = new Socket();
  const target = serverAddress(address);
  if (!('path' in target)) socket.setNoDelay(true);
  // Without a listener of its own a late error, after the user's listeners are gone, would end the process.
  socket.on('error', ignore);
  // By the time when the runtime tells of it there may be one again, and the refusal would be believed.
  const lack = lackHidden();
  if (lack !== undefined) socket.destroy(Object.assign(new Error(`connect ${lack}`), { code: lack }));
  else if ('path' in target) socket.connect({ path: target.path });
  else socket.connect({ host: target.host, port: target.port });
  return socket;
}

/**
 * Shakes hands over a connected socket. `secureConnect`, or `error` and `close`, follow on the socket that is
 * returned. `host` is the name that the certificate must bear. Destroy both sockets to end it: not every runtime
 * passes the end on.
 */
export function startTls(socket: TcpSocket, host: string, trust: TlsTrust): TcpSocket {
  const numeric = /^[0-9.]+$|:/.test(host);
  const secured = connectTls({
    socket,
    host,
    ...(numeric ? {} : { servername: host }),
    rejectUnauthorized: trust.verify,
    ...bounded,
    ...(trust.verifyHost ? {} : { checkServerIdentity: () => undefined }),
    ...(trust.ca === undefined ? {} : { ca: trust.ca }),
    ...(trust.cert === undefined ? {} : { cert: trust.cert }),
    ...(trust.key === undefined ? {} : { key: trust.key }),
  });
  secured.on('error', ignore);
  return secured;
}

/** The certificate of the other side as it came, DER; undefined before the handshake. */
export function peerCertificate(secured: TcpSocket): Buffer | undefined {
  return (secured as TLSSocket).getPeerCertificate().raw;
}

function ignore(): void {}
