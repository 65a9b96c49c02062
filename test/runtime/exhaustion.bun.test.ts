/** The native engine without descriptors. A process of its own, because the limit is that of a process. */
import { equal, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../bed/wait-for.ts';

const openFiles = 60;

test('native: without descriptors accepting rests, says so once, and goes on when there are some', {
  timeout: 60_000,
}, async () => {
  const file = fileURLToPath(new URL('./accept-child.ts', import.meta.url));
  const child = spawn('sh', ['-c', `ulimit -n ${openFiles}; exec "$0" "$@"`, process.execPath, file]);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => stdout += chunk);
  child.stderr.on('data', (chunk) => stderr += chunk);
  const accepted = (): number => stdout.split('accepted').length - 1;
  const clients: Socket[] = [];
  const arrive = (): void => {
    const socket = connect(Number(stdout.split('\n')[0]), '127.0.0.1');
    socket.on('error', () => {});
    clients.push(socket);
  };
  try {
    await waitFor('it to listen', () => stdout.includes('\n'), { evidence: () => stderr });
    for (let count = 0; count < 2 * openFiles; count++) arrive();
    await waitFor('it to say so', () => stderr.includes('EMFILE'), {
      evidence: () => `${accepted()} accepted`,
    });
    const before = { cpuMs: cpuMs(child.pid!), accepted: accepted(), at: performance.now() };
    await waitFor('a while to pass', () => performance.now() - before.at > 1_000);
    ok(cpuMs(child.pid!) - before.cpuMs < 500, 'it spins');
    for (const socket of clients.splice(0, openFiles / 2)) socket.destroy();
    await waitFor('those who wait to be accepted', () => accepted() > before.accepted + 10);
    equal(stderr.split('EMFILE').length - 1, 1, stderr);
  } finally {
    for (const socket of clients) socket.destroy();
    child.kill('SIGKILL');
  }
});

/** User and system time so far, in units of 10 ms (proc(5), stat). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}
