/** Tables as Markdown, and their place in docs/compatibility.md. Pure. */
import { type CellName, cellNames, type Outcome, type Row, type Table } from './cells.ts';

const begin = '<!-- made by scripts/compat: begin -->';
const end = '<!-- made by scripts/compat: end -->';

/** What a table was made with. */
export interface Provenance {
  readonly date: string;
  readonly gateway: string;
  readonly command: string;
  readonly system: string;
}

/** Replaces what is between the markers of `page`. Throws where it has none. */
export function withTables(page: string, tables: readonly Table[], provenance: Provenance): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error('docs/compatibility.md has lost the markers of its made part');
  return `${page.slice(0, from)}${begin}\n\n${madePart(tables, provenance)}\n\n${page.slice(to)}`;
}

function madePart(tables: readonly Table[], { date, gateway, command, system }: Provenance): string {
  const heading = `On ${date}, pg_gateway ${gateway}, on ${system}, by \`${command}\`.`;
  return [heading, ...tables.map(tableText)].join('\n\n');
}

export function tableText({ server, rows }: Table): string {
  const here = rows.filter(({ absent }) => absent === undefined);
  const heads = ['program', 'version', ...cellNames];
  const lines = here.map((
    row,
  ) => [row.program, row.version ?? '', ...cellNames.map((name) => cellText(row.outcomes[name]))]);
  const table = [heads, heads.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
  return [
    `### PostgreSQL ${server}`,
    table,
    ...list('What failed', here.flatMap((row) => failures(row))),
    ...list('What a failover looked like', here.flatMap((row) => notes(row, 'failover'))),
    ...list(
      'Not to be had on that machine',
      rows.flatMap(({ program, absent }) => absent === undefined ? [] : [`${program}: ${absent}`]),
    ),
  ].join('\n\n');
}

function cellText(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'not run';
  if (outcome.verdict === 'none') return '';
  if (outcome.verdict === 'passed') return 'passed';
  return outcome.alsoDirectly ? 'failed, without the gateway too' : '**failed**';
}

function failures({ program, outcomes }: Row): string[] {
  return cellNames.flatMap((name) => {
    const outcome = outcomes[name];
    return outcome?.verdict === 'failed' ? [`${program}, ${name}: ${plain(outcome.why)}`] : [];
  });
}

function notes({ program, outcomes }: Row, name: CellName): string[] {
  const outcome = outcomes[name];
  return outcome?.verdict === 'passed' && outcome.note !== '' ? [`${program}: ${plain(outcome.note)}`] : [];
}

/** What programs say is no Markdown. */
function plain(text: string): string {
  return text.replaceAll(/[\\`*_<>[\]|]/g, (sign) => `\\${sign}`);
}

function list(heading: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${heading}:\n\n${items.map((item) => `* ${item}`).join('\n')}`];
}
