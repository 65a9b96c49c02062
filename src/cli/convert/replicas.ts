/** The settings of the standby port. Pure. */
import type { Proxy } from './proxies.ts';
import type { Remark } from './remarks.ts';
import { directive } from './sections.ts';
import { type SettingLine, takes, withDefault } from './setting-line.ts';
import { type BackendServer, isBackup } from './servers.ts';

export function replicaLines(
  { back, check, servers, title }: Proxy,
  candidates: readonly BackendServer[],
): { readonly settings: readonly SettingLine[]; readonly remarks: readonly Remark[] } {
  const settings: SettingLine[] = [];
  const remarks: Remark[] = [];
  if (check.wanted === 'standby' && !servers.some(isBackup)) {
    settings.push({
      name: 'REPLICA_FALLBACK',
      value: 'off',
      lines: linesOf(check.line),
      why:
        `${check.what}: HAProxy never sent these clients to the primary; with "on" it serves them where no standby does`,
    });
  }
  const balance = directive(back, 'balance');
  const way = balance?.words[1];
  if (balance !== undefined && (way === 'source' || way === 'leastconn')) {
    const value = way === 'source' ? 'source' : 'least';
    settings.push({ name: 'REPLICA_BALANCE', value, lines: [balance.line], why: `balance ${way}` });
  }
  if (balance !== undefined && way !== 'source' && way !== 'leastconn') {
    remarks.push({
      lines: [balance.line],
      what: `balance ${way ?? ''}`,
      why: 'a new client gets the standby with the fewest sessions (REPLICA_BALANCE=least)',
      isFirst: false,
    });
  }
  remarks.push(
    ...servers.filter(isBackup).map(({ line }) => ({
      lines: [line],
      what: 'server ... backup',
      why: 'it gets clients like the others; only the primary is kept in reserve (REPLICA_FALLBACK)',
      isFirst: true,
    })),
  );
  settings.push(...weights(servers, candidates, title));
  settings.push(...lagLines(check, remarks));
  if (check.wanted !== 'unsaid') {
    remarks.push({
      lines: linesOf(check.line),
      what: check.what,
      why: `a standby that lags by more than ${
        withDefault('MAX_LAG_MS')
      } gets no new client here; "off" takes it`,
      isFirst: false,
    });
  }
  if (check.query !== undefined) {
    remarks.push({
      lines: linesOf(check.line),
      what: `?${check.query}`,
      why:
        'the gateway knows no tags of Patroni: give a standby that shall have no client the weight 0 in REPLICA_WEIGHTS',
      isFirst: true,
    });
  }
  return { settings, remarks };
}

/** HAProxy's weights are shares of new clients as ours are; a server that this place has not gets none. */
function weights(
  servers: readonly BackendServer[],
  candidates: readonly BackendServer[],
  title: string,
): SettingLine[] {
  const weighed = candidates.map(({ candidate, line }) => {
    const server = servers.find((server) => server.candidate === candidate);
    const weight = server === undefined ? '0' : server.parameters.get('weight')?.value ?? '1';
    return { candidate, line: server?.line ?? line, weight };
  });
  const services = weighed.some(({ candidate }) => candidate.startsWith('srv+'));
  if (services || new Set(weighed.map(({ weight }) => weight)).size < 2) return [];
  return [{
    name: 'REPLICA_WEIGHTS',
    value: weighed.map(({ candidate, weight }) => `${candidate}=${weight}`).join(','),
    lines: weighed.map(({ line }) => line),
    why: `weights of ${title}; 0: the server is not there`,
  }];
}

function lagLines({ lag, what, line }: Proxy['check'], remarks: Remark[]): SettingLine[] {
  if (lag === undefined) return [];
  if (!takes('MAX_LAG_BYTES', lag)) {
    remarks.push({
      lines: linesOf(line),
      what: `?lag=${lag}`,
      why: 'is no size that MAX_LAG_BYTES takes',
      isFirst: true,
    });
    return [];
  }
  return [{ name: 'MAX_LAG_BYTES', value: lag, lines: linesOf(line), why: `${what}?lag=${lag}` }];
}

function linesOf(line: number | undefined): number[] {
  return line === undefined ? [] : [line];
}
