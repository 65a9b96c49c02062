/** Lines of styled text that fit a terminal: clipping, wrapping, and what is left out where rows are few. Pure. */

/** Wraps text in an ANSI style, or not where NO_COLOR asks for none. */
export type Paint = (style: Style, text: string) => string;
export type Style = keyof typeof styles;

const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36, inverse: 7 } as const;

export const colours: Paint = (style, text) => `\x1b[${styles[style]}m${text}\x1b[0m`;
export const plain: Paint = (_, text) => text;

/** Text, and text with a style: apart, so that what is seen can be measured. */
export type Span = string | readonly [Style, string];
export type Line = readonly Span[];

/** Lines that stay or go together. */
export interface Block {
  readonly lines: readonly Line[];
  /** Where there is no room for all, the block with the lowest rank goes first. */
  readonly rank: number;
}

const textOf = (span: Span): string => typeof span === 'string' ? span : span[1];

export function widthOf(line: Line): number {
  return line.reduce((width, span) => width + [...textOf(span)].length, 0);
}

/**
 * Paints a line of exactly `columns`, so that it covers what was there before; what is cut off ends in an ellipsis. To erase
 * the rest of a line after its last column would erase that column.
 */
export function fit(line: Line, columns: number, paint: Paint): string {
  const isCut = widthOf(line) > columns;
  let room = isCut ? columns - 1 : columns;
  const parts = line.map((span) => {
    const part = [...printable(textOf(span))].slice(0, room).join('');
    room -= [...part].length;
    return typeof span === 'string' || part === '' ? part : paint(span[0], part);
  });
  return parts.join('') + (isCut ? '…' : ' '.repeat(room));
}

/** Breaks text between words into lines of at most `columns`; a longer word is left to be cut. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

/** As many items on each line as fit, with three blanks between. */
export function flow(items: readonly Line[], columns: number): Line[] {
  const lines: Line[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    const longer = last && [...last, '   ', ...item];
    if (longer && widthOf(longer) <= columns) lines[lines.length - 1] = longer;
    else lines.push([' ', ...item]);
  }
  return lines;
}

/** The blocks that have room in `rows`, in their order. */
export function keep(blocks: readonly Block[], rows: number): Block[] {
  let kept = [...blocks];
  while (heightOf(kept) > rows) {
    const lowest = Math.min(...kept.map(({ rank }) => rank));
    // The last of equals first.
    const index = kept.findLastIndex(({ rank }) => rank === lowest);
    kept = kept.filter((_, at) => at !== index);
  }
  return kept;
}

export function heightOf(blocks: readonly Block[]): number {
  return blocks.reduce((height, { lines }) => height + lines.length, 0);
}

/**
 * Servers say what they like: a terminal obeys control characters, and draws some characters two columns wide, or none. One
 * code point in, one column out.
 */
function printable(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/[\p{M}\p{Cf}\p{Co}\p{Cs}\p{Emoji_Presentation}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3]/gu, '?')
    .replace(/[\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|[\u{10000}-\u{10ffff}]/gu, '?');
}
