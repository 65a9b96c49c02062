/** pg-boss: a queue whose workers poll; jobs go on being done after a failover without anybody's help. */
import { equal, load, main, place, say, ssl } from './client.ts';

const { PgBoss } = load('pg-boss');
const boss = new PgBoss({ ...place, ssl, schema: `boss_${process.argv[2]}`, max: 4 });
let trouble: string | undefined;
boss.on('error', (error: Error) => trouble ??= error.message);

const done = new Map<string, (text: string) => void>();

async function begin(): Promise<void> {
  await boss.start();
  await boss.createQueue('work');
  await boss.work('work', { pollingIntervalSeconds: 0.5 }, async ([job]: { data: { n: string } }[]) => {
    done.get(String(job?.data.n))?.('');
    await Promise.resolve();
  });
}

/** Resolves once a worker has done it. */
async function job(n: string): Promise<void> {
  const ready = new Promise<string>((resolve) => done.set(n, resolve));
  await boss.send('work', { n });
  await ready;
}

async function some(): Promise<void> {
  await begin();
  for (let n = 0; n < 5; n++) await job(`job ${n}`);
  equal(trouble, undefined, 'an error on the way');
}

await main({
  plain: some,
  tls: some,
  failover: async () => {
    await begin();
    await job('before');
    say('ready');
    while (trouble === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    say('ended', trouble);
    // Its pool may lend a connection whose end it has not noticed; who sends a job tries again.
    while (await job('after').then(() => false, () => true));
    const { rows: [row] } = await boss.getDb().executeSql('select inet_server_port() as port', []);
    say('back', row.port);
  },
});
