/** Addresses as HAProxy writes them: `*:5000`, `:::5000`, `[fd00::1]:5432`, `ipv4@db1:5432`, `/run/x.sock`. Pure. */

export type Address =
  | { readonly kind: 'port'; readonly host: string; readonly port: number | undefined }
  /** A unix socket of PostgreSQL's form, `FOLDER/.s.PGSQL.PORT`. */
  | { readonly kind: 'folder'; readonly folder: string; readonly port: number };

/** A host without a port has the port undefined. A problem reads after the address in quotes. */
export function addressOf(text: string): Address | { readonly problem: string } {
  const [, family, rest = ''] = /^(?:(\w+(?:\+\w+)?)@)?(.*)$/s.exec(text) ?? [];
  if (family !== undefined && !['ipv4', 'ipv6', 'tcp', 'tcp4', 'tcp6', 'unix'].includes(family)) {
    return { problem: `is of a kind that the gateway has not (${family}@)` };
  }
  // Nothing may end the line of the result, or begin a comment in it.
  if (!/^[\w.:%*/[\]+-]*$/.test(rest)) return { problem: 'has characters in it that no address has' };
  if (rest.startsWith('/') || family === 'unix') {
    const [, folder, port] = /^(\/.+)\/\.s\.PGSQL\.([0-9]{1,5})$/.exec(rest) ?? [];
    if (folder !== undefined) return { kind: 'folder', folder, port: Number(port) };
    return { problem: 'is a unix socket without the name that libpq gives it, /FOLDER/.s.PGSQL.PORT' };
  }
  // The last colon is that of the port, also in fd00::1:5432.
  const [, host = '', port] = /^(.*?)(?::([^:\]]*))?$/s.exec(rest) ?? [];
  if (port !== undefined && /^[+-]/.test(port)) {
    return { problem: 'has a port that is reckoned from that of the client' };
  }
  if (port !== undefined && /^[0-9]+-[0-9]*$/.test(port)) return { problem: 'is a range of ports' };
  if (port !== undefined && port !== '' && !/^[0-9]{1,5}$/.test(port)) {
    return { problem: 'has no number as its port' };
  }
  return { kind: 'port', host: host.replace(/^\[(.*)\]$/s, '$1'), port: port ? Number(port) : undefined };
}
