/** The end of the demo, which comes once, whatever brings it, and which nothing can hold up. */

/** As a shell counts them: 128 and the number of the signal. */
export const signalCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
export const codeOfHangup = signalCodes.SIGHUP;
const codeOfBrokenPipe = 141;

/** After this time the process ends in any case; then the watchdog of the workspace ends what is left. */
const patienceMs = 10_000;

export class Ending {
  #work: () => Promise<void>;
  #isOver = false;

  /** `work` is what there is to do at the end: to give back the terminal, to stop everything. */
  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** For who has nothing to do but to wait for the end of the process. */
  readonly never: Promise<never> = new Promise(() => {});

  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * From now on signals end the demo, and so does an output that nobody reads any more: a pipe whose reader has left (EPIPE),
   * a terminal that was closed (EIO). Whoever listens to 'error' also keeps it from being thrown in the middle of the end.
   */
  watch(): void {
    for (const [name, code] of Object.entries(signalCodes)) {
      process.on(name as keyof typeof signalCodes, () => this.end(code));
    }
    for (const output of [process.stdout, process.stderr]) {
      output.on('error', () => this.end(codeOfBrokenPipe));
    }
    for (const name of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(name, (error: unknown) => {
        // While everything is being stopped, whatever was being done fails; that is no news.
        if (this.#isOver) return;
        process.stderr.write(`pg_gateway: ${error instanceof Error ? error.stack : error}\n`);
        this.end(1);
      });
    }
  }

  /** Ends the process with `code`, soon. The first call counts. */
  end(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    setTimeout(() => process.exit(code), patienceMs);
    this.#work().catch((error: unknown) => {
      process.stderr.write(`pg_gateway: ${error instanceof Error ? error.message : error}\n`);
    }).finally(() => process.exit(code));
  }
}
