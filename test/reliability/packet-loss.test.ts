/** Packets that the kernel loses, between client and gateway and between gateway and server: machines of namespaces. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { copyOut } from '../bed/copy-client.ts';
import { linesOf, rowsOf, rowsTable } from '../bed/copy-rows.ts';
import { type GatewayProcess, patient, startGateway } from '../bed/gateway.ts';
import { type Lab, openLab } from '../bed/ha/lab.ts';
import type { Machine } from '../bed/ha/machine.ts';
import { serverSettings, settingLines, trustLines } from '../bed/ha/server-settings.ts';
import { askServer } from '../bed/ha/servers.ts';
import { leftOut } from '../bed/ha/stage.ts';
import { waitFor } from '../bed/wait-for.ts';
import { removeWorkspace } from '../bed/workspace.ts';

const skip = leftOut({ packages: ['postgresql-15'] });

/** Megabytes for each share of packets that vanish: the more, the slower. */
const losses = [[1, 8], [5, 4]] as const;

describe('packets that are lost on both links', { skip }, () => {
  let lab: Lab;
  let server: Machine;
  let client: Machine;
  let gateway: GatewayProcess;

  before(async () => {
    lab = await openLab(['server', 'client']);
    [server, client] = lab.machines as [Machine, Machine];
    await server.run(['initdb', '-D', 'data', '-U', 'postgres', '-A', 'trust', '--locale=C', '--no-sync']);
    server.append('data/postgresql.conf', settingLines({ ...serverSettings, listen_addresses: '*' }));
    server.append('data/pg_hba.conf', `${trustLines.join('\n')}\n`);
    await server.start('server', ['postgres', '-D', 'data']);
    await waitFor('the server to answer', () => askServer(server, 'select').then(() => true), {
      evidence: () => server.log('server').slice(-2000),
    });
    gateway = await startGateway({
      LISTEN_HOST: lab.ourAddress,
      CANDIDATES: `${server.address}:5432`,
      ...patient,
    });
    await waitFor(
      'the gateway to have a primary',
      () => gateway.log.some(({ primary }) => primary === `${server.address}:5432`),
    );
  });

  after(async () => {
    await gateway?.stop();
    await lab?.close();
    await removeWorkspace();
  });

  /** On the machine of the client, over its link, the gateway, and the link of the server. */
  const psql = (statement: string, redirection: string): Promise<string> =>
    client.run([
      'sh',
      '-c',
      `psql -X -q -v ON_ERROR_STOP=1 -h ${lab.ourAddress} -p ${gateway.port} -U postgres -d postgres ` +
      `-c '${statement}' ${redirection}`,
    ]);

  for (const [percent, megabytes] of losses) {
    test(
      `at ${percent} % of the packets both copies arrive byte for byte`,
      { timeout: 120_000 },
      async () => {
        const rows = rowsOf(megabytes * 1_000_000, percent);
        const text = linesOf(rows);
        const table = `rows${percent}`;
        await askServer(server, rowsTable(table));
        client.write('sent', text.toString('latin1'));
        const machines = [server, client];
        for (const { link } of machines) await link.lose(percent);
        try {
          await psql(`copy ${table} from stdin`, '< sent');
          await psql(`copy (select * from ${table} order by n) to stdout`, '> received');
          for (const { name, link } of machines) {
            assert.ok(await link.lost() > 0, `none was lost at the ${name}`);
          }
        } finally {
          for (const { link } of machines) {
            await link.heal();
          }
        }
        assert.ok(readFileSync(`${client.folder}/received`).equals(text));
        const stored = await copyOut({ host: server.address, port: 5432, table }, rows);
        assert.deepEqual([stored.tag, stored.lost, stored.changed], [`COPY ${rows.count}`, 0, 0]);
        await waitFor('the gateway to have no session', async () => {
          return await gateway.metric('pg_gateway_connections_active') === 0;
        });
      },
    );
  }
});
