/** What listens already when a gateway starts: sockets of systemd, or of the gateway whose place it takes. */
import { existsSync } from 'node:fs';
import type { Passed } from '../admin/commands.ts';
import { isAnswering } from '../admin/control-socket.ts';
import type { Config } from '../config/config.ts';
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
    return {
      sockets: {
        primary: await thoseAt(config.listen, passed.slice(0, primary)),
        standby: await thoseAt({ ...config.listen, port: config.standbyPort }, passed.slice(primary)),
      },
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

/** The others stay with the gateway that runs: this one is to listen elsewhere. */
async function thoseAt(
  { host, port }: { readonly host: string; readonly port: number | undefined },
  descriptors: readonly number[],
): Promise<readonly number[]> {
  const wanted = await numeric(host);
  const isWanted = (descriptor: number): boolean => {
    const bound = addressBehind(descriptor);
    return bound !== undefined && 'port' in bound && bound.host === wanted &&
      (port === 0 || bound.port === port);
  };
  closeDescriptors(descriptors.filter((one) => !isWanted(one)));
  return descriptors.filter(isWanted);
}
