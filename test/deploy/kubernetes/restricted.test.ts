import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IContainer, IPodSpec } from 'kubernetes-models/v1';
import { violations } from './restricted.ts';

const container: IContainer = {
  name: 'a',
  securityContext: {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
};

const pod = (of: Partial<IPodSpec>): IPodSpec => ({ containers: [container], ...of });

const containing = (of: Partial<IContainer>): IPodSpec => pod({ containers: [{ ...container, ...of }] });

const secured = (of: IContainer['securityContext']): IPodSpec =>
  containing({ securityContext: { ...container.securityContext, ...of } });

/** Pods that are refused, by why. */
const refused: Record<string, IPodSpec> = {
  hostNetwork: pod({ hostNetwork: true }),
  hostPID: pod({ hostPID: true }),
  hostIPC: pod({ hostIPC: true }),
  'volume of the type hostPath': pod({ volumes: [{ name: 'v', hostPath: { path: '/' } }] }),
  'sysctl kernel.msgmax': pod({ securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }),
  'runAsUser 0': pod({ securityContext: { runAsUser: 0 } }),
  runAsNonRoot: pod({ securityContext: { runAsNonRoot: false } }),
  seccompProfile: pod({ securityContext: { seccompProfile: { type: 'Unconfined' } } }),
  appArmorProfile: pod({ securityContext: { appArmorProfile: { type: 'Unconfined' } } }),
  seLinuxOptions: pod({ securityContext: { seLinuxOptions: { user: 'root' } } }),
  hostProcess: pod({ securityContext: { windowsOptions: { hostProcess: true } } }),
  'a: privileged': secured({ privileged: true }),
  'a: allowPrivilegeEscalation': containing({
    securityContext: {
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'Localhost' },
    },
  }),
  'a: runAsUser 0': secured({ runAsUser: 0 }),
  'a: capability NET_ADMIN': secured({ capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } }),
  'a: capabilities are not dropped': secured({ capabilities: { drop: ['CHOWN'] } }),
  'a: procMount': secured({ procMount: 'Unmasked' }),
  'a: hostPort': containing({ ports: [{ containerPort: 1, hostPort: 1 }] }),
  'a: host of a probe or hook': containing({ livenessProbe: { tcpSocket: { port: 1, host: '10.0.0.1' } } }),
};

describe('the restricted Pod Security Standard', () => {
  test('is fulfilled by a pod whose container has what it asks for', () => {
    assert.deepEqual(violations(pod({})), []);
    assert.deepEqual(violations(secured({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } })), []);
  });

  for (const [why, spec] of Object.entries(refused)) {
    test(`refuses a pod: ${why}`, () => assert.deepEqual(violations(spec), [why]));
  }

  test('wants what is not there, of containers that initialise too', () => {
    assert.deepEqual(violations({ containers: [container], initContainers: [{ name: 'i' }] }), [
      'i: allowPrivilegeEscalation',
      'i: runAsNonRoot',
      'i: no seccompProfile',
      'i: capabilities are not dropped',
    ]);
  });

  test('takes from the pod what its container does not say', () => {
    const { runAsNonRoot: _, seccompProfile: __, ...own } = container.securityContext!;
    const context = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } as const;
    assert.deepEqual(
      violations({ containers: [{ ...container, securityContext: own }], securityContext: context }),
      [],
    );
  });
});
