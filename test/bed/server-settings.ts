/** What a server of a test cluster is told: postgresql.conf and pg_hba.conf, written as a whole each time. */

export interface ServerOptions {
  /** The password of `postgres`, asked for by SCRAM; without one everybody on loopback is trusted. */
  readonly password?: string | undefined;
  /** Sessions that each server can hold. Standbys need at least as many as their primary. */
  readonly maxConnections?: number | undefined;
  /** The folder of another PostgreSQL's programs than the one that comes with the tests. */
  readonly bin?: string | undefined;
  /** Lines of pg_hba.conf before those that every test server has. */
  readonly hba?: readonly string[] | undefined;
  /** Further lines for postgresql.conf, such as `{ log_connections: 'on' }`. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

export interface ServerPlace {
  readonly name: string;
  /** A loopback address. */
  readonly host: string;
  readonly port: number;
  readonly socketFolder: string;
  /** Paths of certificate and key, for a server that speaks TLS. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
  /** The server that this one streams from when it is a standby. */
  readonly upstream: { readonly host: string; readonly port: number } | undefined;
}

export function postgresqlConf(place: ServerPlace, options: ServerOptions): string {
  const { name, host, port, socketFolder, tls, upstream } = place;
  const settings: Record<string, string> = {
    listen_addresses: host,
    port: String(port),
    // Sockets are named after the port alone, and servers of one service share it.
    unix_socket_directories: host === '127.0.0.1' ? socketFolder : '',
    cluster_name: name,
    max_connections: String(options.maxConnections ?? 100),
    shared_buffers: '16MB',
    // Outside of /dev/shm, where a killed server would leave its files behind.
    dynamic_shared_memory_type: 'mmap',
    fsync: 'off',
    full_page_writes: 'off',
    wal_level: 'replica',
    hot_standby: 'on',
    max_wal_senders: '16',
    wal_keep_size: '512MB',
    // The default of 5 s is how long a standby otherwise sulks after it lost its primary.
    wal_retrieve_retry_interval: '50ms',
    log_line_prefix: '%m [%p] ',
    ...(tls ? { ssl: 'on', ssl_cert_file: tls.certificate, ssl_key_file: tls.key } : {}),
    ...(upstream === undefined ? {} : { primary_conninfo: conninfo(name, upstream) }),
    ...options.settings,
  };
  return Object.entries(settings).map(([key, value]) => `${key} = '${value.replaceAll("'", "''")}'\n`).join(
    '',
  );
}

function conninfo(name: string, { host, port }: NonNullable<ServerPlace['upstream']>): string {
  return `host=${host} port=${port} user=postgres application_name=${name} sslmode=disable connect_timeout=2`;
}

export function pgHbaConf(options: ServerOptions): string {
  const method = options.password === undefined ? 'trust' : 'scram-sha-256';
  return [
    ...options.hba ?? [],
    'local all all trust',
    'host replication all 127.0.0.0/8 trust',
    `host all all 127.0.0.0/8 ${method}`,
    '',
  ].join('\n');
}
