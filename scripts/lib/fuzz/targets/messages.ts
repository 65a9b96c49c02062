/** A server's messages: any split of them is read the same, no more than one is kept, and a row is what it says. */
import { MessageGuard, ProtocolError } from '../../../../src/protocol/message-guard.ts';
import { readRow } from '../../../../src/protocol/prepared-question.ts';
import { answers, answerWords } from '../answers.ts';
import { attempted, must, mustEqual, type Target } from '../target.ts';

export const messages: Target = {
  name: 'messages',
  files: ['src/protocol/message-guard.ts', 'src/protocol/framing.ts', 'src/protocol/prepared-question.ts'],
  seeds: answers,
  words: answerWords,
  share: 20,
  mostBytes: 300_000,
  check(bytes, pieces) {
    mustEqual(readIn(pieces), readIn([bytes]), 'pieces are read as the whole is');
  },
};

/** What it tells, and whether it goes on; how an error puts it depends on what had come until then. */
function readIn(pieces: readonly Uint8Array[]): readonly unknown[] {
  const told: unknown[] = [];
  const guard = new MessageGuard({
    ready: () => told.push('ready'),
    error: (fields) => told.push(['error', ...fields]),
    authentication: (kind, data) => told.push([kind, data.toString('latin1')]),
    row(body) {
      told.push(['row', body.toString('latin1')]);
      const columns = attempted(() => readRow(body), ProtocolError);
      const length = columns?.reduce((sum, text) =>
        sum + (text === null ? 0 : Math.ceil(Buffer.byteLength(text) / 3)), 0) ?? 0;
      must(length <= body.length, 'a row holds no more than its message');
    },
  });
  for (const piece of pieces) {
    try {
      guard.push(Buffer.from(piece));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return [...told, 'refused'];
    }
  }
  return told;
}
