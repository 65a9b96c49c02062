/** HAProxy as Patroni's documentation sets it up, but with room for all clients. Pure. */
import type { Place } from './client.ts';

export interface Checked extends Place {
  readonly name: string;
  /** Where its `/primary` is asked. */
  readonly checkPort: number;
}

/** Patroni's template has `maxconn 100`, for all clients and for each server; the others would wait in its queue. */
export function haproxyConfig(port: number, clients: number, servers: readonly Checked[]): string {
  const room = 2 * clients + 100;
  const lines = servers.map(({ name, host, port, checkPort }) =>
    `  server ${name} ${host}:${port} maxconn ${room} check port ${checkPort}`
  );
  return `global
  maxconn ${room}
defaults
  mode tcp
  retries 2
  timeout client 30m
  timeout connect 4s
  timeout server 30m
  timeout check 5s
listen primary
  bind 127.0.0.1:${port}
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 3s fall 3 rise 2 on-marked-down shutdown-sessions
${lines.join('\n')}
`;
}
