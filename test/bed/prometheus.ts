/** A real Prometheus on loopback, and its promtool: Debian's package. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startForeign } from './foreign-program.ts';
import { freePort } from './ports.ts';
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
  const args = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
    '--log.level=warn',
  ];
  const isReady = async () => (await fetch(`http://${address}/-/ready`)).ok;
  const { stop } = await startForeign(prometheus!, args, 'Prometheus to be ready', isReady);
  const get = async (path: string): Promise<Record<string, unknown>> => {
    const response = await fetch(`http://${address}/api/v1/${path}`);
    const { data, error } = await response.json() as { data?: Record<string, unknown>; error?: string };
    if (data === undefined) throw new Error(`${path}: ${error}`);
    return data;
  };
  return {
    stop,
    get,
    query: async (expression) => {
      const { result } = await get(`query?query=${encodeURIComponent(expression)}`);
      return (result as { value: [number, string] }[]).map(({ value }) => Number(value[1]));
    },
  };
}
