/** What was measured, as Markdown. Pure. */

export interface Watched {
  readonly candidates: number;
  /** Of one processor. */
  readonly cpuShare: number;
  readonly memoryBytes: number;
  readonly descriptors: number;
  readonly linesAMinute: number;
  /** Of clients that connect, ask and leave. */
  readonly clientMs: readonly number[];
  readonly failedClients: number;
  /** Of those that go to the primary itself, in turn with them: what the machine does to all. */
  readonly directMs: readonly number[];
  /** From the end of pg_promote to the first query that the new primary has answered. */
  readonly failoverMs: readonly number[];
}

export interface Sent {
  readonly from: string;
  readonly connections: number;
  readonly bytes: number;
}

export function tableOf(alone: Watched, beside: Watched, sent: readonly Sent[], machine: string): string {
  const row = (name: string, of: (watched: Watched) => string): string =>
    `| ${name} | ${of(alone)} | ${of(beside)} |`;
  return [
    `| | without | with ${beside.candidates - alone.candidates} hostile candidates |`,
    '| --- | --- | --- |',
    row('processor time, of one', ({ cpuShare }) => `${(100 * cpuShare).toFixed(1)} %`),
    row('resident memory', ({ memoryBytes }) => megabytes(memoryBytes)),
    row('descriptors', ({ descriptors }) => String(descriptors)),
    row('lines of the log a minute', ({ linesAMinute }) => linesAMinute.toFixed(0)),
    row('clients: connect and ask, p50', ({ clientMs }) => milliseconds(quantile(clientMs, 0.5))),
    row('the same, p99', ({ clientMs }) => milliseconds(quantile(clientMs, 0.99))),
    row('past the gateway, p50', ({ directMs }) => milliseconds(quantile(directMs, 0.5))),
    row('the same, p99', ({ directMs }) => milliseconds(quantile(directMs, 0.99))),
    row(
      'clients tried / failed',
      ({ clientMs, failedClients }) => `${clientMs.length + failedClients} / ${failedClients}`,
    ),
    row('promoted to served, p50', ({ failoverMs }) => milliseconds(quantile(failoverMs, 0.5))),
    row('the same, the longest', ({ failoverMs }) => milliseconds(quantile(failoverMs, 1))),
    '',
    '| a gigabyte to the probe | connections | bytes a connection until it was cut off |',
    '| --- | --- | --- |',
    ...sent.map(({ from, connections, bytes }) =>
      `| ${from} | ${connections} | ${Math.round(bytes / Math.max(1, connections))} |`
    ),
    '',
    machine,
    '',
  ].join('\n');
}

/** The value that `share` of them do not exceed; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

function milliseconds(ms: number): string {
  return Number.isNaN(ms) ? '-' : `${ms.toFixed(1)} ms`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
