import { repmgr } from '../bed/ha/repmgr.ts';
import { survivesItsPrimary } from '../bed/ha/survival.ts';

survivesItsPrimary(repmgr);
