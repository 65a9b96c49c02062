/** Without a descriptor of ours nothing is said about a server. A process of its own, because the limit is that of a process. */
import { equal } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../bed/wait-for.ts';
import { PeerServer } from './peer.ts';

test('a connect without a descriptor is a shortage of ours, and no refusal of the server', {
  timeout: 60_000,
  skip: process.platform === 'win32' ? 'there is no ulimit' : false,
}, async () => {
  const server = await PeerServer.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.address as { port: number };
  const file = fileURLToPath(new URL('./shortage-child.ts', import.meta.url));
  const run = 'Deno' in globalThis ? ['run', '-A', '--no-check'] : [];
  const command = ['-c', 'ulimit -n 200; exec "$0" "$@"', process.execPath, ...run, file, String(port)];
  const child = spawn('sh', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Uint8Array) => output += new TextDecoder().decode(chunk));
  try {
    await until(() => output.includes('\n'), 'the child to say it', 20_000);
    equal(output.trim(), 'probe:local session:EMFILE');
  } finally {
    child.kill('SIGKILL');
    server.close();
  }
});
