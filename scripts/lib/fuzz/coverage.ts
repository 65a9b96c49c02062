/** Which lines of the sources the inputs have reached, by V8's own counts. */
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '../../..');

export interface Coverage {
  readonly file: string;
  readonly lines: number;
  readonly reached: number;
  /** The lines that were not, as ranges. */
  readonly missed: string;
}

export interface Counting {
  of(files: readonly string[]): Promise<readonly Coverage[]>;
}

/** To be called before the sources are loaded. */
export async function startCounting(): Promise<Counting> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return {
    of: async (files) => {
      const { result } = await session.post('Profiler.takePreciseCoverage');
      return files.map((file) => {
        const url = pathToFileURL(join(root, file)).href;
        const functions = result.find((script) => script.url === url)?.functions ?? [];
        // Outer ranges come first, inner ones correct them.
        const ranges = functions.flatMap(({ ranges }) => ranges);
        return coverageOf(file, readFileSync(join(root, file), 'utf8'), ranges);
      });
    },
  };
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** Types are blanks for V8: lines that hold nothing else, comments and closing braces do not count. */
export function coverageOf(file: string, text: string, ranges: readonly Range[]): Coverage {
  const isReached = new Uint8Array(text.length).fill(ranges.length === 0 ? 0 : 1);
  for (
    const { startOffset, endOffset, count } of ranges.toSorted((a, b) =>
      b.endOffset - b.startOffset - (a.endOffset - a.startOffset)
    )
  ) {
    isReached.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  }
  let at = 0;
  let lines = 0;
  const missed: number[] = [];
  text.split('\n').forEach((line, index) => {
    const code = line.search(/\S/);
    if (
      code >= 0 &&
      !/^\s*(?:\/?\*|\/\/|[)}\];,]*$|import |export (?:interface|type) |readonly |type )/.test(line)
    ) {
      lines += 1;
      if (isReached[at + line.trimEnd().length - 1] === 0 || isReached[at + code] === 0) {
        missed.push(index + 1);
      }
    }
    at += line.length + 1;
  });
  return { file, lines, reached: lines - missed.length, missed: rangesOf(missed) };
}

function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => from === to ? String(from) : `${from}-${to}`).join(', ');
}
