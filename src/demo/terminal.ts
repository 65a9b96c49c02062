/** The terminal: keys one by one, frames drawn in place, and everything as it was at the end. */

const enter = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const leave = '\x1b[?7h\x1b[?25h\x1b[?1049l';

export class Terminal {
  /** Whether it is ours now. */
  isOpen = false;

  /**
   * Takes the terminal over. `onKey` gets one character at a time; Ctrl-C comes as `\x03`. `onGone` is called when no key can
   * come any more, because the window was closed or the connection to it broke.
   */
  open(onKey: (key: string) => void, onGone: () => void): void {
    this.isOpen = true;
    for (const name of ['end', 'close', 'error'] as const) process.stdin.on(name, onGone);
    process.stdin.setRawMode(true);
    process.stdin.setEncoding('utf8');
    process.stdin.on('data', (text) => {
      // An arrow or a function key is one escape sequence, and no letter of it is meant.
      if (!String(text).startsWith('\x1b')) { for (const key of String(text)) onKey(key); }
    });
    process.stdin.resume();
    process.stdout.write(enter);
  }

  get rows(): number {
    return process.stdout.rows || 24;
  }

  get columns(): number {
    return process.stdout.columns || 80;
  }

  /** Draws lines of full width over the last frame, in one write and without clearing first, so that nothing flickers. */
  draw(lines: readonly string[]): void {
    if (!this.isOpen) return;
    const body = lines.slice(0, this.rows).join('\r\n');
    // From the next line on: the cursor stays on the last column, which would be erased, too.
    const rest = lines.length < this.rows ? '\r\n\x1b[J' : '';
    process.stdout.write(`\x1b[?2026h\x1b[H${body}${rest}\x1b[?2026l`);
  }

  /** Gives the terminal back. Also called when it was never taken, and when it is no longer there. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    process.stdout.write(leave);
    // Of a terminal that has gone Bun says so by an 'error' of stdin, Node by throwing.
    try {
      process.stdin.setRawMode(false);
    } catch {
      // Then there is nothing to restore.
    }
    process.stdin.pause();
  }
}
