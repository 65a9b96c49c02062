/**
 * The restricted Pod Security Standard, field by field, the baseline included:
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
import type { IContainer, IPodSpec, IVolume } from 'kubernetes-models/v1';
import { containersOf } from './tools.ts';

const volumeTypes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
const seLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'];
const safeSysctls = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
  'net.ipv4.ping_group_range',
];

/** What a namespace with `enforce: restricted` would say against this pod. */
export function violations(pod: IPodSpec): string[] {
  return [...ofPod(pod), ...containersOf(pod).flatMap((container) => [...ofContainer(container, pod)])];
}

function* ofPod(pod: IPodSpec): Generator<string> {
  for (const name of ['hostNetwork', 'hostPID', 'hostIPC'] as const) if (pod[name]) yield name;
  for (const volume of pod.volumes ?? []) {
    const type = Object.keys(volume).find((key) => key !== 'name' && volume[key as keyof IVolume] !== null);
    if (type !== undefined && !volumeTypes.includes(type)) yield `volume of the type ${type}`;
  }
  for (const { name } of pod.securityContext?.sysctls ?? []) {
    if (!safeSysctls.includes(name)) yield `sysctl ${name}`;
  }
  yield* ofContext(pod.securityContext ?? {});
}

function* ofContainer(container: IContainer, pod: IPodSpec): Generator<string> {
  const { name, securityContext: own = {} } = container;
  const context = { ...pod.securityContext, ...own };
  if (own.privileged) yield `${name}: privileged`;
  if (own.allowPrivilegeEscalation !== false) yield `${name}: allowPrivilegeEscalation`;
  if (context.runAsNonRoot !== true) yield `${name}: runAsNonRoot`;
  if (context.seccompProfile === undefined) yield `${name}: no seccompProfile`;
  if (!own.capabilities?.drop?.includes('ALL')) yield `${name}: capabilities are not dropped`;
  for (const added of own.capabilities?.add ?? []) {
    if (added !== 'NET_BIND_SERVICE') yield `${name}: capability ${added}`;
  }
  if (!['Default', undefined].includes(own.procMount)) yield `${name}: procMount`;
  if ((container.ports ?? []).some(({ hostPort = 0 }) => hostPort !== 0)) yield `${name}: hostPort`;
  const { postStart, preStop } = container.lifecycle ?? {};
  const asked = [
    container.startupProbe,
    container.livenessProbe,
    container.readinessProbe,
    postStart,
    preStop,
  ];
  if (asked.some((one) => one?.httpGet?.host || one?.tcpSocket?.host)) {
    yield `${name}: host of a probe or hook`;
  }
  yield* [...ofContext(own)].map((what) => `${name}: ${what}`);
}

interface Context {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly seccompProfile?: { readonly type: string };
  readonly appArmorProfile?: { readonly type: string };
  readonly seLinuxOptions?: { readonly type?: string; readonly user?: string; readonly role?: string };
  readonly windowsOptions?: { readonly hostProcess?: boolean };
}

/** What pods and containers have alike. */
function* ofContext(context: Context): Generator<string> {
  if (context.runAsNonRoot === false) yield 'runAsNonRoot';
  if (context.runAsUser === 0) yield 'runAsUser 0';
  if (!['RuntimeDefault', 'Localhost', undefined].includes(context.seccompProfile?.type)) {
    yield 'seccompProfile';
  }
  if (!['RuntimeDefault', 'Localhost', undefined].includes(context.appArmorProfile?.type)) {
    yield 'appArmorProfile';
  }
  const { type = '', user = '', role = '' } = context.seLinuxOptions ?? {};
  if (!seLinuxTypes.includes(type) || user !== '' || role !== '') yield 'seLinuxOptions';
  if (context.windowsOptions?.hostProcess) yield 'hostProcess';
}
