/**
 * What `/metrics` tells. Every metric's name stands here and nowhere else. The first seven have the names and types of the
 * program that this one replaces.
 */
import type { Standing } from '../cluster/finding.ts';
import type { Lag } from '../cluster/lag.ts';
import type { Observation } from '../cluster/observation.ts';
import { closeReasons, otherProtocols, proxyOutcomes, total } from '../contract/counters.ts';
import { addressText } from '../runtime/addresses.ts';
import type { Histogram } from '../control/histogram.ts';
import type { ProbeTimes } from '../control/probe-times.ts';
import type { Family, Labels, Sample } from './exposition.ts';
import type { ProcessFigures } from './process-figures.ts';
import type { Snapshot } from './snapshot.ts';

const refusals = [
  'refused',
  'holdTimeout',
  'connectTimeout',
  'connectRefused',
  'startupTimeout',
  'limit',
] as const;

export function metricsOf(of: Snapshot, process: ProcessFigures | undefined): readonly Family[] {
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
      answered(of, ({ lsn }) => lsn === undefined ? undefined : Number(lsn)),
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
    gauge('drill', '1 while the route is withdrawn for a drill.', count(of.drill === undefined ? 0 : 1)),
    counter(
      'drills_total',
      'Drills, by what was rehearsed; they are no failovers.',
      [...of.history.drills].map(([kind, value]) => [{ kind }, value]),
    ),
    counter('verdicts_total', 'Verdicts that differed from the one before.', count(of.verdicts)),
    gauge(
      'probe_duration_seconds_last',
      'How long the last answered probe took.',
      answered(of, ({ tookMs }) => tookMs / 1000),
    ),
    histogram('probe_duration_seconds', 'How long answered probes took.', probeTimes(of.probes)),
    counter('probe_failures_total', 'Probes that brought no answer.', failures(of.probes)),
    counter(
      'probe_overdue_total',
      'Answers of the primary that took longer than those of late: all candidates were asked at the fast pace meanwhile.',
      of.probes.all.map(({ candidate, overdue }) => [{ candidate }, overdue]),
    ),
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
    counter(
      'proxy_headers_total',
      'Connections under PROXY_PROTOCOL=accept or require, by what became of their header.',
      proxyOutcomes.map((outcome): Sample => [
        { outcome: outcome.slice('proxy'.length).toLowerCase() },
        total(of.counters, outcome),
      ]),
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
    counter(
      'not_allowed_total',
      'Clients refused, because ALLOW and DENY do not let their address in.',
      sum('notAllowed'),
    ),
    counter(
      'address_refusals_total',
      'Clients refused, because their address has too many connections or connects too fast, by that limit.',
      [
        [{ limit: 'connections' }, total(of.counters, 'addressFull')],
        [{ limit: 'rate' }, total(of.counters, 'addressTooFast')],
      ],
    ),
    gauge(
      'buffered_bytes',
      'Kept for all that do not read, as of a quarter of a second ago; there is none without MAX_BUFFERED_BYTES.',
      of.limits.maxBufferedBytes === null ? [] : sum('buffered'),
    ),
    counter(
      'buffers_full_total',
      'Clients refused, because as much was kept as MAX_BUFFERED_BYTES allows.',
      sum('buffersFull'),
    ),
    counter(
      'faults_total',
      'Exceptions in the gateway itself; the log has their stacks.',
      count(total(of.counters, 'faults') + of.faults),
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
    gauge(
      'worker_stuck',
      '1 for a worker thread that does not move: its sessions hang.',
      of.workers.map(({ isStuck }, index) => [{ worker: String(index) }, isStuck ? 1 : 0]),
    ),
    gauge('start_time_seconds', 'When this gateway started.', count(of.startedAt.getTime() / 1000)),
    gauge('engine', 'Always 1: which engine moves the bytes.', [[
      { engine: of.engine, runtime: of.runtime },
      1,
    ]]),
    gauge('build_info', 'Always 1.', [[{ version: of.version, runtime: of.runtime }, 1]]),
    ...(process === undefined ? [] : ofProcess(process)),
  ];
}

/** Under the names that they have in every program: https://prometheus.io/docs/instrumenting/writing_clientlibs/ */
function ofProcess(of: ProcessFigures): Family[] {
  const figure = (name: string, type: Family['type'], help: string, value: number | undefined): Family => ({
    name: `process_${name}`,
    type,
    help,
    samples: value === undefined ? [] : [[{}, value]],
  });
  return [
    figure(
      'cpu_seconds_total',
      'counter',
      'Processor time of all threads, in user and system mode.',
      of.cpuSeconds,
    ),
    figure(
      'resident_memory_bytes',
      'gauge',
      'Memory in use, shared pages of the program included.',
      of.residentBytes,
    ),
    figure('virtual_memory_bytes', 'gauge', 'Memory reserved, used or not.', of.virtualBytes),
    figure('open_fds', 'gauge', 'Open descriptors.', of.openFiles),
    figure('max_fds', 'gauge', 'The limit of open descriptors (ulimit -n).', of.maxFiles),
    figure('start_time_seconds', 'gauge', 'When the process started.', of.startedAt),
  ];
}

function isHealthy(standing: Standing): boolean {
  return standing === 'primary' || standing === 'standby' || standing === 'alias';
}

function isPrimary(observation: Observation, { verdict, route }: Snapshot): boolean {
  return route.primary !== undefined && verdict?.primary?.candidate.name === observation.candidate.name;
}

function isUp({ answer, failures }: Observation): boolean {
  return answer !== undefined && failures === 0;
}

function perCandidate(of: Snapshot, test: (observation: Observation, of: Snapshot) => boolean): Sample[] {
  return of.observations.map((
    observation,
  ) => [{ candidate: observation.candidate.name }, test(observation, of) ? 1 : 0]);
}

/** What a candidate hides from the probe has no sample. */
function answered(
  of: Snapshot,
  value: (answer: NonNullable<Observation['answer']>) => number | undefined,
): Sample[] {
  return of.observations.flatMap(({ candidate, answer }): Sample[] => {
    const said = answer && value(answer);
    return said === undefined ? [] : [[{ candidate: candidate.name }, said]];
  });
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

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name: `pg_gateway_${name}`, type: 'gauge', help, samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name: `pg_gateway_${name}`, type: 'counter', help, samples };
}

function histogram(name: string, help: string, of: readonly (readonly [Labels, Histogram])[]): Family {
  const samples = of.flatMap(([labels, { buckets, sumSeconds, count }]): Sample[] => [
    ...buckets.map(({ le, count }): Sample => [{ ...labels, le }, count, '_bucket']),
    [labels, sumSeconds, '_sum'],
    [labels, count, '_count'],
  ]);
  return { name: `pg_gateway_${name}`, type: 'histogram', help, samples };
}
