import { autoFailover } from '../bed/ha/auto-failover.ts';
import { survivesItsPrimary } from '../bed/ha/survival.ts';

survivesItsPrimary(autoFailover);
