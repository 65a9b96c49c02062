/** A report as text. Pure. */
import type { Report, Row } from './report.ts';

const heading = [
  'MANAGER',
  'FAULT',
  'THROUGH',
  'TIMES',
  'GAP P50',
  'GAP MAX',
  'AFTER PROMOTION',
  'LOST',
  'DOUBLE',
  'HUNG',
  'ERRORS SEEN BY CLIENTS',
];

export function tableOf({ rows, runs, skipped, seed, runtime, clients, machine }: Report): string {
  const told = (side: 'gateway' | 'haproxy') =>
    runs.reduce((sum, { verdicts }) => sum + (verdicts[side]?.acknowledged ?? 0), 0);
  const troubles = runs.flatMap(({ manager, trouble }) =>
    trouble === undefined ? [] : `${manager}: ${trouble.split('\n')[0]}`
  );
  return [
    ...align([heading, ...rows.map(cellsOf)]),
    '',
    `Gaps are seconds without any write done; "after promotion" is from the new primary's log to the first write on it.`,
    `${clients} clients on each side; acknowledged writes: ${told('gateway')} through the gateway, ` +
    `${told('haproxy')} through HAProxy.`,
    `Gateway on ${runtime}, seed ${seed}, ${machine.cores} cores, load ${machine.loadBefore} to ${machine.loadAfter}.`,
    ...skipped.map((line) => `Skipped: ${line}`),
    ...troubles.map((line) => `Trouble: ${line}`),
  ].join('\n');
}

function cellsOf(row: Row): string[] {
  const errors = Object.entries(row.errors).sort(([, a], [, b]) => b - a).map(([kind, count]) =>
    `${count} ${kind}`
  );
  return [
    row.manager,
    row.fault,
    row.side,
    String(row.count),
    seconds(row.gapP50Ms),
    seconds(row.gapMaxMs),
    row.afterPromotionP50Ms === undefined ? '-' : seconds(row.afterPromotionP50Ms),
    String(row.lost),
    String(row.doubles),
    String(row.hung),
    errors.length === 0 ? 'none' : errors.join(', '),
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

/** The last column is left as it is. */
function align(lines: readonly (readonly string[])[]): string[] {
  const widths = heading.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines.map((line) => line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ').trimEnd());
}
