/** HAProxy's page of statistics, whose place the metrics port takes. Pure. */
import type { Remark } from './remarks.ts';
import { type Configuration, directives, type Problem, type Section } from './sections.ts';
import { bindsOf } from './servers.ts';
import type { SettingLine } from './setting-line.ts';

export interface MetricsPlace {
  /** Of its section. */
  readonly line: number;
  readonly port: number | undefined;
  readonly settings: readonly SettingLine[];
  readonly remarks: readonly Remark[];
  readonly problems: readonly Problem[];
}

/** The first section with `stats` of its own, or with HAProxy's exporter for Prometheus; undefined: there is none. */
export function metricsPlace({ sections, env }: Configuration): MetricsPlace | undefined {
  const section = sections.find((one) => (one.kind === 'listen' || one.kind === 'frontend') && isPage(one));
  if (section === undefined) return undefined;
  const problems: Problem[] = [];
  const found = bindsOf(section, env, problems, []).filter(({ host }) => !host.startsWith('/'));
  const [bind, ...more] = found;
  const title = `${section.kind} ${section.name}`;
  const remarks: Remark[] = more.map(({ line }) => ({
    lines: [line],
    what: `bind of ${title}`,
    why: 'METRICS_HOST is one address: that of its first bind',
    isFirst: false,
  }));
  const auth = directives(section, 'stats', 'auth');
  if (auth.length > 0) {
    remarks.push({
      lines: auth.map(({ line }) => line),
      what: 'stats auth',
      why: 'METRICS_TOKEN_FILE guards the metrics port; until you have made a token, ' +
        'it is reached from this machine alone (METRICS_HOST)',
      isFirst: true,
    });
  }
  const admin = directives(section, 'stats', 'admin');
  if (admin.length > 0) {
    remarks.push({
      lines: admin.map(({ line }) => line),
      what: 'stats admin',
      why: 'the page only shows; commands go to CONTROL_SOCKET',
      isFirst: false,
    });
  }
  if (bind === undefined) return { line: section.line, port: undefined, settings: [], remarks, problems };
  const port: SettingLine = {
    name: 'METRICS_PORT',
    value: `${bind.port}`,
    lines: [bind.line],
    why: `bind of ${title}: a page for people, /metrics and /status are there`,
  };
  const host: SettingLine = {
    name: 'METRICS_HOST',
    value: bind.host,
    lines: [bind.line],
    why: `bind of ${title}: who reaches it sees the names of servers and the addresses of clients`,
  };
  return {
    line: section.line,
    port: bind.port,
    settings: auth.length > 0 ? [port] : [host, port],
    remarks,
    problems,
  };
}

function isPage({ own }: Section): boolean {
  return own.some(({ words, isNegated }) =>
    !isNegated && ((words[0] === 'stats' && /^(?:enable|uri|auth)$/.test(words[1] ?? '')) ||
      (words[0] === 'http-request' && words.includes('prometheus-exporter')))
  );
}
