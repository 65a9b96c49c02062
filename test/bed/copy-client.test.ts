import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Copied, copyIn, copyOut } from './copy-client.ts';
import { answerOf, rowsOf } from './copy-rows.ts';

const rows = rowsOf(100_000, 3);
const answer = answerOf(rows);
const sizeOf = (at: number): number => 1 + answer.readInt32BE(at + 1);
/** Where the second row begins and ends. */
const secondRow = 12 + sizeOf(12);
const thirdRow = secondRow + sizeOf(secondRow);
const error = Buffer.from('E\0\0\0\x1dSFATAL\0C57P01\0Mgoodbye\0\0', 'latin1');

const login = Buffer.from('R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I', 'latin1');

describe('the client that compares copies', () => {
  let server: Server;
  /** What the server says to a query, and whether it hangs up then. */
  let says: Buffer = answer;
  let hangsUp = false;

  before(async () => {
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write(login);
        socket.once('data', () => {
          // In pieces that end anywhere.
          for (let at = 0; at < says.length; at += 977) socket.write(says.subarray(at, at + 977));
          if (hangsUp) socket.end();
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  after(() => new Promise((resolve) => server.close(resolve)));

  const out = (bytes: Buffer, thenHangsUp = false): Promise<Copied> => {
    [says, hangsUp] = [bytes, thenHangsUp];
    return copyOut({ port: (server.address() as { port: number }).port, table: 't' }, rows);
  };

  const whole = {
    tag: `COPY ${rows.count}`,
    bytes: answer.length,
    lost: 0,
    changed: 0,
    error: undefined,
    ended: undefined,
  };
  const broken = { ...whole, tag: undefined };

  test('rows are as many bytes as were asked for, and the same for the same seed', () => {
    assert.ok(rows.messages.length >= 100_000 && rows.messages.length < 108_000);
    assert.ok(rows.messages.equals(rowsOf(100_000, 3).messages));
    assert.ok(!rows.messages.equals(rowsOf(100_000, 4).messages));
  });

  test('a whole answer is one', async () => {
    assert.deepEqual(await out(answer), whole);
  });

  test('a changed byte is seen, wherever it is', async () => {
    for (const at of [20, 50_000, answer.length - 7]) {
      const changed = Buffer.from(answer);
      changed[at]! ^= 1;
      const { bytes, changed: count } = await out(changed);
      assert.deepEqual([bytes, count], [at, answer.length - at]);
    }
  });

  test('a row that is missing is no row that was lost in silence', async () => {
    const without = Buffer.concat([answer.subarray(0, secondRow), answer.subarray(thirdRow)]);
    const { tag, changed } = await out(without);
    assert.equal(tag, undefined);
    assert.ok(changed > 0);
  });

  test('rows that are missing at the end of what looks complete are lost', async () => {
    const end = answer.length - sizeOfEnd();
    const short = Buffer.concat([answer.subarray(0, secondRow), answer.subarray(end)]);
    const { tag, lost, bytes } = await out(short);
    assert.deepEqual([tag, bytes, lost], [whole.tag, secondRow, answer.length - secondRow]);
  });

  test('an end in the middle is one, with the bytes until there', async () => {
    assert.deepEqual(await out(answer.subarray(0, 5000), true), { ...broken, bytes: 5000, ended: 'end' });
  });

  test('an error between two rows is the word of the server, in the middle of one it is a fault', async () => {
    const between = Buffer.concat([answer.subarray(0, thirdRow), error]);
    assert.deepEqual(await out(between, true), {
      ...broken,
      bytes: thirdRow,
      error: '57P01 goodbye',
      ended: 'end',
    });
    const inside = await out(Buffer.concat([answer.subarray(0, thirdRow - 3), error]), true);
    assert.deepEqual([inside.error, inside.changed], [undefined, error.length]);
  });

  test('what a server that says nothing has been sent is no success', async () => {
    [says, hangsUp] = [Buffer.from('G\0\0\0\x0b\0\0\x02\0\0\0\0', 'latin1'), true];
    const copied = await copyIn({ port: (server.address() as { port: number }).port, table: 't' }, rows);
    assert.deepEqual([copied.tag, copied.lost], [undefined, 0]);
    assert.notEqual(copied.ended, undefined);
  });

  test('a server that counts other rows than were sent has lost some', async () => {
    [says, hangsUp] = [
      Buffer.from('G\0\0\0\x0b\0\0\x02\0\0\0\0C\0\0\0\x0bCOPY 9\0Z\0\0\0\x05I', 'latin1'),
      false,
    ];
    const { tag, lost } = await copyIn(
      { port: (server.address() as { port: number }).port, table: 't' },
      rows,
    );
    assert.deepEqual([tag, lost], ['COPY 9', rows.messages.length]);
  });
});

/** CopyDone, CommandComplete and ReadyForQuery. */
function sizeOfEnd(): number {
  return 5 + 5 + `COPY ${rows.count}\0`.length + 6;
}
