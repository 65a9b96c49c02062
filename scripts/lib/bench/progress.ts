/** One line that tells how far it is: rewritten on a terminal, now and then a new one elsewhere. */
const everyMs = 10_000;

export interface Progress {
  /** One more piece of work begins. */
  next(what: string): void;
  /** There is so much more work than it was told. */
  more(count: number): void;
  /** A line that stays. */
  note(text: string): void;
  done(): void;
}

export function showProgress(total: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  const from = performance.now();
  let count = 0;
  let shownAt = -Infinity;
  const clear = () => stream.isTTY && stream.write('\r\x1b[K');
  return {
    next(what) {
      const now = performance.now();
      const left = count === 0 ? '' : `, about ${minutes((now - from) / count * (total - count))} left`;
      const line = `${String(Math.floor(count / total * 100)).padStart(3)} %  ${what}${left}`;
      count++;
      if (stream.isTTY) stream.write(`\r\x1b[K${line.slice(0, (stream.columns ?? 80) - 1)}`);
      else if (now - shownAt >= everyMs) {
        shownAt = now;
        stream.write(`${line}\n`);
      }
    },
    more(added) {
      total += added;
    },
    note(text) {
      clear();
      stream.write(`bench: ${text}\n`);
    },
    done: () => void clear(),
  };
}

function minutes(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
