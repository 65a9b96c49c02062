/**
 * A candidate that lies: a real server whose answer to the probe is changed on its way. Clients that are sent to it reach
 * that server.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** The columns of the probe's answer that are worth a lie. */
export interface Said {
  in_recovery: string | null;
  read_only: string | null;
  system: string | null;
  timeline: string | null;
  lsn: string | null;
  replayed_lsn: string | null;
  started_at: string | null;
}

const columns = [
  'in_recovery',
  'read_only',
  'system',
  'timeline',
  'lsn',
  'replayed_lsn',
  'started_at',
] as const;

export type Lie = (said: Said) => Partial<Said>;

export const honest: Lie = () => ({});

/** As a primary says it: what it wrote is what it has. */
export const asPrimary = ({ lsn }: Said): Partial<Said> => ({
  in_recovery: 'f',
  read_only: 'f',
  replayed_lsn: lsn,
});

export class LyingServer {
  /** What it says from the next answer on. */
  lie: Lie = honest;
  port = 0;
  readonly #target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target: number) {
    this.#target = target;
    this.#server = createServer((near) => this.#serve(near));
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    this.port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(near: Socket): void {
    const far = connect(this.#target, '127.0.0.1');
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => {}).on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far);
    let rest = Buffer.alloc(0);
    far.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const end = rest.length < 5 ? Infinity : 1 + rest.readInt32BE(1);
        if (rest.length < end) return;
        near.write(this.#changed(rest.subarray(0, end)));
        rest = rest.subarray(end);
      }
    });
  }

  /** A message of the server; only the rows of the probe have as many columns. */
  #changed(message: Buffer): Buffer {
    if (message[0] !== 0x44 || message.readUInt16BE(5) < columns.length) return message;
    const values = valuesOf(message);
    const said = Object.fromEntries(
      columns.map((column, index) => [column, values[index]]),
    ) as unknown as Said;
    const changed = { ...said, ...this.lie(said) };
    return row([...columns.map((column) => changed[column]), ...values.slice(columns.length)]);
  }
}

function valuesOf(message: Buffer): (string | null)[] {
  let at = 7;
  return Array.from({ length: message.readUInt16BE(5) }, () => {
    const length = message.readInt32BE(at);
    const start = at += 4;
    if (length < 0) return null;
    at += length;
    return message.toString('utf8', start, at);
  });
}

function row(values: readonly (string | null)[]): Buffer {
  const fields = values.flatMap((value) =>
    value === null ? [int32(-1)] : [int32(Buffer.byteLength(value)), Buffer.from(value)]
  );
  const body = Buffer.concat([Buffer.of(values.length >> 8, values.length & 255), ...fields]);
  return Buffer.concat([Buffer.from('D'), int32(4 + body.length), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
