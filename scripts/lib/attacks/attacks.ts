/** Every attack there is, in the order of the table. */
import type { Attack } from './attack.ts';
import { cancels } from './kinds/cancels.ts';
import { connects } from './kinds/connects.ts';
import { controlSocket } from './kinds/control-socket.ts';
import { halfHandshake } from './kinds/half-handshake.ts';
import { halfHello } from './kinds/half-hello.ts';
import { halfOpen } from './kinds/half-open.ts';
import { loginResets } from './kinds/login-resets.ts';
import { metricsPort } from './kinds/metrics-port.ts';
import { neverRead } from './kinds/never-read.ts';
import { resets } from './kinds/resets.ts';
import { slowLoris } from './kinds/slow-loris.ts';

export const attacks: readonly Attack[] = [
  slowLoris,
  connects,
  resets,
  loginResets,
  halfOpen,
  neverRead,
  halfHello,
  halfHandshake,
  cancels,
  metricsPort,
  controlSocket,
];

/** Throws where there is none of that name. */
export function attackOf(name: string): Attack {
  const attack = attacks.find((attack) => attack.name === name);
  if (attack === undefined) throw new Error(`there is no attack "${name}"`);
  return attack;
}
