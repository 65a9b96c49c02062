/** Prisma with its adapter for node-postgres: a generated client, without an engine of its own. */
import { join } from 'node:path';
import { equal, failureOf, load, main, place, say, ssl, textOf } from './client.ts';

const { PrismaPg } = load('@prisma/adapter-pg');
const generated = join(process.env['COMPAT_PACKAGES'] ?? '', 'generated/client.mjs');
const { PrismaClient } = await import(generated);
const prisma = new PrismaClient({ adapter: new PrismaPg({ ...place, ssl, max: 4 }) });

async function withPeople(during: () => Promise<void>): Promise<void> {
  await prisma.$executeRaw`create table prisma_people (id serial primary key, name text not null)`;
  try {
    await during();
  } finally {
    await prisma.$executeRaw`drop table prisma_people`;
  }
}

await main({
  plain: () =>
    withPeople(async () => {
      const data = Array.from({ length: 100 }, (_, n) => ({ name: `name ${n}` }));
      await prisma.person.createMany({ data });
      for (let n = 0; n < 20; n++) {
        const found = await prisma.person.findFirst({ where: { name: `name ${n}` } });
        equal(found?.name, `name ${n}`, 'found');
      }
    }),
  tls: async () => {
    const [row] = await prisma.$queryRaw`select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
    equal(row.ssl, true, 'encrypted');
  },
  long: () =>
    withPeople(async () => {
      await prisma.$transaction(async (transaction: typeof prisma) => {
        await transaction.person.create({ data: { name: 'before' } });
        await new Promise((resolve) => setTimeout(resolve, 3000));
        await transaction.person.create({ data: { name: 'after' } });
      }, { timeout: 60_000 });
      equal(await prisma.person.count(), 2, 'rows');
    }),
  failover: async () => {
    await prisma.$queryRaw`select 1`;
    const broken = failureOf(
      prisma.$transaction(async (transaction: typeof prisma) => {
        await transaction.$executeRaw`create table lost_prisma (n int)`;
        say('ready');
        await transaction.$queryRaw`select 1 from pg_sleep(600)`;
      }, { timeout: 600_000 }),
    );
    say('ended', textOf(await broken));
    const [row] = await prisma.$queryRaw`select inet_server_port() as port`;
    say('back', row.port);
    const [lost] = await prisma.$queryRaw`select to_regclass('lost_prisma')::text as it`;
    equal(lost.it, null, 'the lost table');
  },
});
