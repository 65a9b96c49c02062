/** Run by cluster.test.ts as a process of its own: holds a cluster until it is ended from outside. */
import { startCluster } from './cluster.ts';
import { familyOf } from '../../src/demo/servers/processes.ts';

const cluster = await startCluster({ standbys: 1 });
cluster.server(1).freeze();
// A signal that the test can send, to make this process end by an exception of its own.
process.on('SIGHUP', () => {
  throw new Error('asked to');
});
setInterval(() => {}, 60_000);
const servers = cluster.servers.map(({ pid }) => pid);
const pids = servers.flatMap((pid) => familyOf(pid ?? 0));
console.log(JSON.stringify({ servers, pids, folder: cluster.folder }));
