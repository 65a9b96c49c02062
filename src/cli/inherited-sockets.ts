/** What listens already when a gateway starts: sockets of systemd, or of the gateway whose place it takes. */
import { existsSync } from 'node:fs';
import type { Passed } from '../admin/commands.ts';
import { isAnswering } from '../admin/control-socket.ts';
import type { Config } from '../config/config.ts';
import type { Bound, Port } from '../contract/messages.ts';
import { ownControlSocket } from '../config/control-places.ts';
import { activatedSockets } from '../config/socket-activation.ts';
import { messageOf, StartError } from '../errors.ts';
import type { Inherited } from '../gateway.ts';
import { numeric } from '../part-settings.ts';
import {
  addressBehind,
  closeDescriptors,
  type DescriptorReceiver,
  receiveDescriptors,
} from '../runtime/linux/descriptors.ts';
import { isFolder } from '../runtime/addresses.ts';
import type { Address } from '../runtime/runtime.ts';
import { askAt } from './ask.ts';

/** Undefined: nothing, it binds its ports itself. Rejects with StartError. */
export async function inheritedSockets(config: Config): Promise<Inherited | undefined> {
  const sockets = activatedSockets(process.env, process.pid);
  if (sockets !== undefined) return { sockets };
  return config.takeover ? await takeOver(config) : undefined;
}

async function takeOver(config: Config): Promise<Inherited | undefined> {
  const path = controlPath(config);
  // The first start.
  if (!existsSync(path) || !await isAnswering(path)) return undefined;
  const receiver = openReceiver(`${path}.takeover.${process.pid}`);
  try {
    const { primary, standby } = await askAt<Passed>(path, 'takeover', { socket: receiver.path });
    const passed = receiver.receive();
    if (passed.length !== primary + standby) {
      throw new StartError(
        `TAKEOVER: ${passed.length} of ${
          primary + standby
        } ports came: raise the limit of open files (ulimit -n).`,
      );
    }
    const [forPrimary, forStandby] = await Promise.all([
      wantedAt('primary', config.listen, config.listen.port, passed.slice(0, primary)),
      wantedAt('standby', config.listen, config.standbyPort, passed.slice(primary)),
    ]);
    return {
      sockets: { primary: forPrimary.sockets, standby: forStandby.sockets },
      bound: [...forPrimary.bound, ...forStandby.bound],
      // One that has died meanwhile needs not be told.
      serves: () => askAt(path, 'taken-over').then(() => {}, () => {}),
    };
  } finally {
    receiver.close();
  }
}

function controlPath({ controlSocket, listen }: Config): string {
  if (controlSocket === 'off') {
    throw new StartError(
      'TAKEOVER=on finds the gateway that runs by its control socket: set CONTROL_SOCKET to a path.',
    );
  }
  try {
    return controlSocket ?? ownControlSocket(listen.port);
  } catch (error) {
    throw new StartError(`TAKEOVER=on needs a control socket: ${messageOf(error)}. Set CONTROL_SOCKET.`);
  }
}

function openReceiver(path: string): DescriptorReceiver & { readonly path: string } {
  try {
    return { ...receiveDescriptors(path), path };
  } catch (error) {
    throw new StartError(
      `TAKEOVER=on cannot be had: ${messageOf(error)}. It needs Linux with Bun, Deno or the executable. ` +
        'Elsewhere stop the gateway that runs first, or let systemd hold the ports (socket activation).',
    );
  }
}

/** Those at addresses of this gateway. The others stay with the one that runs: this one is to listen elsewhere. */
async function wantedAt(
  port: Port,
  { host, alsoOn }: Config['listen'],
  number: number | undefined,
  descriptors: readonly number[],
): Promise<{ readonly sockets: readonly number[]; readonly bound: readonly Bound[] }> {
  const hosts = await Promise.all([host, ...alsoOn.filter((one) => !isFolder(one))].map(numeric));
  const addressOf = (descriptor: number): Address | undefined => {
    const bound = addressBehind(descriptor);
    const isWanted = bound !== undefined && 'port' in bound && hosts.includes(bound.host) &&
      (number === 0 || bound.port === number);
    return isWanted ? bound : undefined;
  };
  const sockets = descriptors.filter((one) => addressOf(one) !== undefined);
  closeDescriptors(descriptors.filter((one) => !sockets.includes(one)));
  return { sockets, bound: sockets.map((one) => ({ port, address: addressOf(one)! })) };
}
