/** HAProxy as Patroni's documentation sets it up, to suffer the same faults beside the gateway. */
import { waitFor } from '../wait-for.ts';
import type { Machine } from './machine.ts';
import { patroniPort } from './patroni.ts';

export const haproxyPort = 5000;

export async function startHaproxy(machine: Machine, nodes: readonly Machine[]): Promise<void> {
  const config = machine.write('haproxy.cfg', configOf(machine, nodes));
  await machine.start('haproxy', ['haproxy', '-db', '-f', config]);
  await waitFor('HAProxy to run', () => machine.find(/haproxy\.cfg/).length > 0, {
    evidence: () => machine.log('haproxy'),
  });
}

function configOf({ address }: Machine, nodes: readonly Machine[]): string {
  const servers = nodes.map((node) =>
    `  server ${node.name} ${node.address}:5432 maxconn 100 check port ${patroniPort}`
  );
  return `global
  maxconn 100
defaults
  mode tcp
  retries 2
  timeout client 30m
  timeout connect 4s
  timeout server 30m
  timeout check 5s
listen primary
  bind ${address}:${haproxyPort}
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 3s fall 3 rise 2 on-marked-down shutdown-sessions
${servers.join('\n')}
`;
}
