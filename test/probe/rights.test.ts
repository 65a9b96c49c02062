/** Servers that do not let the probe call all that it would: what was revoked, and what a service has taken away. */
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import type { Probe } from '../../src/probe/query.ts';
import type { Facts } from '../../src/probe/question.ts';
import { type Cluster, type Server, startCluster } from '../bed/cluster.ts';
import { waitFor } from '../bed/wait-for.ts';
import { check, open } from './support.ts';

const user = 'plain';

/** What is hidden without each function, on a primary and on a standby. */
const hidden: Readonly<Record<string, readonly [primary: string, standby: string]>> = {
  'pg_control_system()': ['system', 'system'],
  'pg_control_checkpoint()': ['', ''],
  'pg_control_recovery()': ['', ''],
  'pg_walfile_name(pg_lsn)': ['timeline', ''],
  'pg_current_wal_lsn()': ['timeline lsn replayedLsn', ''],
  'pg_last_wal_replay_lsn()': ['', 'replayedLsn'],
  'pg_last_wal_receive_lsn()': ['', ''],
  'pg_stat_get_wal_receiver()': ['', ''],
};
const functions = Object.keys(hidden);

function hiddenIn(facts: Facts): string {
  return (['system', 'timeline', 'lsn', 'replayedLsn'] as const).filter((name) => facts[name] === undefined)
    .join(' ');
}

const namesIn = ({ lacks = [] }: Facts) => lacks.map(({ name }) => name);

describe('a server that does not let the probe call everything', () => {
  let cluster: Cluster;
  let primary: Server;
  let standby: Server;
  before(async () => {
    cluster = await startCluster({ standbys: 1 });
    [primary, standby] = [cluster.first, cluster.server(1)];
    await primary.query(`create role ${user} login`);
    await standby.catchUp();
  });
  after(() => cluster?.close());

  async function change(statement: string): Promise<void> {
    await primary.query(statement);
    await standby.catchUp();
  }

  /** Until nothing is granted or revoked any more. */
  async function without(t: { after(fn: () => unknown): void }, names: readonly string[]): Promise<void> {
    t.after(() => change(names.map((name) => `grant execute on function ${name} to public;`).join(' ')));
    await change(names.map((name) => `revoke execute on function ${name} from public;`).join(' '));
  }

  for (const [name, [onPrimary, onStandby]] of Object.entries(hidden)) {
    check(`is asked without ${name}, which it says and how to mend it`, async (t) => {
      await without(t, [name]);
      const [said, standbySaid] = [
        await open(t, primary.port, { user }).probe.ask(),
        await open(t, standby.port, { user }).probe.ask(),
      ];
      assert.deepEqual([hiddenIn(said), hiddenIn(standbySaid)], [onPrimary, onStandby]);
      assert.deepEqual([said.inRecovery, standbySaid.inRecovery], [false, true]);
      assert.deepEqual([namesIn(said), namesIn(standbySaid)], [[name], [name]]);
      assert.equal(said.lacks?.[0]?.remedy, `grant execute on function ${name} to plain`);
    });
  }

  check('is asked for its role alone where nothing else is allowed', async (t) => {
    await without(t, functions);
    for (const server of cluster.servers) {
      const { probe } = open(t, server.port, { user });
      for (let count = 0; count < 3; count += 1) {
        const facts = await probe.ask();
        assert.equal(facts.inRecovery, server === standby);
        assert.equal(hiddenIn(facts), 'system timeline lsn replayedLsn');
        assert.match(facts.startedAt, /^\d{16} \d+ 127\.0\.0\.1$/);
        assert.deepEqual(namesIn(facts), functions);
      }
    }
  });

  check(
    'shows what is granted while it is asked, and hides what is revoked, without a failed probe',
    async (t) => {
      const { probe, calls } = open(t, primary.port, { user });
      for (let count = 0; count < 3; count += 1) assert.deepEqual(namesIn(await probe.ask()), []);
      await without(t, ['pg_control_system()', 'pg_walfile_name(pg_lsn)']);
      assert.equal(hiddenIn(await probe.ask()), 'system timeline');
      assert.equal(hiddenIn(await probe.ask()), 'system timeline');
      await change('grant execute on function pg_control_system() to public');
      await until(probe, 'timeline');
      await change('grant execute on function pg_walfile_name(pg_lsn) to public');
      await until(probe, '');
      assert.ok(!calls.includes('ended'));
    },
  );

  check('writes one line of each refusal, and none at the questions after it', async (t) => {
    await without(t, ['pg_control_system()']);
    const { probe } = open(t, primary.port, { user });
    const refusals = () => primary.log().split('permission denied for function pg_control_system').length - 1;
    const from = refusals();
    for (let count = 0; count < 5; count += 1) await probe.ask();
    assert.equal(refusals() - from, 1);
  });

  const marksOf = async (probe: Probe) => (await probe.ask(true)).marks;

  check('shows marks and hides the rest, whatever is granted and revoked meanwhile', async (t) => {
    const probes = [open(t, primary.port, { user }).probe, open(t, primary.port, { user }).probe];
    for (const probe of probes) await probe.ask();
    const [first, second] = [await marksOf(probes[0]!), await marksOf(probes[1]!)];
    assert.deepEqual(new Set(second?.seen), new Set([first?.own, second?.own]));
    await without(t, ['pg_control_system()']);
    // It is found out by a question without a mark.
    assert.equal((await probes[0]!.ask(true)).marks, undefined);
    const facts = await probes[0]!.ask(true);
    assert.deepEqual([hiddenIn(facts), facts.marks?.own], ['system', first?.own]);
    assert.ok(facts.marks?.seen.includes(second!.own));
    assert.equal(hiddenIn(await probes[0]!.ask()), 'system');
    await change('grant execute on function pg_control_system() to public');
    await waitFor('nothing to be hidden', async () => hiddenIn(await probes[0]!.ask(true)) === '');
    assert.deepEqual(new Set((await marksOf(probes[0]!))?.seen), new Set([first?.own, second?.own]));
  });

  const ways = [
    ['select on pg_stat_activity', 'permission denied for .* pg_stat_activity'],
    [
      'execute on function pg_stat_get_activity(integer)',
      'permission denied for function pg_stat_get_activity',
    ],
  ] as const;
  for (const [right, refusal] of ways) {
    check(`shows no mark without ${right}, and answers all the same`, async (t) => {
      const refusals = () => primary.log().match(new RegExp(refusal, 'g'))?.length ?? 0;
      t.after(() => change(`grant ${right} to public`));
      await change(`revoke ${right} from public`);
      const from = refusals();
      const { probe, calls } = open(t, primary.port, { user });
      assert.equal((await probe.ask(true)).marks, undefined);
      for (let count = 0; count < 3; count += 1) {
        const facts = await probe.ask(true);
        assert.deepEqual([facts.marks?.seen, facts.marks?.own.length], [[], 32]);
        assert.equal(hiddenIn(facts), '');
      }
      assert.equal((await probe.ask()).marks, undefined);
      await without(t, ['pg_control_system()']);
      const facts = await probe.ask(true);
      assert.deepEqual([hiddenIn(facts), facts.marks?.seen], ['system', []]);
      assert.equal(refusals() - from, 1);
      assert.deepEqual(calls, ['ready']);
    });
  }

  check('may have functions that are granted and always fail, as Amazon Aurora has', async (t) => {
    const { probe } = open(t, primary.port, { user });
    await probe.ask();
    t.after(() => change('alter role plain reset search_path; drop schema if exists aurora cascade'));
    // The probe names no schema, so another one can stand before PostgreSQL's own.
    await change(`create schema aurora; grant usage on schema aurora to plain;
      create function aurora.pg_control_system(out system_identifier bigint) language plpgsql as
        $$ begin raise exception 'currently not supported for Aurora' using errcode = '0A000'; end $$;
      create function aurora.pg_current_wal_lsn() returns pg_lsn language plpgsql as
        $$ begin raise exception 'wal_level must be set to logical' using errcode = '55000'; end $$;
      alter role plain set search_path = aurora, pg_catalog`);
    const facts = await open(t, primary.port, { user }).probe.ask();
    assert.deepEqual(namesIn(facts), ['pg_control_system()', 'pg_current_wal_lsn()']);
    assert.deepEqual(facts.lacks?.map(({ remedy }) => remedy), [undefined, undefined]);
    assert.equal(hiddenIn(facts), 'system timeline lsn replayedLsn');
  });

  check('a role whose name needs quotes is named with them in the grant', async (t) => {
    await change('create role "Plain role" login');
    await without(t, ['pg_control_system()']);
    const { lacks } = await open(t, primary.port, { user: 'Plain role' }).probe.ask();
    assert.equal(lacks?.[0]?.remedy, 'grant execute on function pg_control_system() to "Plain role"');
  });
});

async function until(probe: Probe, expected: string): Promise<void> {
  await waitFor(`"${expected}" to be hidden`, async () => hiddenIn(await probe.ask()) === expected);
}
