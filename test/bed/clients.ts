/** PostgreSQL clients of many kinds: the `postgres` package, raw sockets, psql, libpq 18. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';

const bun = fileURLToPath(new URL('../../node_modules/.bin/bun', import.meta.url));

type Options = postgres.Options<Record<string, postgres.PostgresType>>;

/** A client of what listens at `port`: one connection, made at its first query. Whoever asks for it ends it. */
export function clientOf(port: number, options: Options = {}): postgres.Sql {
  return postgres({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    ssl: false,
    max: 1,
    connect_timeout: 20,
    fetch_types: false,
    onnotice: () => {},
    ...options,
  });
}

/** Runs one statement through `port` on a connection of its own. */
export async function ask(
  port: number,
  text: string,
  options: Options = {},
): Promise<Record<string, unknown>[]> {
  const sql = clientOf(port, options);
  try {
    return [...await sql.unsafe(text)];
  } finally {
    await sql.end({ timeout: 0 });
  }
}

/** The port of the PostgreSQL that answers behind `port`. */
export async function serverBehind(port: number): Promise<number> {
  const [row] = await ask(port, 'select inet_server_port() as port');
  return Number(row?.['port']);
}

export interface RawAnswer {
  /** Everything that came, up to the end. */
  readonly bytes: Buffer;
  readonly error: Error | undefined;
}

/** Sends bytes to `port` and resolves with what came back when the other side has closed. */
export function exchange(port: number, bytes: Uint8Array, then?: 'halfClose'): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let failure: Error | undefined;
    const socket = connectSocket(port, '127.0.0.1', () => {
      socket.write(bytes);
      if (then === 'halfClose') socket.end();
    });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error) => failure = error);
    socket.on('close', () => resolve({ bytes: Buffer.concat(chunks), error: failure }));
  });
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where Debian and others put psql; undefined if there is none. */
export const psqlPath: string | undefined = ['/usr/bin/psql', '/usr/local/bin/psql', '/opt/homebrew/bin/psql']
  .find((path) => existsSync(path));

/** Why the tests that need psql do not run, or false. For the `skip` of a test. */
export const noPsql = psqlPath === undefined ? 'psql is not installed (package postgresql-client)' : false;

/** Runs one statement with psql and a connection string. */
export function psql(conninfo: string, statement: string): Promise<CommandResult> {
  if (psqlPath === undefined) throw new Error('psql is not installed');
  return run(psqlPath, ['-X', '-A', '-t', '-d', conninfo, '-c', statement]);
}

/** Connects with the libpq 18 of the embedded PostgreSQL; `error` is empty if that succeeded. */
export async function libpqConnect(
  conninfo: string,
): Promise<{ readonly error: string; readonly port: string }> {
  const script = fileURLToPath(new URL('./libpq.bun.ts', import.meta.url));
  const { code, stdout, stderr } = await run(bun, [script, conninfo]);
  if (code !== 0) throw new Error(`libpq.bun.ts ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

/** A query of libpq 18 that runs, and that libpq cancels when it is told to. */
export interface LibpqQuery {
  /** What PQcancelBlocking said, and what the query ended with; empty: nothing. */
  cancel(): Promise<{ readonly cancel: string; readonly query: string }>;
  end(): void;
}

/** Resolves when the query has been sent. */
export async function libpqQuery(conninfo: string): Promise<LibpqQuery> {
  const script = fileURLToPath(new URL('./libpq-cancel.bun.ts', import.meta.url));
  const child = spawn(bun, [script, conninfo], { stdio: ['pipe', 'pipe', 'inherit'], env: cleanEnv() });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  const asked = await next();
  if (asked !== 'asked') throw new Error(`libpq-cancel.bun.ts did not ask: ${asked}`);
  return {
    cancel: async () => {
      child.stdin.write('\n');
      return JSON.parse(await next());
    },
    end: () => void child.kill('SIGKILL'),
  };
}

/** Without the settings of libpq of whoever runs the tests. */
function cleanEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')));
}

function run(command: string, args: readonly string[]): Promise<CommandResult> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnv() });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => stdout += chunk);
  child.stderr.on('data', (chunk) => stderr += chunk);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
