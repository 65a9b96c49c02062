/**
 * `/status` of a running gateway, for commands that only ask: from its metrics port, as `explain` does; or, where it has none,
 * or a flag says which control socket, from there.
 */
import type { ArgsDef, ParsedArgs } from 'citty';
import type { Status } from '../admin/status.ts';
import { metricsOf, metricsSettings, settingArgs } from './args.ts';
import { ask as askSocket, gatewayArgs } from './ask.ts';
import { ask as askPort, read, statusUrl, urlArgs } from './explain/explain.ts';

export const runningArgs: ArgsDef = { ...settingArgs(metricsSettings), ...gatewayArgs, ...urlArgs };

const noPort = { address: undefined, token: undefined };

/** Rejects with ConfigError where it is not clear which gateway is meant, with StartError where it does not answer. */
export async function runningStatus({ url, ...args }: ParsedArgs): Promise<Status> {
  const isSocketMeant = args['control-socket'] !== undefined || args['listen-port'] !== undefined;
  const { address, token } = isSocketMeant ? noPort : metricsOf(args);
  if (url === undefined && (address === undefined || address.port === 0)) return askSocket(args, 'status');
  const where = statusUrl(url, address);
  return read(await askPort(where, token?.()), where);
}
