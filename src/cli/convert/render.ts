/** What `convert` prints: a file for CONFIG_FILE, each setting below the lines that it is from. Pure. */
import { groupBy } from '../../cluster/group-by.ts';
import { oneLine } from '../../protocol/printable.ts';
import type { Gateway } from './gateways.ts';
import type { LeftOut } from './proxies.ts';
import type { Remark } from './remarks.ts';
import type { SettingLine } from './setting-line.ts';

const width = 110;

/** `file` is the name of the haproxy.cfg, for the comments. */
export function render(gateway: Gateway, file: string): string {
  const { name, places, settings, remarks } = gateway;
  const first = remarks.filter(({ isFirst }) => isFirst);
  const rest = remarks.filter(({ isFirst }) => !isFirst);
  const plain = settings.filter(({ isProposal }) => !isProposal);
  const proposals = settings.filter(({ isProposal }) => isProposal);
  return [
    ...comment(`Settings of pg_gateway, for CONFIG_FILE: gateway ${name}, made of ${file}.`),
    ...places.flatMap(({ title, line, why }) => comment(`${file}:${line}: ${title} is for ${why}.`, '  ')),
    ...plain.flatMap((line) => ['', ...above(line, file), `${line.name}=${line.value}`]),
    '',
    ...comment('Yours to decide: take the # away where a line is right, and change it where it is not.'),
    ...proposals.flatMap((line) => ['#', ...above(line, file), `#${line.name}=${line.value}`]),
    ...list('See to these before clients move:', first, file),
    ...list('What has no counterpart here, or needs none:', rest, file),
  ].join('\n');
}

/** `above` the setting: its lines in the haproxy.cfg, and why. */
function above({ lines, why }: SettingLine, file: string): string[] {
  return comment(lines.length === 0 ? why : `${place(file, lines)}: ${why}`);
}

function list(title: string, remarks: readonly Remark[], file: string): string[] {
  if (remarks.length === 0) return [];
  return [
    '',
    ...comment(title),
    ...remarks.flatMap(({ lines, what, why }) => comment(`${place(file, lines)}: ${what}: ${why}.`, '  ')),
  ];
}

/** The places that were not converted, a line for each reason. */
export function renderLeftOut(leftOut: readonly LeftOut[], file: string): string[] {
  const groups = groupBy(leftOut, ({ why }) => why);
  return [...groups].map(([why, group]) => {
    const titles = group.slice(0, 8).map(({ title, line }) => `${title} (line ${line})`).join(', ');
    const more = group.length > 8 ? ` and ${group.length - 8} more` : '';
    return oneLine(`${file}: left out: ${titles}${more}: ${why}.`);
  });
}

/** `haproxy.cfg:12, 13, 20`; of many the first few. */
function place(file: string, lines: readonly number[]): string {
  const few = [...new Set(lines)].slice(0, 8);
  return `${file}:${few.join(', ')}${few.length < new Set(lines).size ? ', ...' : ''}`;
}

/** Wrapped, so that nothing of the haproxy.cfg can end the comment. */
function comment(text: string, indent = ''): string[] {
  const lines: string[] = [];
  let line = `#${indent}`;
  for (const word of oneLine(text).split(' ').filter((word) => word !== '')) {
    if (line.length + word.length >= width && line.trim() !== '#') {
      lines.push(line);
      line = `#${indent}  `;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
