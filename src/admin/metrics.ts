/**
 * The text of `/metrics`, in Prometheus' exposition format 0.0.4. Every metric's name stands here and nowhere else.
 * The first seven have the names and types of the program that this one replaces.
 */
import type { Standing } from '../cluster/finding.ts';
import type { Lag } from '../cluster/lag.ts';
import type { Observation } from '../cluster/observation.ts';
import { closeReasons, otherProtocols, total } from '../contract/counters.ts';
import { addressText } from '../runtime/addresses.ts';
import type { Histogram } from '../control/histogram.ts';
import type { ProbeTimes } from '../control/probe-times.ts';
import type { Snapshot } from './snapshot.ts';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [Labels, number];

const refusals = [
  'refused',
  'holdTimeout',
  'connectTimeout',
  'connectRefused',
  'startupTimeout',
  'limit',
] as const;

export function renderMetrics(of: Snapshot): string {
  const sum = (name: Parameters<typeof total>[1]): Sample[] => [[{}, total(of.counters, name)]];
  const count = (value: number): Sample[] => [[{}, value]];
  const healthy = of.verdict?.findings.filter(({ standing }) => isHealthy(standing)).length ?? 0;
  const servers = of.observations.length;
  return [
    gauge('connections_active', 'Clients connected now.', sum('active')),
    counter('connections_total', 'Clients accepted.', sum('accepted')),
    counter('bytes_client_to_backend_total', 'Bytes from clients to servers.', sum('upstreamBytes')),
    counter('bytes_backend_to_client_total', 'Bytes from servers to clients.', sum('downstreamBytes')),
    gauge('servers_total', 'Candidates.', count(servers)),
    gauge(
      'servers_healthy',
      'Candidates that are primary or standby of our cluster, under whatever name.',
      count(healthy),
    ),
    gauge('servers_unhealthy', 'Candidates that are neither.', count(servers - healthy)),
    gauge(
      'epoch',
      'Grows by one whenever the primary changes, to another server or to none.',
      count(of.route.epoch),
    ),
    gauge('primary', '1 for the candidate that clients are sent to.', perCandidate(of, isPrimary)),
    gauge('candidate_up', '1 if the last probe of the candidate was answered.', perCandidate(of, isUp)),
    gauge('candidate_timeline', 'Its timeline, as last heard.', answered(of, ({ timeline }) => timeline)),
    gauge(
      'candidate_lsn_bytes',
      'Its position in the write-ahead log, as last heard.',
      answered(of, ({ lsn }) => Number(lsn)),
    ),
    gauge(
      'candidate_evidence_age_seconds',
      'How long ago it last answered.',
      answered(of, ({ at }) => (of.now - at) / 1000),
    ),
    gauge(
      'candidate_lag_seconds',
      'Of standbys: for how long the primary has been further on than they have replayed.',
      lags(of, ({ ms }) => ms / 1000),
    ),
    gauge(
      'candidate_lag_bytes',
      'Of standbys: write-ahead log of the primary that they have not replayed.',
      lags(of, ({ bytes }) => bytes),
    ),
    gauge('candidate_weight', 'Its share of new sessions of the standby port; 0: it gets none.', weights(of)),
    gauge(
      'candidate_standing',
      'Where the last election put it; one that is up and rejects the probe is "down" here, or "doubtful" as the primary.',
      standings(of),
    ),
    gauge(
      'candidate_rejecting',
      '1 if it is up and rejects the probe: wrong password, no such database, no slot free, starting.',
      perCandidate(of, isRejecting),
    ),
    gauge(
      'split_brain',
      '1 while several servers claim to be the primary of one timeline.',
      count(of.verdict?.splitBrain ? 1 : 0),
    ),
    counter('split_brain_alarms_total', 'How often a split brain began.', count(of.history.alarms)),
    counter(
      'failovers_total',
      'Changes from a primary to another server, or to the same one started again, by the rule that decided.',
      [...of.history.failovers].map(([rule, value]) => [{ rule }, value]),
    ),
    histogram(
      'failover_duration_seconds',
      'From the last answer of the old primary that confirmed it, until the route to the new one was published.',
      [[{}, of.history.failoverTimes]],
    ),
    histogram(
      'detection_duration_seconds',
      'From the last probe of a new primary that did not find it to be one, until the route to it was published: ' +
        'an upper bound of the time from its promotion. One that always claimed to be primary is not counted.',
      [[{}, of.history.detectionTimes]],
    ),
    counter('verdicts_total', 'Verdicts that differed from the one before.', count(of.verdicts)),
    gauge(
      'probe_duration_seconds_last',
      'How long the last answered probe took.',
      answered(of, ({ tookMs }) => tookMs / 1000),
    ),
    histogram('probe_duration_seconds', 'How long answered probes took.', probeTimes(of.probes)),
    counter('probe_failures_total', 'Probes that brought no answer.', failures(of.probes)),
    gauge(
      'sessions',
      'Clients that have a server now, by its address: the primary, the standbys, and others that have any.',
      of.sessions.map(({ server, sessions }) => [{ server: addressText(server) }, sessions]),
    ),
    gauge(
      'paused',
      '1 while new clients wait because somebody has asked for it (pg_gateway pause).',
      count(of.paused === undefined ? 0 : 1),
    ),
    gauge('held', 'Clients that wait for a server now.', sum('held')),
    counter('holds_total', 'Clients that had to wait for a server.', sum('holds')),
    counter('refusals_total', 'Clients refused, by reason.', byReason(of, refusals)),
    counter(
      'other_protocols_total',
      "Clients that do not speak PostgreSQL's protocol, by what they speak.",
      otherProtocols.map((protocol): Sample => [{ protocol }, total(of.counters, protocol)]),
    ),
    counter('prewarmed_total', 'Clients that found a connection to their server ready.', sum('prewarmed')),
    counter('fallbacks_total', 'Clients of the standby port whom the primary served.', sum('fallbacks')),
    counter('cancels_total', 'Cancel requests passed on.', sum('cancels')),
    counter(
      'cancels_dropped_total',
      'Cancel requests dropped, because too many came.',
      sum('cancelsDropped'),
    ),
    counter(
      'displaced_total',
      'Clients without a session that were closed for new ones, because all places were taken.',
      sum('displaced'),
    ),
    counter('closes_total', 'Sessions ended, by reason.', byReason(of, closeReasons)),
    gauge(
      'config_last_reload_successful',
      'Whether the last reload of the configuration could be used; the start counts as one.',
      count(of.lastReload.isSuccessful ? 1 : 0),
    ),
    gauge(
      'config_last_reload_success_timestamp_seconds',
      'When the configuration that counts was read.',
      count(of.lastReload.at.getTime() / 1000),
    ),
    gauge('start_time_seconds', 'When this gateway started.', count(of.startedAt.getTime() / 1000)),
    gauge('engine', 'Always 1: which engine moves the bytes.', [[
      { engine: of.engine, runtime: of.runtime },
      1,
    ]]),
    gauge('build_info', 'Always 1.', [[{ version: of.version, runtime: of.runtime }, 1]]),
  ].join('');
}

function isHealthy(standing: Standing): boolean {
  return standing === 'primary' || standing === 'standby' || standing === 'alias';
}

function isPrimary(observation: Observation, { verdict }: Snapshot): boolean {
  return verdict?.primary?.candidate.name === observation.candidate.name;
}

function isUp({ answer, failures }: Observation): boolean {
  return answer !== undefined && failures === 0;
}

function perCandidate(of: Snapshot, test: (observation: Observation, of: Snapshot) => boolean): Sample[] {
  return of.observations.map((
    observation,
  ) => [{ candidate: observation.candidate.name }, test(observation, of) ? 1 : 0]);
}

function answered(of: Snapshot, value: (answer: NonNullable<Observation['answer']>) => number): Sample[] {
  return of.observations.flatMap(({ candidate, answer }): Sample[] =>
    answer ? [[{ candidate: candidate.name }, value(answer)]] : []
  );
}

function lags({ rotation }: Snapshot, value: (lag: Lag) => number): Sample[] {
  return rotation.flatMap(({ candidate, lag }): Sample[] =>
    lag ? [[{ candidate: candidate.name }, value(lag)]] : []
  );
}

function weights({ rotation, standbyPort }: Snapshot): Sample[] {
  if (standbyPort === undefined) return [];
  return rotation.map(({ candidate, weight }) => [{ candidate: candidate.name }, weight]);
}

/**
 * One that rejects the probe stays `down` here, as dashboards and alerts know it, and the primary that does so is
 * `doubtful`; a metric of its own says so.
 */
function standings({ verdict }: Snapshot): Sample[] {
  return verdict?.findings.map(({ candidate, standing }): Sample => {
    const rejecting = candidate.name === verdict.primary?.candidate.name ? 'doubtful' : 'down';
    return [{ candidate: candidate.name, standing: standing === 'rejecting' ? rejecting : standing }, 1];
  }) ?? [];
}

function isRejecting({ candidate }: Observation, { verdict }: Snapshot): boolean {
  return verdict?.findings.find((finding) => finding.candidate.name === candidate.name)?.standing ===
    'rejecting';
}

function byReason(of: Snapshot, reasons: readonly (typeof closeReasons)[number][]): Sample[] {
  return reasons.map((reason) => [{ reason }, total(of.counters, reason)]);
}

function failures(probes: ProbeTimes): Sample[] {
  return probes.all.map(({ candidate, failures }) => [{ candidate }, failures]);
}

function probeTimes(probes: ProbeTimes): (readonly [Labels, Histogram])[] {
  return probes.all.map(({ candidate, took }) => [{ candidate }, took]);
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  return family(name, 'gauge', help, samples);
}

function counter(name: string, help: string, samples: readonly Sample[]): string {
  return family(name, 'counter', help, samples);
}

function histogram(name: string, help: string, of: readonly (readonly [Labels, Histogram])[]): string {
  let text = head(name, 'histogram', help);
  for (const [labels, { buckets, sumSeconds, count }] of of) {
    for (const { le, count } of buckets) text += line(`${name}_bucket`, { ...labels, le }, count);
    text += line(`${name}_sum`, labels, sumSeconds) + line(`${name}_count`, labels, count);
  }
  return text;
}

function family(name: string, type: string, help: string, samples: readonly Sample[]): string {
  return head(name, type, help) + samples.map(([labels, value]) => line(name, labels, value)).join('');
}

function head(name: string, type: string, help: string): string {
  return `# HELP pg_gateway_${name} ${help}\n# TYPE pg_gateway_${name} ${type}\n`;
}

function line(name: string, labels: Labels, value: number): string {
  const text = Object.entries(labels).map(([key, value]) => `${key}="${escape(value)}"`).join(',');
  return `pg_gateway_${name}${text && `{${text}}`} ${value}\n`;
}

function escape(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
