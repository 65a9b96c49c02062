/** A position in the write-ahead log, in bytes. PostgreSQL writes it as two hexadecimal halves: `16/B374D848`. */
export type Lsn = bigint;

/** Reads PostgreSQL's text form. Throws on anything else: an LSN never comes from a person. */
export function parseLsn(text: string): Lsn {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (!match) throw new Error(`"${text}" is not an LSN`);
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`;
}
