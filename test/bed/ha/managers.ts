import { autoFailover } from './auto-failover.ts';
import type { Manager, ManagerName } from './manager.ts';
import { patroni } from './patroni.ts';
import { repmgr } from './repmgr.ts';
import { stolonWith, usualPauses } from './stolon.ts';

export const managers: Readonly<Record<ManagerName, Manager>> = {
  patroni,
  pg_auto_failover: autoFailover,
  repmgr,
  stolon: stolonWith(usualPauses),
};
