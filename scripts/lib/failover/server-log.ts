/** Who wrote what into a server's log. Pure. */

/** Names the kind of process on each line. */
export const logLinePrefix = '%m [%p] <%b> ';

export interface LogLine {
  readonly server: string;
  /** As PostgreSQL calls it: `client backend`, `checkpointer`, ... */
  readonly process: string;
  readonly text: string;
}

/** Processes that work for the server itself and write the same with nobody connected. */
const ownProcesses = [
  'checkpointer',
  'background writer',
  'walwriter',
  'autovacuum launcher',
  'autovacuum worker',
];

/** Lines with a prefix; what follows one without belongs to it and counts with it. */
export function linesOf(server: string, log: string): LogLine[] {
  return log.split('\n').flatMap((line) => {
    const [, process, text] = /^\d{4}-\S+ \S+ \S+ \[\d+\] <(.*?)> (.*)$/.exec(line) ?? [];
    return process === undefined || text === undefined ? [] : [{ server, process, text }];
  });
}

/** Everything but what the server does by itself at rest. */
export function becauseOfUs(lines: readonly LogLine[]): LogLine[] {
  return lines.filter(({ process }) => !ownProcesses.includes(process));
}

/** Processes of replication, which write when a server is started, stopped or followed. */
const replication = ['postmaster', 'startup', 'walreceiver', 'walsender'];

/** What clients have a server write, whatever happens to its replication meanwhile. */
export function ofClients(lines: readonly LogLine[]): LogLine[] {
  return becauseOfUs(lines).filter(({ process }) => !replication.includes(process));
}
