/** What a run has seen, as Markdown. Pure. */

export interface LegResult {
  readonly name: string;
  readonly isCut: boolean;
  /** Copies whose end the client was told, and the bytes of them and of those that were cut. */
  whole: number;
  bytes: number;
  /** Sessions that the links cut, and those of them whose clients saw an end or an error, or their whole answer where that was due. */
  cuts: number;
  seen: number;
  lost: number;
  changed: number;
  /** Copies that ended or failed though nothing was to end them, and those in which nothing moved any more. */
  unexpected: number;
  hung: number;
  /** Sessions that were still there, at the gateway or the server, when all clients had gone. */
  left: number;
}

export interface Footprint {
  readonly residentBytes: number;
  readonly descriptors: number;
}

export interface RunResult {
  readonly legs: readonly LegResult[];
  readonly seconds: number;
  readonly machine: string;
  readonly command: string;
  /** Of the gateway, without a session: after a copy by each client, and in the end; and the most after a leg. */
  readonly before: Footprint;
  readonly after: Footprint;
  readonly most: Footprint;
  /** Its memory after each whole rotation: that it does not grow from one to the next. */
  readonly residentBytes: readonly number[];
}

export const newResult = (name: string, isCut: boolean): LegResult => ({
  name,
  isCut,
  whole: 0,
  bytes: 0,
  cuts: 0,
  seen: 0,
  lost: 0,
  changed: 0,
  unexpected: 0,
  hung: 0,
  left: 0,
});

const sums = ['whole', 'bytes', 'cuts', 'seen', 'lost', 'changed', 'unexpected', 'hung', 'left'] as const;

/** Of legs of the same name, one; in the order in which they first came. */
export function merged(legs: readonly LegResult[]): LegResult[] {
  const byName = new Map<string, LegResult>();
  for (const leg of legs) {
    const sum = byName.get(leg.name) ?? newResult(leg.name, leg.isCut);
    for (const field of sums) sum[field] += leg[field];
    byName.set(leg.name, sum);
  }
  return [...byName.values()];
}

export function totalOf(legs: readonly LegResult[]): LegResult {
  return merged(legs.map((leg) => ({ ...leg, name: 'all' })))[0] ?? newResult('all', false);
}

/** Nothing is missing, and nothing was seen that should not be. */
export function isGood(legs: readonly LegResult[]): boolean {
  const { lost, changed, unexpected, hung, left, cuts, seen } = totalOf(legs);
  return lost + changed + unexpected + hung + left === 0 && cuts === seen;
}

const heading = [
  'the links',
  'GB',
  'copies whole',
  'cut on purpose',
  'seen by the client',
  'bytes lost',
  'bytes changed',
  'ended unasked',
  'hung',
  'left behind',
];

export function tableOf(
  { legs, seconds, machine, command, before, after, most, residentBytes }: RunResult,
): string {
  const rows = [...merged(legs), totalOf(legs)].map((leg) => [
    leg.name,
    (leg.bytes / 1e9).toFixed(2),
    ...[leg.whole, leg.cuts, leg.seen, leg.lost, leg.changed, leg.unexpected, leg.hung, leg.left].map((n) =>
      n.toLocaleString('en')
    ),
  ]);
  const print = (name: string, { residentBytes, descriptors }: Footprint): string[] => [
    name,
    (residentBytes / 2 ** 20).toFixed(1),
    String(descriptors),
  ];
  return [
    `\`${command}\`: ${Math.round(seconds)} s; ${machine}`,
    '',
    ...markdown([heading, ...rows]),
    '',
    ...markdown([
      ['the gateway without a session', 'resident, MiB', 'descriptors'],
      print('before', before),
      print('after', after),
      print('most after any of the legs', most),
    ]),
    '',
    ...(residentBytes.length === 0 ? [] : [
      `After each rotation, MiB: ${residentBytes.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(', ')}.`,
      '',
    ]),
  ].join('\n');
}

function markdown([head = [], ...rows]: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
