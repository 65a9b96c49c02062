/** The name servers of `resolvers`. Pure. */
import type { Proxy } from './proxies.ts';
import type { Remark } from './remarks.ts';
import type { Section } from './sections.ts';
import { resolversOf } from './servers.ts';
import { duration, type SettingLine, takes } from './setting-line.ts';
import type { Lookup } from './words.ts';

/** DNS_SERVERS is for all names, so all servers that have one must ask the same. */
export function resolverLines(
  places: readonly Proxy[],
  sections: readonly Section[],
  env: Lookup,
): { readonly settings: readonly SettingLine[]; readonly remarks: readonly Remark[] } {
  const servers = places.flatMap((place) => place.servers).filter(({ host }) => isName(host));
  const asking = servers.filter(({ parameters }) => parameters.has('resolvers'));
  const names = new Set(servers.map(({ parameters }) => parameters.get('resolvers')?.value));
  const [name] = names;
  if (asking.length === 0) return { settings: [], remarks: [] };
  const first = (what: string, why: string) => ({
    settings: [],
    remarks: [{ lines: asking.map(({ line }) => line), what, why, isFirst: true }],
  });
  if (names.size > 1) {
    return first('resolvers', 'not all servers ask the same, and DNS_SERVERS is for all names of a gateway');
  }
  const section = sections.find(({ kind, name: of }) => kind === 'resolvers' && of === name);
  if (section === undefined) return first(`resolvers ${name}`, 'there is no such section');
  const { nameServers, valid } = resolversOf(section, env);
  // parse-resolv-conf: the system's, as here.
  if (nameServers.length === 0) return { settings: [], remarks: [] };
  const value = nameServers.map(({ address }) => address).join(',');
  if (!takes('DNS_SERVERS', value)) {
    return first(`resolvers ${name}`, 'DNS_SERVERS takes numeric addresses, and asks them by UDP');
  }
  const settings: SettingLine[] = [{
    name: 'DNS_SERVERS',
    value,
    lines: nameServers.map(({ line }) => line),
    why: `nameserver of resolvers ${name}; all names are asked there`,
  }];
  const ttl = duration(valid?.words[2]);
  if (valid !== undefined && ttl !== undefined && takes('DNS_TTL_MS', ttl)) {
    settings.push({
      name: 'DNS_TTL_MS',
      value: ttl,
      lines: [valid.line],
      why: `hold valid ${valid.words[2]}`,
    });
  }
  return { settings, remarks: [] };
}

function isName(host: string): boolean {
  return !host.startsWith('/') && !host.includes(':') && !/^[0-9.]+$/.test(host);
}
