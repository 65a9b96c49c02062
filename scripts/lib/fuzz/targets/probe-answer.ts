/** What the probe makes of a server's bytes, without sockets: a login and a row, or an error that is documented. */
import { Login } from '../../../../src/probe/login.ts';
import { type Asked, ProbeError, serverFailure } from '../../../../src/probe/failure.ts';
import { type Facts, marksIn, readFacts } from '../../../../src/probe/question.ts';
import { MessageGuard, ProtocolError } from '../../../../src/protocol/message-guard.ts';
import { readRow } from '../../../../src/protocol/prepared-question.ts';
import { isPrintable } from '../../../../src/protocol/printable.ts';
import { answers, answerWords, nonce } from '../answers.ts';
import { must, type Target } from '../target.ts';

const asked: Asked = { address: '127.0.0.1:5432', user: 'postgres', database: 'postgres' };
const longestMessage = 800;

export const probeAnswer: Target = {
  name: 'probe-answer',
  files: [
    ...['src/probe/login.ts', 'src/probe/question.ts', 'src/probe/scram.ts', 'src/probe/failure.ts'],
    ...['src/protocol/scram-challenge.ts', 'src/protocol/login-messages.ts', 'src/protocol/message-guard.ts'],
  ],
  seeds: answers,
  words: answerWords,
  share: 10,
  check(_, pieces) {
    for (const password of ['secret', undefined]) {
      try {
        read(pieces, password);
      } catch (error) {
        if (error instanceof ProbeError) checkMessage(error);
        else if (!(error instanceof ProtocolError)) throw error;
      }
    }
  },
};

function read(pieces: readonly Uint8Array[], password: string | undefined): void {
  let said = '';
  const login = new Login({
    asked,
    password,
    channelBinding: 'prefer',
    isEncrypted: () => false,
    certificate: () => undefined,
    isKnown: () => true,
    saltings: { add: ({ done }) => done(Buffer.alloc(32)), keep() {} },
    isWanted: () => true,
    send: (answer) => said = answer.toString('latin1'),
  });
  const guard = new MessageGuard({
    ready() {},
    error: (fields) =>
      checkMessage(serverFailure({ sqlstate: fields.get('C') ?? '', message: fields.get('M') ?? '' }, asked)),
    row(body) {
      const columns = [...readRow(body)];
      if (columns.length > 9) marksIn(columns.pop());
      checkFacts(readFacts(columns, asked));
    },
    authentication(kind, data) {
      const own = /,r=(.*)$/.exec(said)?.[1] ?? '';
      login.answer(kind, Buffer.from(data.toString('latin1').replaceAll(nonce, own), 'latin1'));
    },
  });
  for (const piece of pieces) guard.push(Buffer.from(piece));
}

function checkMessage({ message }: ProbeError): void {
  must(isPrintable(message, longestMessage), `a message is one line: ${JSON.stringify(message)}`);
}

function checkFacts(
  { timeline = 1, lsn = 0n, replayedLsn = 0n, system = '1', startedAt, upstream }: Facts,
): void {
  must(Number.isInteger(timeline) && timeline > 0 && timeline < 2 ** 32, 'a timeline is one');
  must(lsn >= 0n && lsn < 2n ** 64n && replayedLsn <= lsn, 'positions are positions');
  must(BigInt.asUintN(64, BigInt(system)) === BigInt(system), 'a system is 64 bits');
  must(startedAt.length <= 600, 'a start is short');
  must(upstream === undefined || isPrintable(upstream.host, 255), 'a host is one line');
}
