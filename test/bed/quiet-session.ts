/** A session in bare bytes that asks small questions: a thousand of them must cost the test little. */
import assert from 'node:assert/strict';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { queryMessage, startupMessage } from './raw-client.ts';

/** ReadyForQuery, idle: the last message of a login, and of each answer. */
const ready = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

export class QuietSession {
  /** Resolves when it is closed, by whichever side. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  #heard = Buffer.alloc(0);
  #isOver = false;
  #resolve: (answer: Buffer) => void = () => {};
  #reject: (error: Error) => void = () => {};

  private constructor(where: TcpNetConnectOpts) {
    this.#socket = connect(where).setNoDelay(true);
    this.#socket.on('error', (error) => this.#reject(error));
    this.ended = new Promise((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.on('close', () => {
      this.#isOver = true;
      this.#reject(new Error(`the session ended${lastWord(this.#heard)}`));
    });
    this.#socket.on('data', (chunk) => {
      this.#heard = Buffer.concat([this.#heard, chunk]);
      if (this.#heard.subarray(-ready.length).equals(ready)) this.#resolve(this.#heard);
    });
  }

  /** Rejects if the session ends instead of being ready. */
  static async open(where: number | TcpNetConnectOpts): Promise<QuietSession> {
    const session = new QuietSession(typeof where === 'number' ? { host: '127.0.0.1', port: where } : where);
    await session.#say(startupMessage());
    return session;
  }

  /** Asks the server for a number, and checks that it is that number that comes back. */
  async ask(number: number): Promise<void> {
    const text = Buffer.from(String(number));
    const row = Buffer.concat([Buffer.from([0, 1, 0, 0, 0, text.length]), text]);
    const answer = await this.#say(queryMessage(`select ${number}`));
    assert.ok(answer.includes(row), `${number} is not in ${answer.toString('latin1')}`);
  }

  /** An empty query. */
  async ping(): Promise<void> {
    await this.#say(queryMessage(''));
  }

  end(): void {
    this.#socket.destroy();
  }

  #say(bytes: Buffer): Promise<Buffer> {
    this.#heard = Buffer.alloc(0);
    return new Promise((resolve, reject) => {
      if (this.#isOver) return reject(new Error('the session has ended'));
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(bytes);
    });
  }
}

/** The SQLSTATE of an ErrorResponse, if that is what came. */
function lastWord(heard: Buffer): string {
  const [, sqlstate] = /\0C([0-9A-Z]{5})\0/.exec(heard.toString('latin1')) ?? [];
  return sqlstate === undefined ? '' : ` with SQLSTATE ${sqlstate}`;
}
