/** A view that is drawn anew each second, until Ctrl-C or its reader has left. */
import { deferred } from '../../deferred.ts';
import { print } from '../print.ts';
import { fit } from './beside.ts';

const everyMs = 1_000;

/** Another screen, no cursor; and back again (xterm's private modes 1049 and 25). */
const enter = '\x1b[?1049h\x1b[?25l';
const leave = '\x1b[?25h\x1b[?1049l';

/** Without a terminal the frames follow one another. `frame` is told how wide it may be. */
export async function live(
  frame: (columns: number | undefined) => Promise<readonly string[]>,
): Promise<void> {
  const { promise: asked, resolve: end } = deferred<void>();
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  void asked.then(() => isOver = true);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => end());
  const isTerminal = process.stdout.isTTY === true;
  if (isTerminal) print(enter, '');
  try {
    while (!isOver) {
      const next = await Promise.race([frame(isTerminal ? widthOf() : undefined), asked]);
      if (next === undefined) return;
      if (!(isTerminal ? draw(next) : print(`${next.join('\n')}\n`))) return;
      await Promise.race([new Promise((resolve) => timer = setTimeout(resolve, everyMs)), asked]);
    }
  } finally {
    clearTimeout(timer);
    if (isTerminal) print(leave, '');
  }
}

/** Over the last frame, in one write and without clearing first, so that nothing flickers. */
function draw(lines: readonly string[]): boolean {
  const rows = (process.stdout.rows || 24) - 1;
  const body = lines.slice(0, rows).map((line) => `${fit(line, widthOf())}\x1b[K\r\n`).join('');
  return print(`\x1b[H${body}\x1b[J`, '');
}

function widthOf(): number {
  return process.stdout.columns || 80;
}
