/**
 * What a kubelet does with a pod, as far as the program notices: a root that holds the executable and what it is linked with, volumes
 * at their paths with the owner and mode that they would have, the user, the environment, and the probes. The network is that of
 * this machine, where the pod has the address 127.0.0.2: so ports are replaced by free ones.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { IContainer, IPodSpec, IProbe, IVolume } from 'kubernetes-models/v1';
import type { LogLine } from '../../bed/gateway.ts';
import { freePort } from '../../bed/ports.ts';
import { waitFor } from '../../bed/wait-for.ts';
import { envOf } from './tools.ts';

const repository = join(import.meta.dirname, '../../..');
const executable = join(repository, 'dist/pg_gateway');

/** Its own, by which nobody else reaches what listens on 127.0.0.1. */
export const podAddress = '127.0.0.2';

/** Those of the image: USER and ENV of the last stage of the Dockerfile. */
const image = (() => {
  const stage = readFileSync(join(repository, 'Dockerfile'), 'utf8').split(/^FROM /m).at(-1)!;
  const uid = Number(/^USER ([0-9]+)/m.exec(stage)?.[1]);
  if (!Number.isInteger(uid)) throw new Error('the Dockerfile has no line USER with a number');
  const env = [...stage.matchAll(/^ENV ([A-Z_]+)=(\S+)$/gm)].map(([, name, value]) => [name, value]);
  return { uid, env: Object.fromEntries(env) as Record<string, string> };
})();

/** Why pods cannot be started here, or false. For the `skip` of a test. */
export const noPods = ((): string | false => {
  if (process.platform !== 'linux') return 'a pod runs on Linux';
  if (process.getuid?.() !== 0) return 'a root of its own and another user need root';
  if (!existsSync(executable)) return 'dist/pg_gateway is missing: run scripts/build';
  if (spawnSync('unshare', ['--mount', 'true']).status !== 0) return 'no namespace of mounts can be had here';
  return false;
})();

/** By the name of the secret, and by key. */
export type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface RunningPod {
  readonly log: readonly LogLine[];
  /** What listens there in place of the port of that name in the settings; undefined where it is off. */
  port(setting: 'LISTEN_PORT' | 'REPLICA_PORT' | 'METRICS_PORT'): number | undefined;
  /** Whether the probe says yes now. */
  asks(probe: IProbe | undefined): Promise<boolean>;
  /** As `kubectl exec` does it. */
  exec(command: readonly string[]): Promise<{ readonly code: number | null; readonly said: string }>;
  signal(name: NodeJS.Signals): void;
  readonly exited: Promise<number | null>;
}

export interface Node {
  start(
    spec: IPodSpec,
    container: IContainer,
    changes: (env: Record<string, string>) => Record<string, string>,
  ): Promise<RunningPod>;
  /** Other secrets, from now on; each running pod has them when this returns. */
  change(secrets: Secrets): void;
  /** Kills what still runs. */
  close(): Promise<void>;
}

export function openNode(given: Secrets): Node {
  let secrets = given;
  const folder = mkdtempSync(join(tmpdir(), 'pods-'));
  const copy = join(folder, 'pg_gateway');
  copyFileSync(executable, copy);
  chmodSync(copy, 0o755);
  const libraries = spawnSync('ldd', [executable], { encoding: 'utf8' }).stdout.match(/\/[^ ]+(?= \()/g) ??
    [];
  const running = new Map<ChildProcess, Promise<number | null>>();
  const remounts: (() => void)[] = [];
  let [started, written] = [0, 0];

  /** What the Dockerfile puts into the image, and what a kubelet adds. */
  function rootFor(spec: IPodSpec, { volumeMounts = [] }: IContainer): string {
    const root = join(folder, String(++started));
    for (const path of ['proc', 'etc']) mkdirSync(join(root, path), { recursive: true });
    linkSync(copy, join(root, 'pg_gateway'));
    for (const library of libraries) {
      mkdirSync(dirname(join(root, library)), { recursive: true });
      copyFileSync(library, join(root, library));
      chmodSync(join(root, library), 0o755);
    }
    writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
    writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
    writeFileSync(join(root, 'etc/resolv.conf'), '');
    for (const { mountPath } of volumeMounts) mkdirSync(join(root, mountPath), { recursive: true });
    mount(root, spec, { volumeMounts });
    return root;
  }

  function mount(
    root: string,
    spec: IPodSpec,
    { volumeMounts = [] }: Pick<IContainer, 'volumeMounts'>,
  ): void {
    for (const { name, mountPath } of volumeMounts) {
      const volume = spec.volumes?.find((volume) => volume.name === name);
      if (volume === undefined) throw new Error(`there is no volume ${name}`);
      fill(join(root, mountPath), volume, spec.securityContext?.fsGroup ?? 0);
    }
  }

  function fill(
    path: string,
    { emptyDir, projected, secret, configMap, name }: IVolume,
    group: number,
  ): void {
    chownSync(path, 0, group);
    // As a kubelet makes it, whoever the user of the container is.
    if (emptyDir) return chmodSync(path, 0o2777);
    if (configMap) return;
    const sources = projected?.sources ??
      (secret ? [{ secret: { ...secret, name: secret.secretName } }] : []);
    if (sources.length === 0) throw new Error(`the volume ${name} is of no kind that is known here`);
    // A kubelet changes all files of a volume at once, by one link.
    const version = `..${++written}`;
    mkdirSync(join(path, version));
    for (const { secret: from } of sources) {
      for (const { key, path: file } of from?.items ?? []) {
        const text = secrets[from?.name ?? '']?.[key];
        if (text === undefined) {
          throw new Error(`the secret ${from?.name} has no ${key}: the pod would not start`);
        }
        writeFileSync(join(path, version, file), text);
        chownSync(join(path, version, file), 0, group);
        chmodSync(join(path, version, file), (projected ?? secret)?.defaultMode ?? 0o644);
        if (!existsSync(join(path, file))) symlinkSync(join('..data', file), join(path, file));
      }
    }
    symlinkSync(version, join(path, '..data_tmp'));
    renameSync(join(path, '..data_tmp'), join(path, '..data'));
  }

  /** In the root, as the user, with /proc, which Bun needs. */
  const inRoot = (root: string, user: string, group: number, command: readonly string[]): string[] => [
    ...['unshare', '--mount', 'sh', '-c'],
    'user=$1 group=$2; shift 2; mount --bind /proc "$0/proc" && exec chroot --userspec="$user" --groups="$group" "$0" "$@"',
    ...[root, user, String(group)],
    ...command,
  ];

  return {
    start: async (spec, container, changes) => {
      const { runAsUser, runAsGroup } = { ...spec.securityContext, ...container.securityContext };
      const user = `${runAsUser ?? image.uid}:${runAsGroup ?? image.uid}`;
      const group = spec.securityContext?.fsGroup ?? image.uid;
      const rendered = { ...image.env, ...envOf(container) };
      const ports = new Map<string, number>();
      for (const name of ['LISTEN_PORT', 'REPLICA_PORT', 'METRICS_PORT']) {
        if (rendered[name] !== undefined && rendered[name] !== 'off') ports.set(name, await freePort());
      }
      const env = changes({
        ...rendered,
        ...Object.fromEntries([...ports].map(([name, port]) => [name, String(port)])),
      });
      const root = rootFor(spec, container);
      remounts.push(() => mount(root, spec, container));
      const [command = '', ...args] = inRoot(root, user, group, [
        ...container.command ?? ['/pg_gateway'],
        ...container.args ?? [],
      ]);
      const child = spawn(command, args, {
        env: { PATH: process.env['PATH'], ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
      running.set(child, exited);
      const log: LogLine[] = [];
      for (const stream of [child.stderr, child.stdout]) {
        createInterface({ input: stream }).on('line', (line) => {
          log.push(
            line.startsWith('{') ? JSON.parse(line) : { event: 'text', level: 'error', time: '', line },
          );
        });
      }
      // Not blocking, because the name server is in this process.
      const exec: RunningPod['exec'] = async (words) => {
        const [program = '', ...rest] = inRoot(root, user, group, words);
        const child = spawn(program, rest, { env: { PATH: process.env['PATH'], ...env } });
        let said = '';
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said += chunk);
        const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
        running.set(child, ended);
        return { code: await ended, said };
      };
      return {
        log,
        exec,
        exited,
        port: (setting) => ports.get(setting),
        signal: (name) => void child.kill(name),
        asks: async (probe) => {
          if (probe?.exec?.command) return (await exec(probe.exec.command)).code === 0;
          const { path = '/', port: name } = probe?.httpGet ?? {};
          const port = container.ports?.find((port) => port.name === name)?.containerPort;
          const setting = [...ports.keys()].find((setting) => rendered[setting] === String(port));
          if (setting === undefined) throw new Error(`no setting has the port ${name} (${port})`);
          const signal = AbortSignal.timeout(1000 * (probe?.timeoutSeconds ?? 1));
          try {
            const { status } = await fetch(`http://${podAddress}:${ports.get(setting)}${path}`, { signal });
            return status >= 200 && status < 400;
          } catch {
            return false;
          }
        },
      };
    },
    change: (others) => {
      secrets = others;
      for (const remount of remounts) remount();
    },
    close: async () => {
      for (const child of running.keys()) child.kill('SIGKILL');
      await Promise.all(running.values());
      rmSync(folder, { recursive: true });
    },
  };
}

/** As a kubelet waits for a container that has just been started. */
export async function isStarted(pod: RunningPod, probe: IProbe | undefined): Promise<void> {
  let code: number | null | undefined;
  void pod.exited.then((exitCode) => code = exitCode);
  const deadlineMs = 1000 * (probe?.periodSeconds ?? 10) * (probe?.failureThreshold ?? 3);
  await waitFor('the startup probe to say yes', async () => {
    if (code !== undefined) return true;
    return await pod.asks(probe);
  }, { deadlineMs, evidence: () => JSON.stringify(pod.log, null, 1) });
  if (code !== undefined) throw new Error(`it ended with ${code}: ${JSON.stringify(pod.log, null, 1)}`);
}

/** A kubelet forgives a few times, so that a loaded machine is no failure. */
export async function saysYes(pod: RunningPod, probe: IProbe | undefined): Promise<void> {
  await waitFor('the probe to say yes', () => pod.asks(probe), {
    evidence: () => JSON.stringify(pod.log, null, 1),
  });
}
