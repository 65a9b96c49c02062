/** An exception in our own code is a failed probe through no fault of the server, and asking goes on. */
import assert from 'node:assert/strict';
import { candidateAt } from '../../src/cluster/candidate.ts';
import { AddressProbe } from '../../src/probe/address-probe.ts';
import { Discovery } from '../../src/probe/discovery.ts';
import { ProbeTicker } from '../../src/probe/pace.ts';
import { waitFor } from '../bed/wait-for.ts';
import { check, realClock } from './support.ts';

const bug = (): never => {
  throw new TypeError('undefined is not what it should be');
};

const options = {
  probeIntervalMs: 20,
  probeFastMs: 10,
  connectTimeoutMs: 40,
  queryTimeoutMs: 40,
} as const;

/** What is thrown where: each is called back once, and then does as it should. */
const seams = {
  'while a session is opened': { open: bug },
  'in the answer': { ask: () => Promise.reject(new TypeError('undefined is not what it should be')) },
  'when a deadline has passed': { ask: () => new Promise<never>(() => {}), heard: bug },
} as const;

for (const [seam, of] of Object.entries(seams)) {
  check(`an exception ${seam} is told as ours, and the server is asked again`, async (t) => {
    const kinds: string[] = [];
    const thrown: string[] = [];
    let opened = 0;
    const idle = { ask: () => new Promise<never>(() => {}), heard: () => false, close: () => {} };
    const target = { host: '192.0.2.1', port: 5432, serverName: candidateAt('192.0.2.1', 5432).host };
    const probe = new AddressProbe(target, options, {
      clock: realClock,
      random: () => 0.5,
      ticker: new ProbeTicker(),
      open: () => {
        opened += 1;
        if (opened > 1) return idle;
        if ('open' in of) of.open();
        return { ...idle, ...of };
      },
      hasStalled: () => false,
      faulted: (where, error) => void thrown.push(`${where}: ${error}`),
    }, {
      answered: () => {},
      failed: ({ kind }) => void kinds.push(kind),
      ended: () => {},
      isInUse: () => true,
      overdue: () => {},
    });
    t.after(() => probe.stop());
    probe.start();
    await waitFor('it to be asked again', () => opened > 1);
    assert.equal(kinds[0], 'local', 'no word about the server');
    assert.deepEqual(thrown, ['probe: TypeError: undefined is not what it should be']);
  });
}

check(
  "an exception in what is done with a name server's answer is told, and the name is looked up again",
  async (t) => {
    const thrown: string[] = [];
    let found = 0;
    const discovery = new Discovery('db', () => Promise.resolve(['192.0.2.1']), {
      dnsTtlMs: 10,
      dnsTimeoutMs: 1_000,
      clock: realClock,
      faulted: (where, error) => void thrown.push(`${where}: ${error}`),
    }, {
      found: () => {
        found += 1;
        if (found === 1) bug();
      },
      failed: () => {},
    });
    t.after(() => discovery.stop());
    discovery.start();
    await waitFor('the next lookup', () => found > 1);
    assert.deepEqual(thrown, ['dns: TypeError: undefined is not what it should be']);
  },
);
