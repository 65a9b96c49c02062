/** graphile-worker: a queue whose worker hears of jobs by LISTEN; jobs go on being done after a failover. */
import { equal, failureOf, load, main, place, say, ssl, textOf } from './client.ts';

const { run, makeWorkerUtils, Logger } = load('graphile-worker');
const { Pool } = load('pg');

const schema = `graphile_${process.argv[2]}`;
const pool = new Pool({ ...place, ssl, max: 6 });
pool.on('error', () => {});
// One that is lent out tells nobody but itself, and the process would end with it.
pool.on('connect', (client: typeof pool) => client.on('error', () => {}));

const done = new Map<string, () => void>();
/** What it logs of errors; it goes on by itself. */
let trouble: string | undefined;
const logger = new Logger(() => (level: string, message: string) => {
  if (level === 'error' || level === 'warning') trouble ??= message;
});

// A query of the worker's own that nobody waits for may end with its connection; the worker itself goes on.
process.on('unhandledRejection', (error: Error) => trouble ??= error.message);

async function begin(pollInterval: number): Promise<void> {
  const taskList = { work: ({ n }: { n: string }) => void done.get(n)?.() };
  await run({ pgPool: pool, schema, concurrency: 2, noHandleSignals: true, pollInterval, taskList, logger });
}

/** Resolves once a worker has done it. */
async function job(n: string): Promise<void> {
  const ready = new Promise<void>((resolve) => done.set(n, resolve));
  const utils = await makeWorkerUtils({ pgPool: pool, schema, logger });
  await utils.addJob('work', { n });
  await ready;
  await utils.release();
}

async function some(): Promise<void> {
  await begin(500);
  for (let n = 0; n < 5; n++) await job(`job ${n}`);
  equal(trouble, undefined, 'an error on the way');
}

await main({
  plain: some,
  tls: some,
  notify: async () => {
    // Nothing but the notification makes it look for a job so soon.
    await begin(600_000);
    await job('first');
    await job('second');
  },
  failover: async () => {
    await begin(500);
    await job('before');
    // On a connection that is there: one that is only made would be sent on to the new primary, and sleep there.
    const query = failureOf((await pool.connect()).query('select pg_sleep(600)'));
    say('ready');
    say('ended', textOf(await query));
    // Its pool may lend a connection whose end it has not noticed; who adds a job tries again.
    while (await job('after').then(() => false, () => true));
    say('back', (await pool.query('select inet_server_port() as port')).rows[0].port);
  },
});
