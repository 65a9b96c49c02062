/** When the queue of a listener is empty, on event loops that do not tell: no client came out of it for a while. */

/** The loop asks the kernel at least once between two looks. */
const lookMs = 5;
const quietLooks = 2;

/** Clients that go on coming must not keep a listener open. */
const mostLooks = 40;

/** `accepted` is how many clients the listener has handed out. */
export function onceQuiet(accepted: () => number, done: () => void): void {
  let [count, quiet, looks] = [accepted(), 0, 0];
  const look = (): void => {
    quiet = accepted() === count ? quiet + 1 : 0;
    count = accepted();
    if (quiet === quietLooks || ++looks === mostLooks) done();
    else setTimeout(look, lookMs);
  };
  setTimeout(look, lookMs);
}
