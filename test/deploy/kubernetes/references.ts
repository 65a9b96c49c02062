/** What one rendered object says of another: names and labels that lead nowhere are seen by nobody until the pods run. */
import { type KubernetesObject, type Pod, podsOf } from './tools.ts';

type Labels = Readonly<Record<string, string>>;

/** Every reference that leads nowhere, as a sentence. Selectors of pods of somebody else, by labels not ours, are left out. */
export function lostReferences(objects: readonly KubernetesObject[]): string[] {
  const pods = podsOf(objects).filter(({ of }) => of.startsWith('Deployment/'));
  return [
    ...objects.filter(({ metadata: { name } }) => name.length > 63).map(nameOf).map((name) =>
      `${name} is too long`
    ),
    ...objects.flatMap((object) => [...ofObject(object, objects, pods)]),
    ...podsOf(objects).flatMap((pod) => [...ofPod(pod)]),
  ];
}

function* ofObject(
  object: KubernetesObject,
  objects: readonly KubernetesObject[],
  pods: readonly Pod[],
): Generator<string> {
  const { kind, spec } = object;
  const name = nameOf(object);
  if (kind === 'Deployment') {
    if (!matches(spec.selector.matchLabels, spec.template.metadata.labels)) {
      yield `${name} selects other pods`;
    }
    for (const { labelSelector } of spec.template.spec.topologySpreadConstraints ?? []) {
      if (!matches(labelSelector.matchLabels, spec.template.metadata.labels)) {
        yield `${name} spreads other pods`;
      }
    }
  } else if (kind === 'PodDisruptionBudget' || kind === 'NetworkPolicy') {
    const { matchLabels } = (kind === 'NetworkPolicy' ? spec.podSelector : spec.selector) as {
      matchLabels?: Labels;
    };
    if (matchLabels === undefined || !selected(pods, matchLabels)) yield `${name} selects no pod, or all`;
    const ports = (spec.ingress ?? []).flatMap((rule: { ports: { port: string }[] }) => rule.ports);
    for (const { port } of ports) {
      if (!selected(pods, matchLabels ?? {}, port)) yield `${name} names the port ${port}, which no pod has`;
    }
  } else if (kind === 'Service' && spec.selector['app.kubernetes.io/name'] !== undefined) {
    for (const { targetPort } of spec.ports) {
      if (!selected(pods, spec.selector, targetPort)) yield `${name} leads to no port ${targetPort} of a pod`;
    }
  } else if (kind === 'ServiceMonitor') {
    const services = objects.filter(({ kind, metadata }) =>
      kind === 'Service' && matches(spec.selector.matchLabels, metadata.labels ?? {})
    );
    if (services.length !== 1) yield `${name} selects ${services.length} services`;
    for (const { port } of spec.endpoints) {
      const has = services.every(({ spec }) =>
        spec.ports.some(({ name }: { name: string }) => name === port)
      );
      if (!has) yield `${name} names the port ${port}, which its service has not`;
    }
  }
}

function* ofPod({ of, spec }: Pod): Generator<string> {
  const { containers, initContainers = [], volumes = [] } = spec;
  for (const { name, ports = [], volumeMounts = [], ...container } of [...initContainers, ...containers]) {
    for (const mount of volumeMounts) {
      if (!volumes.some((volume) => volume.name === mount.name)) {
        yield `${of}: ${name} mounts no ${mount.name}`;
      }
    }
    for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
      const port = probe?.httpGet?.port;
      if (port !== undefined && !ports.some((one) => one.name === port)) {
        yield `${of}: ${name} has no ${port}`;
      }
    }
    for (const { name: port = '' } of ports) {
      if (port.length > 15) yield `${of}: the name of the port ${port} is too long`;
    }
  }
  const mounted = [...initContainers, ...containers].flatMap(({ volumeMounts = [] }) => volumeMounts);
  for (const { name } of volumes) {
    if (!mounted.some((mount) => mount.name === name)) yield `${of}: nobody mounts ${name}`;
  }
}

function selected(pods: readonly Pod[], selector: Labels, port?: string): boolean {
  return pods.some(({ labels, spec }) =>
    matches(selector, labels) &&
    (port === undefined || spec.containers.some(({ ports = [] }) => ports.some(({ name }) => name === port)))
  );
}

function matches(selector: Labels, labels: Labels): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([name, value]) => labels[name] === value);
}

const nameOf = ({ kind, metadata: { name } }: KubernetesObject): string => `${kind}/${name}`;
