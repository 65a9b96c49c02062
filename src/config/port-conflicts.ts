/** Whether our own ports are in each other's way. Pure. */
import { groupBy } from '../cluster/group-by.ts';
import { type SettingName, settings, type Values } from './settings.ts';

type Ports = Pick<Values, 'LISTEN_HOST' | 'LISTEN_PORT' | 'REPLICA_PORT' | 'METRICS_HOST' | 'METRICS_PORT'>;

interface PortSetting {
  readonly setting: SettingName;
  readonly hosts: readonly string[];
  readonly port: number;
}

/**
 * A sentence for each port that several of our settings name. The kernel would only say of the last one that it is in
 * use; or nothing at all, as workers share their ports: both would be bound, and a client could reach either.
 */
export function portConflicts(values: Ports): string[] {
  const ports = [
    { setting: 'LISTEN_PORT', hosts: values.LISTEN_HOST, port: values.LISTEN_PORT },
    { setting: 'REPLICA_PORT', hosts: values.LISTEN_HOST, port: values.REPLICA_PORT },
    {
      setting: 'METRICS_PORT',
      hosts: values.METRICS_HOST && [values.METRICS_HOST],
      port: values.METRICS_PORT,
    },
  ] as const;
  // 0 takes a free port; what could not be read has its message already.
  const fixed = ports.filter((entry): entry is typeof entry & PortSetting =>
    (entry.port ?? 0) > 0 && entry.hosts !== undefined
  );
  const byPort = groupBy<number, PortSetting>(fixed, ({ port }) => port);
  return [...byPort].flatMap(([port, of]) => {
    const clashing = of.filter((entry) =>
      of.some((other) =>
        other !== entry && entry.hosts.some((one) => other.hosts.some((two) => isShared(one, two)))
      )
    );
    return clashing.length > 1 ? [sentence(port, clashing)] : [];
  });
}

function sentence(port: number, ports: readonly PortSetting[]): string {
  const names = ports.map(({ setting }) =>
    settings[setting].fallback === String(port) ? `${setting} (by default)` : setting
  );
  const both = ports.length === 2 ? 'both' : 'all';
  return `${names.slice(0, -1).join(', ')} and ${
    names.at(-1)
  } are ${both} ${port}: give each a port of its own`;
}

/** Whether a port of one host can be the same as that of the other: a wildcard has the ports of all addresses. */
function isShared(a: string, b: string): boolean {
  const [one, other] = [a.toLowerCase(), b.toLowerCase()];
  return one === other || isWildcard(one) || isWildcard(other) ||
    (one === 'localhost' && isLoopback(other)) || (other === 'localhost' && isLoopback(one));
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function isLoopback(host: string): boolean {
  return host === '127.0.0.1' || host === '::1';
}
