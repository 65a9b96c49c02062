/** Whether a port can be listened on, and what to say where it cannot. */
import { deferred } from '../deferred.ts';
import { StartError } from '../errors.ts';
import type { Port } from '../contract/messages.ts';
import { addressText } from '../runtime/addresses.ts';
import type { Address, Runtime } from '../runtime/runtime.ts';

/** Resolves with the address, with a free port where 0 was asked for. Rejects with StartError. */
export async function tryListen(
  runtime: Runtime,
  address: Address,
  port: Port,
  backlog: number,
): Promise<Address> {
  const { promise, resolve, reject } = deferred<Address>();
  const ignore = (): void => {};
  const handlers = { open: ignore, data: ignore, drain: ignore, end: ignore, close: ignore };
  runtime.listen(address, { noDelay: true, backlog, reusePort: false }, handlers, {
    listening: (listener) => {
      listener.close();
      resolve(listener.address);
    },
    failed: ({ code, message }) => reject(cannotListen(address, port, code, message)),
  });
  return await promise;
}

export function cannotListen(address: Address, port: Port, code: string, message: string): StartError {
  const setting = port === 'primary' ? 'LISTEN_PORT' : 'REPLICA_PORT';
  const where = addressText(address);
  if (code === 'EADDRINUSE') {
    return new StartError(
      `cannot listen on ${where}: something listens there already (EADDRINUSE), perhaps another pg_gateway. Stop it, or set ${setting} to another port.`,
    );
  }
  if (code === 'EADDRNOTAVAIL') {
    return new StartError(
      `cannot listen on ${where}: this machine has no such address (${code}). Set LISTEN_HOST.`,
    );
  }
  if (code === 'EACCES') {
    return new StartError(
      `cannot listen on ${where}: not permitted (${code}). Set ${setting} to one above 1023.`,
    );
  }
  return new StartError(`cannot listen on ${where}: ${message}. Check LISTEN_HOST and ${setting}.`);
}
