/** Records as Markdown, and their place in docs/compatibility.md. Pure. */
import { type CellName, cellNames, type Outcome } from './cells.ts';
import { faultNames } from './faults.ts';
import { type Entry, isProgram, isSuite, major, type ProgramRecord, type SuiteRecord } from './records.ts';

const begin = '<!-- made by scripts/compat: begin -->';
const end = '<!-- made by scripts/compat: end -->';

/** Replaces what is between the markers of `page`. Throws where it has none. */
export function withTables(page: string, records: readonly Entry[]): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error('docs/compatibility.md has lost the markers of its made part');
  return `${page.slice(0, from)}${begin}\n\n${tables(records)}\n\n${page.slice(to)}`;
}

export function tables(records: readonly Entry[]): string {
  const programs = byProgram(records.filter(isProgram));
  const suites = records.filter(isSuite);
  const provenance = [
    ...new Set(records.map(({ gateway, system }) => `pg_gateway ${gateway} on ${system}`)),
  ].join('; ');
  return [
    `${provenance}.`,
    ...(programs.length === 0 ? [] : [
      '### Before each PostgreSQL',
      versionTable(programs),
      '### What each does',
      cellTable(programs),
      ...failures(programs),
      ...absences(programs),
      '### What a failover looked like',
      ...failovers(programs),
    ]),
    ...(suites.length === 0
      ? []
      : ["### PostgreSQL's own suites", suiteTable(suites), ...suiteLists(suites)]),
  ].join('\n\n');
}

/** All records of one program, from the oldest server to the newest. */
type Records = readonly [ProgramRecord, ...ProgramRecord[]];

function byProgram(records: readonly ProgramRecord[]): Records[] {
  const groups = new Map<string, [ProgramRecord, ...ProgramRecord[]]>();
  for (const record of [...records].sort((a, b) => major(a) - major(b))) {
    const group = groups.get(record.program);
    if (group === undefined) groups.set(record.program, [record]);
    else group.push(record);
  }
  return [...groups.values()];
}

const ran = (records: readonly ProgramRecord[]): ProgramRecord[] =>
  records.filter(({ absent }) => absent === undefined);

function versionTable(programs: readonly Records[]): string {
  const servers = new Map(programs.flat().map((record) => [major(record), record.server]));
  const versions = [...servers].sort(([a], [b]) => a - b);
  const rows = programs.filter((records) => ran(records).length > 0).map((records) => [
    records[0].program,
    span(ran(records).map(({ version }) => version ?? '')),
    ...versions.map(([version]) => scoreText(ran(records).find((record) => major(record) === version))),
    span(ran(records).map(({ date }) => date)),
  ]);
  return table(['program', 'its version', ...versions.map(([, server]) => server), 'tried on'], rows);
}

/** How many cells passed, of those that it has. */
function scoreText(record: ProgramRecord | undefined): string {
  if (record === undefined) return '';
  const outcomes = Object.values(record.outcomes).filter(({ verdict }) => verdict !== 'none');
  const passed = outcomes.filter(({ verdict }) => verdict === 'passed').length;
  const text = `${passed} of ${outcomes.length}`;
  return outcomes.some(isGatewaysFault) ? `**${text}**` : text;
}

const isGatewaysFault = (outcome: Outcome): boolean => outcome.verdict === 'failed' && !outcome.alsoDirectly;

function cellTable(programs: readonly Records[]): string {
  const rows = programs.filter((records) => ran(records).length > 0).map((records) => [
    records[0].program,
    ...cellNames.map((name) => cellText(ran(records), name)),
  ]);
  return table(['program', ...cellNames], rows);
}

function cellText(records: readonly ProgramRecord[], name: CellName): string {
  const outcomes = records.map((record) => ({ server: major(record), outcome: record.outcomes[name] }));
  const failed = outcomes.filter(({ outcome }) => outcome?.verdict === 'failed');
  if (failed.length > 0) {
    const servers = failed.map(({ server }) => server).join(', ');
    return failed.some(({ outcome }) => outcome !== undefined && isGatewaysFault(outcome))
      ? `**failed** (${servers})`
      : `failed (${servers}), without the gateway too`;
  }
  if (outcomes.some(({ outcome }) => outcome?.verdict === 'passed')) return 'passed';
  return outcomes.some(({ outcome }) => outcome?.verdict === 'none') ? '' : 'not run';
}

function failures(programs: readonly Records[]): string[] {
  const items = programs.flatMap((records) =>
    ran(records).flatMap((record) =>
      cellNames.flatMap((name) => {
        const outcome = record.outcomes[name];
        if (outcome?.verdict !== 'failed') return [];
        const also = outcome.alsoDirectly ? ' (without the gateway, too)' : '';
        return [`${record.program}, ${name}, PostgreSQL ${record.server}${also}: ${plain(outcome.why)}`];
      })
    )
  );
  return list('What failed', items);
}

function absences(programs: readonly Records[]): string[] {
  const items = programs.flatMap((records) => {
    const reasons = new Map<string, number[]>();
    for (const record of records) {
      if (record.absent === undefined) continue;
      reasons.set(record.absent, [...reasons.get(record.absent) ?? [], major(record)]);
    }
    return [...reasons].map(([reason, servers]) =>
      `${records[0].program}, before PostgreSQL ${servers.join(', ')}: ${reason}`
    );
  });
  return list('Not to be had on that machine', items);
}

/** Of the newest server, because they all look alike. */
function failovers(programs: readonly Records[]): string[] {
  const rows = programs.flatMap((records) => {
    const newest = ran(records).at(-1);
    if (newest === undefined) return [];
    return [[newest.program, ...faultNames.map((name) => noteText(newest.outcomes[name]))]];
  });
  return [table(['program', ...faultNames], rows)];
}

function noteText(outcome: Outcome | undefined): string {
  return outcome?.verdict === 'passed' ? plain(outcome.note) : '';
}

function suiteTable(suites: readonly SuiteRecord[]): string {
  return table(
    [
      'suite',
      'server',
      'sources',
      'way',
      'tests',
      'the same',
      'unstable',
      'different',
      'unexpected',
      'tried on',
    ],
    suites.map((
      {
        suite,
        server,
        sources,
        way,
        tests,
        same,
        unstable,
        different,
        unexpected: { direct, through },
        date,
      },
    ) => [
      suite,
      server,
      sources,
      way,
      String(tests),
      String(same),
      String(unstable.length),
      different.length === 0 ? '0' : `**${different.length}**`,
      `${direct} without, ${through} through`,
      date,
    ]),
  );
}

function suiteLists(suites: readonly SuiteRecord[]): string[] {
  return suites.flatMap(({ suite, way, unstable, different }) => [
    ...list(`Unstable in ${suite}, ${way}`, unstable),
    ...list(`Different in ${suite}, ${way}`, different),
  ]);
}

/** The one value that all have, or the least and the greatest. */
function span(values: readonly string[]): string {
  const sorted = [...new Set(values)].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  return sorted.length < 2 ? sorted.join('') : `${sorted[0]} to ${sorted.at(-1)}`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What programs say is no Markdown. */
function plain(text: string): string {
  return text.replaceAll(/[\\`*_<>[\]|]/g, (sign) => `\\${sign}`);
}

function list(heading: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${heading}:\n\n${items.map((item) => `* ${item}`).join('\n')}`];
}
