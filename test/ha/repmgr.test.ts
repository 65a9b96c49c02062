import { repmgr } from './repmgr.ts';
import { survivesItsPrimary } from './survival.ts';

survivesItsPrimary(repmgr);
