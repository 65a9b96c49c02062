/** Blocks of lines in a terminal: side by side where there is room, one below the other where not. Pure. */

const gap = 4;

/** `columns`: undefined where the width is without a limit and nobody looks at it. */
export function beside(
  blocks: readonly (readonly string[])[],
  columns: number | undefined,
): readonly string[] {
  const widths = blocks.map((lines) => Math.max(0, ...lines.map(lengthOf)));
  const width = widths.reduce((sum, one) => sum + one, 0) + gap * (blocks.length - 1);
  if (columns === undefined || width > columns) {
    return blocks.flatMap((lines, index) => index === 0 ? lines : ['', ...lines]);
  }
  const height = Math.max(0, ...blocks.map(({ length }) => length));
  return Array.from({ length: height }, (_, at) =>
    blocks.map((lines, index) => {
      const line = lines[at] ?? '';
      return `${line}${' '.repeat(widths[index]! - lengthOf(line) + gap)}`;
    }).join('').trimEnd());
}

/** Cut to the width of the terminal: a line that is wrapped would push the last ones out. */
export function fit(line: string, columns: number): string {
  const letters = [...line];
  return letters.length <= columns ? line : `${letters.slice(0, Math.max(0, columns - 3)).join('')}...`;
}

function lengthOf(line: string): number {
  return [...line].length;
}
