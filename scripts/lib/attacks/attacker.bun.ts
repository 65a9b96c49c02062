/**
 * The attackers, as one process: cheap, and apart from what is measured. `g` on its input begins the attack, `s` ends it,
 * and then it says `{opened, failed}` of that time.
 *
 *   attacker.bun.ts NAME WHERE STEPS-A-SECOND
 */
import { attackOf } from './attacks.ts';
import { Pace } from './pace.ts';
import { socketsTo } from './sockets.bun.ts';

const [name = '', where = '', perSecond] = process.argv.slice(2);
const attack = attackOf(name);
const tickMs = 2;

let isOn = false;
let underWay: Promise<void> = Promise.resolve();

async function run(): Promise<void> {
  const sockets = socketsTo(JSON.parse(where));
  const step = attack.begin(sockets);
  const pace = new Pace(Number(perSecond), performance.now());
  while (isOn) {
    for (let due = pace.due(performance.now()); due > 0; due--) step();
    await Bun.sleep(tickMs);
  }
  // A FIN would be sent again until it is let through.
  sockets.endAll(attack.vanishes ? 'reset' : 'close');
  console.log(JSON.stringify({ opened: sockets.opened(), failed: sockets.failed() }));
}

process.stdin.on('data', (words) => {
  for (const word of String(words)) {
    isOn = word === 'g';
    if (isOn) underWay = underWay.then(run);
  }
});
process.stdin.once('end', () => process.exit(0));
