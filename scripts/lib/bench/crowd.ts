/**
 * Many sessions that do nothing, as a process of its own. Each logs in and asks one empty query, so that a pooler has
 * given it a server; then it is silent. Says `{held, lost}` when all are there, and holds them until its input ends.
 *
 *   crowd.ts HOST PORT COUNT
 */
import { connect } from 'node:net';
import { endsReady, query, startupMessage } from './protocol.ts';

const [host = '', port, count] = process.argv.slice(2);
/** How many come at once: a crowd, but one that every backlog can hold. */
const abreast = 64;

let begun = 0;
let held = 0;
let lost = 0;
let why = '';

function join(): void {
  if (begun === Number(count)) return;
  begun++;
  let isAsked = false;
  let isSettled = false;
  const socket = connect(Number(port), host, () => socket.write(startupMessage()));
  const settle = () => {
    if (isSettled) return;
    isSettled = true;
    if (held + lost === Number(count)) console.log(JSON.stringify({ held, lost, why }));
    join();
  };
  socket.setNoDelay(true);
  socket.on('data', (bytes) => {
    if (!endsReady(bytes, bytes.length)) {
      if (bytes[0] === 0x45) why ||= bytes.toString('latin1', 5).replaceAll('\0', ' ');
      return;
    }
    if (isAsked) {
      held++;
      return settle();
    }
    isAsked = true;
    socket.write(query(''));
  });
  socket.on('error', (error) => why ||= error.message);
  socket.on('close', () => {
    if (isSettled) return;
    lost++;
    settle();
  });
}

for (let at = 0; at < abreast; at++) join();
process.stdin.resume();
process.stdin.once('end', () => process.exit(0));
