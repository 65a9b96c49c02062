/** What a server is told: postgresql.conf and pg_hba.conf, written as a whole each time. */

export interface ServerPlace {
  readonly name: string;
  /** A loopback address. */
  readonly host: string;
  readonly port: number;
  /** Everything of this server lives in it. */
  readonly folder: string;
  readonly socketFolder: string;
}

/** What may differ from server to server. */
export interface ServerOptions {
  /** Further lines for postgresql.conf, such as `{ log_connections: 'on' }`. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Lines of pg_hba.conf before the one that trusts everybody on loopback. */
  readonly hba?: readonly string[] | undefined;
}

/** `upstream`: the server that this one streams from when it is a standby. */
export function postgresqlConf(
  { name, host, port, socketFolder }: ServerPlace,
  upstream: { readonly host: string; readonly port: number } | undefined,
  options: ServerOptions,
): string {
  const settings: Record<string, string> = {
    listen_addresses: host,
    port: String(port),
    // Sockets are named after the port alone, and servers of one service share it.
    unix_socket_directories: host === '127.0.0.1' ? socketFolder : '',
    cluster_name: name,
    max_connections: '100',
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
    ...(upstream === undefined ? {} : { primary_conninfo: conninfo(name, upstream) }),
    ...options.settings,
  };
  return Object.entries(settings).map(([key, value]) => `${key} = '${value.replaceAll("'", "''")}'\n`).join(
    '',
  );
}

function conninfo(name: string, { host, port }: { readonly host: string; readonly port: number }): string {
  return `host=${host} port=${port} user=postgres application_name=${name} sslmode=disable connect_timeout=2`;
}

export function pgHbaConf({ hba = [] }: ServerOptions): string {
  return [
    ...hba,
    'local all all trust',
    'host replication all 127.0.0.0/8 trust',
    'host all all 127.0.0.0/8 trust',
    '',
  ].join('\n');
}
