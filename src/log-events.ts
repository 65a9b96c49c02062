/**
 * Every event of the log, with its level and its sentence. The level follows what an operator must do: `error` is for
 * an alarm, or for clients that cannot be served; `warn` for what an operator must look into; `info` for what the
 * gateway has done about it; `debug` for why it did. docs/operations.md lists them, and a test compares the two.
 */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;

export type LogLevel = (typeof logLevels)[number];

export const logEvents = {
  engine: ['info', 'what moves the bytes, and why'],
  listening: ['info', 'clients can connect'],
  draining: [
    'info',
    'clients are taken for acceptMs more, and sessions may go on for drainMs after that; a second signal ends them now',
  ],
  stopped: ['info', 'the gateway has stopped'],
  command: ['info', 'a command came over the control socket'],
  reloaded: ['info', 'the configuration was read again'],
  paused: ['info', 'new clients wait, as a command asks for; sessions go on'],
  resumed: ['info', 'new clients are served again: the pause is over'],
  reload_failed: [
    'error',
    'the new configuration cannot be used, and nothing was changed: correct it, and reload',
  ],
  signal_ignored: ['info', 'a signal that means nothing here'],
  control_socket_failed: [
    'warn',
    'commands cannot be taken, all else goes on: see to the folder of the control socket, or set CONTROL_SOCKET',
  ],
  notify_failed: [
    'warn',
    'systemd could not be told, and may take this service for dead: see to NOTIFY_SOCKET, on Node to the program systemd-notify and NotifyAccess=all',
  ],
  log_lines_lost: [
    'warn',
    'lines of the log before this one could not be written, and are lost: see to its reader, or its disk',
  ],
  setting_passed_over: ['warn', 'a setting was passed over'],
  login_warning: ['warn', 'the login of the probe is not all as it was set'],
  login_unasked: [
    'warn',
    'a server let the probe in and asked for nothing (trust, ident or peer in its pg_hba.conf): to it all clients have the address of the gateway, so whoever reaches the gateway gets in; let it ask that address for scram-sha-256',
  ],
  fewer_sessions: [
    'info',
    'fewer sessions than MAX_SESSIONS, because of the limit of open files (ulimit -n)',
  ],
  too_few_sessions: [
    'warn',
    'the limit of open files (ulimit -n) leaves fewer sessions than are needed: raise it',
  ],

  stalled: [
    'warn',
    'the gateway itself did not run for a while (stopped, on a paused machine, or out of processor time): nothing changes until all candidates were asked anew',
  ],
  verdict: ['info', 'what is known of the candidates has changed'],
  no_primary: ['warn', 'no candidate is primary: new clients wait'],
  drill: [
    'warn',
    'a drill has begun: the route is another one than follows from the verdict, or sessions are ended',
  ],
  drill_over: ['info', 'the drill is over: the route follows from the verdict'],
  split_brain: ['error', 'several servers claim to be primary of one timeline'],
  former_primary_writable: [
    'warn',
    'a former primary accepts writes, and what is written there will be lost: stop it, or rebuild it as a standby',
  ],
  older_timeline_claimed: [
    'warn',
    'a candidate accepts writes on an older timeline, and no client is routed to it: see explain',
  ],
  candidate_foreign: [
    'warn',
    'a candidate belongs to another cluster: correct CANDIDATES, or SYSTEM_IDENTIFIER',
  ],
  candidate_distrusted: [
    'warn',
    'a candidate says what cannot be true, and is not believed: find out who answers there',
  ],
  candidate_rejecting: ['warn', 'a candidate is up and rejects the probe'],
  evidence_hidden: [
    'warn',
    'a candidate does not let the probe see something: a guard of the election is lost',
  ],
  candidate_down: ['warn', 'a candidate does not answer'],
  dead_server_sessions_ended: ['warn', 'a server is silent: its sessions are ended'],
  standby_sessions_ended: [
    'warn',
    'a server is no standby to read from: its sessions of the standby port are ended',
  ],
  suspicion: ['debug', 'a session suspects the primary: all candidates are probed'],
  answer_overdue: [
    'debug',
    'the primary answers later than it did of late: all candidates are asked at the fast pace',
  ],

  address_found: ['info', 'an address was found'],
  address_gone: ['info', 'an address has left DNS'],
  addresses_differ: ['info', 'the addresses of a name are several servers'],
  primary_left: [
    'warn',
    'the primary is named no more, by CANDIDATES or DNS; it stays until another one is elected',
  ],
  name_unresolved: ['warn', 'a name does not resolve; known addresses stay in use'],
  too_many_candidates: ['warn', 'too many candidates: this one and others are not probed'],

  session_ended: ['info', 'a session has ended, and LOG_CONNECTIONS asks for a line'],
  other_protocol: [
    'warn',
    "clients that do not speak PostgreSQL's protocol were refused; once a minute for each protocol",
  ],
  proxy_refused: [
    'warn',
    'clients were refused for their PROXY protocol header, or for want of one; once a minute for each kind',
  ],
  accept_exhausted: ['error', 'clients wait: no more can be accepted now'],
  dial_exhausted: [
    'error',
    'clients wait: this machine has no port or no descriptor left for a connection to a server; raise net.ipv4.ip_local_port_range, or the limit of open files (ulimit -n)',
  ],
  clients_displaced: [
    'warn',
    'all places for clients were taken, so those that had said nothing for longest were closed for new ones: see to the busiest address',
  ],
  cancels_dropped: [
    'warn',
    'more cancel requests came than are passed on: see to the busiest address',
  ],
  clients_not_allowed: [
    'warn',
    'clients came from where ALLOW and DENY let none in, and were refused: see to the busiest address',
  ],
  address_full: [
    'warn',
    'clients were refused because their address had as many connections as MAX_CONNECTIONS_PER_ADDRESS allows',
  ],
  address_too_fast: [
    'warn',
    'clients were refused because their address connected faster than CONNECT_RATE_PER_ADDRESS allows',
  ],
  buffers_full: [
    'warn',
    'clients were refused because MAX_BUFFERED_BYTES are kept for sessions that do not read: pg_gateway clients shows them',
  ],
  fault: [
    'error',
    'an exception in the gateway itself: what it was doing there has ended, all else goes on; report it with this stack',
  ],
  worker_died: ['error', 'a worker died: its sessions are lost, and another takes its place'],
  worker_stuck: ['error', 'a worker does not move: its sessions hang, and new clients of it wait'],
  worker_runs_again: ['info', 'the worker moves again'],
  worker_not_replaced: ['error', 'the worker could not be replaced yet'],
  certificate_failed: [
    'error',
    'no throw-away certificate could be made: a client that asked for TLS was told that there is none',
  ],
} as const satisfies Record<string, readonly [LogLevel, string]>;

export type LogEvent = keyof typeof logEvents;
