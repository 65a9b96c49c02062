/** Blocks of lines in a terminal: side by side where there is room, one below the other where not. Pure. */

const gap = 4;

/** The least that a block may be cut to: with less, what matters of it is not seen any more. */
const leastWidth = 72;

/** `columns`: undefined where the width is without a limit and nobody looks at it. */
export function beside(
  blocks: readonly (readonly string[])[],
  columns: number | undefined,
): readonly string[] {
  const widths = blocks.map((lines) => Math.max(0, ...lines.map(lengthOf)));
  const share = columns === undefined ? 0 : Math.floor((columns + gap) / blocks.length) - gap;
  if (blocks.length < 2 || share < Math.min(leastWidth, Math.max(...widths))) {
    return blocks.flatMap((lines, index) => index === 0 ? lines : ['', ...lines]);
  }
  const height = Math.max(...blocks.map(({ length }) => length));
  return Array.from({ length: height }, (_, at) =>
    blocks.map((lines, index) => {
      const line = fit(lines[at] ?? '', share);
      return line.padEnd(line.length + Math.min(share, widths[index]!) - lengthOf(line) + gap);
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
