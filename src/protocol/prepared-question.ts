/**
 * The question in bytes of our own. A driver can ask everything; this is one statement several times a second, and by a
 * driver it took a third more processor time (docs/benchmarks/probing.md).
 *
 * The messages are those of PostgreSQL's documentation, "Message Formats": Close, Parse, Bind, Execute, Sync and DataRow.
 */
import { ProtocolError } from './message-guard.ts';
import { int16, int32, message, text } from './writing.ts';

/** Asks for all of the one row, as text. */
const ask = (name: string): Buffer =>
  Buffer.concat([
    // The unnamed portal; no formats of parameters, no parameters, no formats of columns: all is text.
    message('B', text(''), text(name), int16(0), int16(0), int16(0)),
    // Without a limit of rows.
    message('E', text(''), int32(0)),
    message('S'),
  ]);

/**
 * What to send: the first time with the statement itself, which the server keeps. A pool of transactions shares a session
 * of the server among clients, and so its prepared statements: another gateway's has another name unless it is the same.
 */
export function askingFor(statement: string): { readonly first: Buffer; readonly next: Buffer } {
  const name = `pg_gateway_${hash(statement)}`;
  const forget = message('C', Buffer.from('S'), text(name));
  const next = ask(name);
  return {
    first: Buffer.concat([forget, message('P', text(name), text(statement), int16(0)), next]),
    next,
  };
}

/** FNV-1a of 32 bits, in hexadecimal. */
function hash(statement: string): string {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(statement)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value.toString(16).padStart(8, '0');
}

/** The columns of a DataRow; null is SQL's. Throws ProtocolError. */
export function readRow(body: Buffer): readonly (string | null)[] {
  const columns: (string | null)[] = [];
  const need = (at: number, length: number): number => {
    if (length < 0 || at + length > body.length) throw new ProtocolError('its DataRow is malformed');
    return at;
  };
  let at = 2;
  for (let left = body.readUInt16BE(need(0, 2)); left > 0; left -= 1) {
    const length = body.readInt32BE(need(at, 4));
    at += 4;
    if (length === -1) columns.push(null);
    else {
      columns.push(body.toString('utf8', need(at, length), at + length));
      at += length;
    }
  }
  return columns;
}
