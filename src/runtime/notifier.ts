/** The means to tell systemd something: sd_notify(3). By FFI where there is one, by the program systemd-notify on Node. */
import { spawn } from 'node:child_process';
import { monotonicMicroseconds, sendDatagram } from './linux/datagram.ts';

export interface Notifier {
  /** Lines of NAME=value. `failed` is called with why, if it could not be sent. */
  send(lines: readonly string[], failed: (why: string) => void): void;
  /** How long it should rest between two messages that are not urgent: a process for each is no small thing. */
  readonly restMs: number;
  monotonicMicroseconds(): bigint;
}

export function openNotifier(socket: string): Notifier {
  if (!('Bun' in globalThis) && !('Deno' in globalThis)) return programNotifier;
  return {
    restMs: 0,
    monotonicMicroseconds,
    send: (lines, failed) => {
      try {
        sendDatagram(socket, lines.join('\n'));
      } catch (error) {
        failed(error instanceof Error ? error.message : String(error));
      }
    },
  };
}

/** It finds the socket in its environment. systemd takes its word only with NotifyAccess=all. */
const programNotifier: Notifier = {
  restMs: 10_000,
  // Node's clock is the kernel's.
  monotonicMicroseconds: () => process.hrtime.bigint() / 1_000n,
  send: (lines, failed) => {
    const child = spawn('systemd-notify', lines, { stdio: 'ignore' });
    child.once('error', ({ message }) => failed(message));
    child.once('exit', (code) => code !== 0 && failed(`systemd-notify ended with ${code}`));
  },
};
