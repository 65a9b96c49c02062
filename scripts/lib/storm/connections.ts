/** How many connections a server got, by its log with `log_connections` and `log_disconnections`. Pure. */

export interface Connections {
  /** Backends that were started. */
  readonly started: number;
  /** The most of them that were there at the same time. */
  readonly atOnce: number;
}

/** Lines begin with `%m [%p] `. A backend that lets nobody in says FATAL and nothing of its end. */
export function connectionsIn(log: string): Connections {
  const open = new Set<string>();
  let [started, atOnce] = [0, 0];
  for (const [, pid = '', text = ''] of log.matchAll(/^\S+ \S+ \S+ \[(\d+)\] (.*)$/gm)) {
    if (text.startsWith('LOG:  connection received')) {
      open.add(pid);
      started += 1;
      atOnce = Math.max(atOnce, open.size);
    } else if (/^(?:LOG: {2}disconnection|FATAL)/.test(text)) open.delete(pid);
  }
  return { started, atOnce };
}
