import { autoFailover } from './auto-failover.ts';
import { survivesItsPrimary } from './survival.ts';

survivesItsPrimary(autoFailover);
