/** Run as a process of its own by workspace.ts, with the folder as its argument. */
import { watchOver } from '../../src/demo/servers/watchdog.ts';

watchOver(process.argv[2] ?? '');
process.exit(0);
