import { startupMessage } from '../../bench/protocol.ts';
import type { Attack } from '../attack.ts';

/** Of so many one is a session, which costs the server a process for as long as it is believed to be there. */
const sessionEvery = 40;
/** A login is through after so many steps, wherever it can be. */
const loginSteps = 200;

/**
 * Machines that lose their power: in the middle of the first packet, while the server answers the login, and when they are
 * logged in. A third of the sessions stays behind with bytes that nobody acknowledges, for which TCP tries a quarter
 * of an hour and keep-alive does nothing.
 */
export const halfOpen: Attack = {
  name: 'half-open',
  what:
    'clients that vanish without FIN or reset, most in their first packet, one in 40 in or after its login',
  surface: 'clients',
  perSecond: 400,
  settings: { IDLE_TIMEOUT_MS: '10s' },
  shortSettings: { IDLE_TIMEOUT_MS: '1s' },
  vanishes: true,
  begin: (sockets) => {
    const whole = startupMessage();
    const part = whole.subarray(0, 9);
    const loggingIn: { readonly fd: number; readonly since: number }[] = [];
    let step = 0;
    return () => {
      step++;
      const [oldest] = loggingIn;
      if (oldest !== undefined && step - oldest.since >= loginSteps) {
        loggingIn.shift();
        while (sockets.receive(oldest.fd) > 0);
        sockets.reset(oldest.fd);
      }
      const fd = sockets.open();
      if (fd < 0) return;
      const isSession = step % sessionEvery === 0;
      sockets.send(fd, isSession ? whole : part);
      const isPatient = isSession && step % (3 * sessionEvery) !== 0;
      if (isPatient) loggingIn.push({ fd, since: step });
      else sockets.reset(fd);
    };
  },
};
