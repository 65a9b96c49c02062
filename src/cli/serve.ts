/** `pg_gateway [serve] [<listen_addr> <listen_port>]`: runs the gateway until it is told to stop. */
import { defineCommand } from 'citty';
import { Gateway } from '../gateway.ts';
import { type Log, openLog } from '../log.ts';
import { settingNames } from '../config/settings.ts';
import { addressText } from '../runtime/addresses.ts';
import { version } from '../version.ts';
import { configOf, settingArgs } from './args.ts';
import { inheritedSockets } from './inherited-sockets.ts';
import { ServiceManager } from './service-manager.ts';
import { Signals } from './signals.ts';

export const serve = defineCommand({
  meta: { name: 'serve', description: 'Run the gateway: [<listen_addr> <listen_port>]. The default.' },
  args: settingArgs(settingNames),
  async run({ args }) {
    const readConfig = () => configOf(args, ['LISTEN_HOST', 'LISTEN_PORT']);
    const config = readConfig();
    const { log, setLevel } = openLog(config.log);
    // What comes of it is in the log.
    const signals = new Signals(log, () => void gateway.reload().catch(() => {}));
    const service = new ServiceManager(log);
    const gateway = new Gateway(config, {
      log,
      setLevel,
      readConfig,
      drainAsked: (why) => signals.add(why),
      inherited: await inheritedSockets(config),
      watcher: service,
    });
    const { listening, metrics, control } = await gateway.start();
    log('listening', {
      address: addressText(listening.address),
      also: config.listen.alsoOn.join(',') || undefined,
      replicas: listening.standby && addressText(listening.standby),
      metrics: metrics === undefined ? 'off' : addressText(metrics),
      control: control ?? 'off',
      candidates: config.candidates.map(({ name }) => name).join(','),
      workers: config.workers,
      version,
    });
    lastResort(gateway);
    service.ready();
    await end(gateway, log, signals, service);
  },
});

/**
 * For what is thrown where nobody has thought of it. All runtimes would end the process by default, and with it all sessions;
 * those are in other threads, which know nothing of it. Before it listens, that is the right end.
 */
function lastResort({ faults }: Gateway): void {
  for (const name of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(name, (error) => faults.note(name, error));
  }
}

/** Drains after the first signal, stops after the deadline or the one that asks for that, and the second ends all now. */
async function end(
  gateway: Gateway,
  log: Log,
  signals: Signals,
  service: ServiceManager,
): Promise<void> {
  const signal = await signals.next();
  service.stopping(gateway.active);
  const { ms } = gateway.drainTimes;
  const drainMs = signal === 'SIGQUIT' ? 0 : ms;
  const acceptMs = signal === 'SIGQUIT' || signal === 'takeover' ? 0 : gateway.drainTimes.acceptMs;
  const sessions = gateway.active;
  if (acceptMs > 0 || (sessions > 0 && drainMs > 0)) log('draining', { signal, sessions, acceptMs, drainMs });
  await Promise.race([gateway.drain({ acceptMs, ms: drainMs }), signals.next()]);
  const ended = gateway.active;
  await Promise.race([gateway.stop(), signals.next()]);
  log('stopped', { signal, sessionsEnded: ended });
  // A socket that the other side never closes must not keep the process.
  process.exit(0);
}
