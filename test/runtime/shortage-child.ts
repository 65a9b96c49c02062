/** Takes every descriptor that it may have, connects to the port in its argument, and says how that fails. */
import { openSync } from 'node:fs';
import { netError } from '../../src/runtime/net-error.ts';
import { pickRuntime } from '../../src/runtime/pick.ts';
import { openTcp } from '../../src/runtime/tcp.ts';
import { socketFailure } from '../../src/probe/failure.ts';

const address = { host: '127.0.0.1', port: Number(process.argv[2]) };
try {
  for (;;) openSync('/dev/null', 'r');
} catch {
  // There is none left.
}
const errors: string[] = [];
const failed = (what: string): void => {
  errors.push(what);
  if (errors.length === 2) console.log(errors.sort().join(' '));
};
openTcp(address).on(
  'error',
  (error) => failed(`probe:${socketFailure(error, { address: 'it', user: 'u', database: 'd' }).kind}`),
);
pickRuntime().connect(address, { timeoutMs: 5_000, noDelay: true }, {
  open: () => failed('session:connected'),
  data: () => {},
  drain: () => {},
  end: () => {},
  close: (_, error) => failed(`session:${netError(error).code}`),
}, undefined);
// Without a descriptor the end of a child cannot be seen by all runtimes: it waits to be killed.
setInterval(() => {}, 1_000);
