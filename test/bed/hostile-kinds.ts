/**
 * What a candidate can do to the probe, and what an operator reads about it in `/status`. All have TLS with a certificate that the
 * probe trusts, but for those that are about that.
 */
import type { Socket } from 'node:net';
import { type Certificate, selfSigned } from './certificate.ts';
import { flood, head, type Hostility, int32, message, readyForQuery, type Visit } from './hostile-server.ts';

export interface Kind {
  readonly hostility: Hostility;
  /** How its candidate's note in `/status` ends up. */
  readonly note: RegExp;
}

export interface Certificates {
  readonly good: Certificate;
  readonly ofAnother: Certificate;
  readonly expired: Certificate;
}

export function certificates(): Certificates {
  return {
    good: selfSigned('sha256', { host: 'standby.example' }),
    ofAnother: selfSigned('sha256', { host: 'another.example', ip: '192.0.2.7' }),
    expired: selfSigned('sha256', { host: 'expired.example', days: -1 }),
  };
}

/** PGPASSWORD must be set for those that ask for it. */
export function candidateKinds({ ofAnother, expired }: Certificates): Record<string, Kind> {
  return {
    'accepts and says nothing': {
      hostility: { accepted: () => true },
      note: /gave no sign of life within \d+ ms/,
    },
    'resets whoever comes': {
      hostility: { accepted: (socket) => taken(() => socket.resetAndDestroy()) },
      note: /closed the connection .*without a word/,
    },
    'refuses each second connection, and closes the others after an answer': {
      hostility: {
        accepted: (socket, number) => number % 2 === 1 && taken(() => socket.resetAndDestroy()),
        began: ({ relay, socket }) =>
          relay(each('Z', 2, (bytes) => (setImmediate(() => socket.end()), bytes))),
      },
      note: /closed the connection|is a standby|distrusted|another name/,
    },
    'sends garbage': {
      hostility: {
        accepted: (socket) => taken(() => flood(socket, Buffer.from('\x07garbage\xff', 'latin1'))),
      },
      note: /does not speak PostgreSQL .*garbage/,
    },
    'is a web server': {
      hostility: { tls: (socket) => taken(() => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')) },
      note: /does not speak PostgreSQL .*HTTP/,
    },
    'has no TLS': {
      hostility: { tls: (socket) => taken(() => socket.write('N')) },
      note: /has no TLS .*PGSSLMODE asks for it/,
    },
    'agrees to TLS and goes on in clear text': {
      hostility: { tls: (socket) => taken(() => socket.write('S', () => soon(() => socket.write(login)))) },
      note: /was not trusted .*TLS failed|closed the connection/,
    },
    'agrees to TLS and says more in the same packet': {
      hostility: { tls: (socket) => taken(() => socket.write(Buffer.concat([Buffer.from('S'), login]))) },
      note: /does not speak PostgreSQL .*answered the request for TLS/,
    },
    'never finishes the handshake': {
      hostility: { tls: (socket) => taken(() => socket.write('S')) },
      note: /began to log us in .*did not finish/,
    },
    'resets in the middle of the handshake': {
      hostility: {
        tls: (socket) => taken(() => socket.once('data', () => socket.resetAndDestroy()).write('S')),
      },
      note: /closed the connection|was not trusted/,
    },
    'has an expired certificate': {
      hostility: { certificate: () => expired },
      note: /was not trusted .*(?:expired|unable to verify)/,
    },
    'has the certificate of another': {
      hostility: { certificate: () => ofAnother },
      note: /was not trusted .*TLS failed/,
    },
    'changes its certificate': {
      hostility: {
        certificate: (number) => number % 2 === 1 ? ofAnother : undefined,
        began: ({ relay, socket }) =>
          relay(each('Z', 2, (bytes) => (setImmediate(() => socket.end()), bytes))),
      },
      note: /was not trusted|closed the connection|is a standby|distrusted|another name/,
    },
    'says nothing to the login': {
      hostility: { began: () => {} },
      note: /began to log us in .*did not finish/,
    },
    'sends one byte a second': {
      hostility: { began: ({ socket }) => slowly(socket, login) },
      note: /began to log us in .*did not finish/,
    },
    'closes in the middle of the login': {
      hostility: { began: ({ socket }) => void socket.end(login.subarray(0, 20)) },
      note: /closed the connection .*without a word/,
    },
    'sends parameters without end': flooding(message('S', 'application_name\0x\0'), /on and on/),
    'sends notices without end': flooding(message('N', 'SNOTICE\0C00000\0Mhello\0\0'), /on and on/),
    'asks for the password without end': flooding(
      message('R', Buffer.concat([int32(5), int32(1)])),
      /again and again/,
    ),
    'announces a message of 2 GB': flooding(head('S', 0x7fffffff), /a message of 2147483647 bytes/),
    'announces a message of nothing': flooding(head('S', 0), /a message of 0 bytes/),
    'announces a message of less than nothing': flooding(head('S', -1), /a message of 4294967295 bytes/),
    'asks for a costly proof': {
      hostility: { began: costlyProof },
      note: /its proof of the password is wrong|did not finish/,
    },
    'does not answer the question': {
      hostility: { began: ({ relay }) => relay(each('D', 1, () => undefined, 'silent')) },
      note: /did not answer within \d+ ms/,
    },
    'closes in the middle of the answer': {
      hostility: {
        began: ({ relay, socket }) =>
          relay(each('D', 1, (bytes) => (soon(() => socket.end()), bytes.subarray(0, 30)), 'silent')),
      },
      note: /closed the connection .*without a word/,
    },
    'sends a row without end': {
      hostility: {
        began: ({ relay, socket }) =>
          relay(each('D', 1, () => (flood(socket, head('D', 0x7ffffff0)), undefined), 'silent')),
      },
      note: /a message of 2147483632 bytes/,
    },
    'sends rows without end': {
      hostility: {
        began: ({ relay, socket }) =>
          relay(each('D', 1, (bytes) => (flood(socket, bytes), undefined), 'silent')),
      },
      note: /several rows/,
    },
    'is ready without end': {
      hostility: {
        began: ({ relay, socket }) =>
          relay(each('Z', 2, (bytes) => (soon(() => flood(socket, readyForQuery)), bytes), 'silent')),
      },
      note: /it is ready again and again/,
    },
  };
}

const login = Buffer.concat([
  message('R', int32(0)),
  message('S', 'a\0b\0'),
  message('K', 'keyskeys'),
  readyForQuery,
]);

function taken(act: () => unknown): true {
  act();
  return true;
}

/** In another packet. */
function soon(act: () => void): void {
  setTimeout(act, 20);
}

/** Passes on all messages, but number `number` of this type as `change` has it; with `silent`, nothing after it. */
function each(
  type: string,
  number: number,
  change: (bytes: Buffer) => Buffer | undefined,
  then: 'silent' | 'on' = 'on',
): Parameters<Visit['relay']>[0] {
  let count = 0;
  return (bytes, its) => {
    if (count >= number && then === 'silent') return undefined;
    if (its !== type || ++count !== number) return bytes;
    return change(Buffer.from(bytes));
  };
}

function flooding(bytes: Buffer, note: RegExp): Kind {
  return { hostility: { began: ({ socket }) => flood(socket, bytes) }, note };
}

function slowly(socket: Socket, bytes: Buffer, at = 0): void {
  if (socket.destroyed || at >= bytes.length) return;
  socket.write(bytes.subarray(at, at + 1));
  setTimeout(slowly, 1000, socket, bytes, at + 1);
}

/** All the rounds that the probe takes, each time with another salt, and a wrong proof of its own. */
function costlyProof({ socket }: Visit): void {
  socket.write(message('R', Buffer.concat([int32(10), Buffer.from('SCRAM-SHA-256\0\0')])));
  socket.once('data', (first: Buffer) => {
    const nonce = /r=([^,]+)$/.exec(first.toString('latin1'))?.[1];
    const salt = Buffer.from(String(Math.random())).toString('base64');
    socket.write(message('R', Buffer.concat([int32(11), Buffer.from(`r=${nonce}x,s=${salt},i=250000`)])));
    socket.once('data', () => socket.write(message('R', Buffer.concat([int32(12), Buffer.from('v=AAAA')]))));
  });
}

/** What it does to clients, by the application_name that they come with. The probe is served. */
export const clientKinds: Readonly<Record<string, (visit: Visit) => void>> = {
  none: ({ relay }) => relay(),
  hangs: ({ socket }) => void socket.write(login),
  floods: ({ socket }) => flood(socket, Buffer.concat([login, message('N', Buffer.alloc(8_000))])),
  'never reads': ({ socket }) => void socket.write(login, () => socket.pause()),
  'stops in the middle': ({ socket }) => void socket.end(login.subarray(0, 20)),
  'is a standby': ({ socket }) => {
    socket.write(
      Buffer.concat([message('R', int32(0)), message('S', 'in_hot_standby\0on\0'), readyForQuery]),
    );
  },
  resets: ({ socket }) => void socket.resetAndDestroy(),
};

/** For the application_name of `startup`. */
export function toClients(visit: Visit): void {
  const name = /application_name\0([^\0]*)\0/.exec(visit.startup.toString('latin1'))?.[1] ?? 'none';
  if (visit.visitor === 'probe') return visit.relay();
  (clientKinds[name] ?? clientKinds['none']!)(visit);
}
