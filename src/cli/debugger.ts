/** Deno (2.9.2 and later) opens its debugger on SIGUSR1 whoever else listens for it: whoever reaches the port runs code here. */
import * as inspector from 'node:inspector';

const [lookMs, lookTimes] = [50, 40] as const;

/** Whether somebody wanted one when the program was started (`--inspect`). */
const isWanted = inspector.url() !== undefined;

/** Closes the debugger that a signal of just now opens, at once or soon after. */
export function closeDebugger(): void {
  if (isWanted) return;
  let looks = 0;
  const timer = setInterval(() => {
    if (inspector.url() !== undefined) inspector.close();
    if (++looks === lookTimes) clearInterval(timer);
  }, lookMs);
}
