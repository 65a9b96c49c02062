/** `pg_gateway [serve] [<listen_addr> <listen_port>]`: runs the gateway until it is told to stop. */
import { defineCommand } from 'citty';
import type { Config } from '../config/config.ts';
import { Gateway } from '../gateway.ts';
import { type Log, openLog } from '../log.ts';
import { settingNames } from '../config/settings.ts';
import { addressText } from '../runtime/addresses.ts';
import { version } from '../version.ts';
import { configOf, settingArgs } from './args.ts';

export const serve = defineCommand({
  meta: { name: 'serve', description: 'Run the gateway: [<listen_addr> <listen_port>]. The default.' },
  args: settingArgs(settingNames),
  async run({ args }) {
    const config = configOf(args, ['LISTEN_HOST', 'LISTEN_PORT']);
    const log = openLog(config.log);
    const signals = catchSignals();
    const gateway = new Gateway(config, log);
    const { listening, metrics } = await gateway.start();
    log('listening', {
      address: addressText(listening.address),
      replicas: listening.standby && addressText(listening.standby),
      metrics: metrics === undefined ? 'off' : addressText(metrics),
      candidates: config.candidates.map(({ name }) => name).join(','),
      workers: config.workers,
      version,
    });
    await end(gateway, config, log, signals);
  },
});

/** Drains after the first signal, stops after the second or the deadline. */
async function end(gateway: Gateway, config: Config, log: Log, signals: Signals): Promise<void> {
  const signal = await signals.next();
  const { drainMs } = config;
  const sessions = gateway.active;
  if (sessions > 0 && drainMs > 0) {
    log('draining', {
      signal,
      sessions,
      drainMs,
    });
  }
  await Promise.race([gateway.drain(drainMs), signals.next()]);
  const ended = gateway.active;
  await gateway.stop();
  log('stopped', { signal, sessionsEnded: ended });
  // A socket that the other side never closes must not keep the process.
  process.exit(0);
}

interface Signals {
  /** Resolves with the name of the next signal to stop, or of one that came before it was asked for. */
  next(): Promise<string>;
}

function catchSignals(): Signals {
  const arrived: string[] = [];
  let wake: ((name: string) => void) | undefined;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (wake === undefined) arrived.push(name);
      else wake(name);
      wake = undefined;
    });
  }
  return {
    next: () => {
      const early = arrived.shift();
      if (early !== undefined) return Promise.resolve(early);
      return new Promise((resolve) => {
        wake = resolve;
      });
    },
  };
}
