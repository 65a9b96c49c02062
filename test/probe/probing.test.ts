/** The prober against real servers and real sockets. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, before, describe } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseCandidates } from '../../src/cluster/candidate.ts';
import type { Observation } from '../../src/cluster/observation.ts';
import { Prober } from '../../src/probe/prober.ts';
import type { ProberOptions } from '../../src/probe/prober.ts';
import { type Cluster, startCluster } from '../bed/cluster.ts';
import { freePort } from '../bed/ports.ts';
import { waitFor } from '../bed/wait-for.ts';
import { check, type Closer, fakeServer, login, realClock } from './support.ts';

const options: ProberOptions = {
  probeIntervalMs: 50,
  probeFastMs: 20,
  connectTimeoutMs: 1000,
  queryTimeoutMs: 1000,
  dnsTtlMs: 30_000,
};

interface Begun {
  readonly prober: Prober;
  /** The last observation of the candidate with this index. */
  of(index: number): Observation;
  /** Every observation of it so far. */
  readonly history: (readonly Observation[])[];
}

function begin(t: Closer, candidates: string, change: Partial<ProberOptions> = {}): Begun {
  const list = parseCandidates(candidates);
  if ('problem' in list) throw new Error(list.problem);
  const history: (readonly Observation[])[] = [];
  const prober = new Prober(list.candidates, login(), { ...options, ...change }, realClock, {
    observed: (observations) => void history.push(observations),
    log: () => {},
    isIncumbent: () => false,
  });
  t.after(() => prober.stop());
  const of = (index: number) => {
    const observation = prober.observations[index];
    if (!observation) throw new Error(`no candidate ${index}`);
    return observation;
  };
  prober.start();
  return { prober, of, history };
}

/** Waits until this candidate has answered `times` more often than now. */
async function answersMore({ history }: Begun, index: number, times: number): Promise<void> {
  const answers = () =>
    new Set(history.map((list) => list[index]?.answer?.at).filter((at) => at !== undefined)).size;
  const target = answers() + times;
  await waitFor(`${times} more answers of candidate ${index}`, () => answers() >= target);
}

/** A listener whose queue of connections is full; the kernel drops what else wants to connect. */
async function blackHole(t: Closer): Promise<number> {
  const script = fileURLToPath(new URL('./full-backlog-listener.ts', import.meta.url));
  const run = process.versions['deno'] === undefined ? [script] : ['run', '-A', '--no-check', script];
  const child = spawn(process.execPath, run, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const port = await new Promise<number>((resolve) =>
    child.stdout.once('data', (text) => resolve(Number(text)))
  );
  await waitFor(
    'the listener to stop itself',
    () => / T /.test(readFileSync(`/proc/${child.pid}/stat`, 'utf8')),
  );
  const fillers: Socket[] = [];
  t.after(() => fillers.forEach((socket) => socket.destroy()));
  // In portions, because Bun takes no notice of the backlog that it is given and uses 512.
  await waitFor('connects to hang', () => {
    for (let count = 0; count < 50; count += 1) {
      fillers.push(connect({ host: '127.0.0.1', port }).on('error', () => {}));
    }
    return pause(20).then(() => connecting(port) > 0);
  });
  // The last of them may be on their way yet.
  let count = 0;
  await waitFor('no more of them', () => pause(50).then(() => count === (count = connecting(port))));
  return port;
}

/** How many sockets of this machine wait for an answer to their SYN from `port`. */
function connecting(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return lines.filter((line) => new RegExp(`:${hex} 02 `).test(line)).length;
}

describe('the prober and real servers', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster({ standbys: 2 });
  });
  after(() => cluster.close());

  check('sees one primary and its standbys', async (t) => {
    const begun = begin(t, cluster.candidates);
    await waitFor('three answers', () => begun.prober.observations.every(({ answer }) => answer));
    assert.deepEqual(begun.prober.observations.map(({ answer }) => answer?.inRecovery), [false, true, true]);
    assert.equal(new Set(begun.prober.observations.map(({ answer }) => answer?.system)).size, 1);
    await answersMore(begun, 0, 3);
    const sessions = `select 1 from pg_stat_activity where application_name = 'pg_gateway'`;
    // One that failed on a busy machine takes a moment to be gone.
    await waitFor('one session', async () => (await cluster.first.query(sessions)).length === 1);
  });

  check('a frozen server is silent, delays no other, and is back when it thaws', async (t) => {
    const begun = begin(t, cluster.candidates);
    const frozen = cluster.server(1);
    await answersMore(begun, 1, 1);
    frozen.freeze();
    t.after(() => frozen.thaw());
    await waitFor('two failures', () => begun.of(1).failures >= 2);
    assert.equal(begun.of(1).failure?.kind, 'silent');
    assert.ok(begun.of(1).silentSince !== undefined);
    await answersMore(begun, 0, 5);
    assert.ok(begun.history.every((list) => list[0]?.failures === 0 && list[2]?.failures === 0));
    frozen.thaw();
    await waitFor('an answer', () => begun.of(1).failures === 0);
  });

  check('neither a black hole nor a server that says nothing delays another', async (t) => {
    const hole = await blackHole(t);
    const mute = await fakeServer(t, () => {});
    const begun = begin(
      t,
      `127.0.0.1:${hole},127.0.0.1:${mute.port},127.0.0.1:${await freePort()},${cluster.first.address}`,
    );
    const before = connecting(hole);
    await waitFor('failures', () => [0, 1, 2].every((index) => begun.of(index).failures >= 2));
    assert.deepEqual([0, 1, 2].map((index) => begun.of(index).failure?.kind), [
      'silent',
      'silent',
      'refused',
    ]);
    await answersMore(begun, 3, 5);
    assert.ok(begun.history.every((list) => list[3]?.failures === 0));
    begun.prober.stop();
    await waitFor('every socket to be gone', () => mute.sockets.size === 0 && connecting(hole) <= before);
  });

  check('a server that answers no SYN gets a second one', async (t) => {
    const hole = await blackHole(t);
    const before = connecting(hole);
    const begun = begin(t, `127.0.0.1:${hole}`, { connectTimeoutMs: 30_000 });
    await waitFor('two attempts', () => connecting(hole) === before + 2);
    begun.prober.stop();
    await waitFor('both to be gone', () => connecting(hole) === before);
  });

  check('the end of a session has all candidates asked at once', async (t) => {
    // At this pace nothing happens in time unless the end of the session makes it.
    const begun = begin(t, cluster.candidates, { probeIntervalMs: 600_000 });
    await waitFor('three answers', () => begun.prober.observations.every(({ answer }) => answer));
    const first = begun.of(0).answer?.at;
    t.after(() => cluster.server(2).start());
    await cluster.server(2).stop('fast');
    await waitFor('a failure', () => begun.of(2).failures > 0);
    assert.ok(begun.history.some((list) => list[2]?.failure?.message.includes('57P01')));
    await waitFor('another answer of the primary', () => begun.of(0).answer?.at !== first);
    await cluster.server(2).start();
    await waitFor('an answer', () => begun.of(2).failures === 0);
  });

  check('a killed primary, a promoted standby and its timeline are seen', async (t) => {
    const begun = begin(t, cluster.candidates);
    await waitFor('three answers', () => begun.prober.observations.every(({ answer }) => answer));
    await cluster.first.kill();
    await waitFor('two failures', () => begun.of(0).failures >= 2);
    begun.prober.setFast(true);
    await cluster.server(1).promote();
    const promoted = await waitFor('a primary', () => {
      const { answer } = begun.of(1);
      // A transaction that began before the end of recovery is read-only.
      return answer && !answer.inRecovery && !answer.readOnly ? answer : undefined;
    });
    assert.equal(promoted.timeline, 2);
    // Whoever connects while the last process of the old one ends is still reset.
    await waitFor('a refusal', () => begun.of(0).failure?.kind === 'refused');
  });
});
