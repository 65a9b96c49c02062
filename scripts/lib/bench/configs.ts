/** The configuration of the others: as somebody would set them up who wants them fast. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nginxStream } from './versions.ts';

export interface Seat {
  readonly port: number;
  readonly server: { readonly host: string; readonly port: number };
  readonly sessions: number;
  /** Undefined: as many as it starts by itself. */
  readonly threads: number | undefined;
}

/**
 * Leaves HAProxy some descriptors beside the two for each session. Without `maxpipes` it would set two more aside for
 * every fourth session, for splicing, and refuse to start near the limit of open files.
 */
export function haproxyConfig({ port, server, sessions, threads }: Seat): string {
  return `global${threads === undefined ? '' : `\n  nbthread ${threads}`}
  maxconn ${sessions + 50}
  maxpipes 64
defaults
  mode tcp
  maxconn ${sessions + 50}
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  option splice-auto
frontend clients
  bind 127.0.0.1:${port}
  default_backend servers
backend servers
  server one ${server.host}:${server.port}
`;
}

/** Not a daemon, and as whoever starts it: nothing that it writes is anywhere but in `folder`. */
export function nginxConfig({ port, server, sessions, threads }: Seat, folder: string): string {
  const modules = `load_module ${nginxStream};`;
  // A worker needs two descriptors a session, and some of its own.
  // Without it root's workers become nobody, who could not be bound to a core by others.
  const user = process.getuid?.() === 0 ? '\nuser root;' : '';
  return `${modules}
daemon off;${user}
worker_processes ${threads ?? 'auto'};
pid ${folder}/nginx-${port}.pid;
error_log stderr crit;
events { worker_connections ${2 * sessions + 100}; }
stream {
  access_log off;
  tcp_nodelay on;
  proxy_timeout 1h;
  proxy_buffer_size 64k;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    proxy_pass ${server.host}:${server.port};
  }
}
`;
}

/**
 * With auth_type any the database must name the role; with trust every role needs a line in a file of passwords.
 * A parameter of the start-up that PgBouncer does not know ends the connection, unless it is to be ignored.
 */
export function pgbouncerConfig({ port, server, sessions }: Seat): string {
  return `[databases]
* = host=${server.host} port=${server.port} user=postgres dbname=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = session
max_client_conn = ${sessions + 50}
default_pool_size = ${sessions + 50}
ignore_startup_parameters = extra_float_digits,options
server_reset_query = DISCARD ALL
logfile = /dev/null
log_connections = 0
log_disconnections = 0
`;
}

/** Readable by all, for those that change their user; returns its path. There are no passwords in it. */
export function writeConfig(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, 0o644);
  return path;
}
