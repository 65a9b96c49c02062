/** A real Prometheus on loopback, and its promtool: Debian's package. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { waitFor } from './wait-for.ts';
import { newPath } from './workspace.ts';

const [prometheus, promtoolPath] = ['prometheus', 'promtool'].map((name) =>
  [`/usr/bin/${name}`, `/usr/local/bin/${name}`].find((path) => existsSync(path))
);

/** Why the tests that need Prometheus do not run, or false. For the `skip` of a test. */
export const noPrometheus = prometheus === undefined || promtoolPath === undefined
  ? 'prometheus is not installed (package prometheus)'
  : false;

/** What promtool says, on both streams, to these arguments. */
export function promtool(
  args: readonly string[],
  input = '',
  cwd?: string,
): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(promtoolPath!, args, { input, cwd, encoding: 'utf8' });
  return { code: status, said: `${stdout}${stderr}`.trim() };
}

export interface Prometheus {
  /** The values of an instant query. */
  query(expression: string): Promise<readonly number[]>;
  /** `data` of an answer of its API: https://prometheus.io/docs/prometheus/latest/querying/api/ */
  get(path: string): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** Runs it with this configuration, written as YAML. */
export async function startPrometheus(config: string): Promise<Prometheus> {
  const folder = newPath(undefined, 'prometheus');
  mkdirSync(folder);
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, config);
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(prometheus!, [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
    '--log.level=warn',
  ], { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said += chunk);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = (): Promise<void> => {
    process.removeListener('exit', kill);
    kill();
    return ended;
  };
  const get = async (path: string): Promise<Record<string, unknown>> => {
    const response = await fetch(`http://${address}/api/v1/${path}`);
    const { data, error } = await response.json() as { data?: Record<string, unknown>; error?: string };
    if (data === undefined) throw new Error(`${path}: ${error}`);
    return data;
  };
  try {
    await waitFor('Prometheus to be ready', async () => (await fetch(`http://${address}/-/ready`)).ok, {
      evidence: () => said,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    stop,
    get,
    query: async (expression) => {
      const { result } = await get(`query?query=${encodeURIComponent(expression)}`);
      return (result as { value: [number, string] }[]).map(({ value }) => Number(value[1]));
    },
  };
}
