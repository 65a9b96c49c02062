/** A status as it comes from a gateway, or from what is taken for one. */
import type { Status } from '../../admin/status.ts';
import { messageOf, StartError } from '../../errors.ts';

/** `text` is what came from `where`. Throws StartError where it is no gateway's. */
export function statusIn(text: string, where: string): Status {
  try {
    return checked(JSON.parse(text), where);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw stranger(where);
  }
}

/** The same of JSON that is read already. */
export function checked(value: unknown, where: string): Status {
  const status = value as Partial<Status> | null | undefined;
  if (typeof status?.route?.epoch === 'number' && Array.isArray(status.candidates)) return status as Status;
  throw stranger(where);
}

/**
 * What `tell` makes of it. A gateway of another version has fields that we do not know, or lacks some: what cannot be told
 * then is a StartError, which says so.
 */
export function told<T>(status: Status, where: string, tell: (status: Status) => T): T {
  try {
    return tell(status);
  } catch (error) {
    throw new StartError(
      `the status that ${where} tells has another form than this version knows (${
        messageOf(error)
      }): ask with the ` +
        'pg_gateway of the version that runs there, or with --json.',
    );
  }
}

function stranger(where: string): StartError {
  return new StartError(
    `what answers at ${where} is not a pg_gateway: name the control socket, or the metrics port, of one.`,
  );
}
