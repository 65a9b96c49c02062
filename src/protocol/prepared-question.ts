/**
 * The question in bytes of our own, for every time after the first. A driver can ask everything; this is one statement
 * several times a second, and by the driver it took a third more processor time (docs/benchmarks/probing.md).
 *
 * The messages are those of PostgreSQL's documentation, "Message Formats": Parse, Bind, Execute, Sync and DataRow.
 */
import { ProtocolError } from './message-guard.ts';

/** What to send for all of the one row, as text: the first time with the statement itself, which the server keeps. */
export interface Asking {
  readonly first: Buffer;
  readonly next: Buffer;
}

/** Under `name` in the session; the names of the driver's own statements are longer. */
export function askingFor(statement: string, name = 'again'): Asking {
  const ask = Buffer.concat([
    // The unnamed portal; no formats of parameters, no parameters, no formats of columns: all is text.
    message('B', text(''), text(name), int16(0), int16(0), int16(0)),
    // Without a limit of rows.
    message('E', text(''), int32(0)),
    message('S'),
  ]);
  return { first: Buffer.concat([message('P', text(name), text(statement), int16(0)), ask]), next: ask };
}

/** The columns of a DataRow; null is SQL's. Throws ProtocolError. */
export function readRow(body: Buffer): readonly (string | null)[] {
  const columns: (string | null)[] = [];
  const need = (at: number, length: number): number => {
    if (at + length > body.length) throw new ProtocolError('its DataRow is malformed');
    return at;
  };
  let at = 2;
  for (let left = body.readUInt16BE(need(0, 2)); left > 0; left -= 1) {
    const length = body.readInt32BE(need(at, 4));
    at += 4;
    if (length === -1) columns.push(null);
    else {
      columns.push(body.toString('utf8', need(at, Math.max(0, length)), at + length));
      at += length;
    }
  }
  return columns;
}

/** A type, the length with itself, the body. */
function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type, 'latin1'), int32(4 + body.length), body]);
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`, 'utf8');
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
