import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { serverCpuMs } from '../../../scripts/lib/storm/server-cpu.ts';
import { waitFor } from '../../bed/wait-for.ts';

const notLinux = process.platform === 'linux' ? false : 'it reads /proc';

test('the processor time of a server has that of children that run, and of those that have ended', {
  skip: notLinux,
}, async () => {
  const work = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done';
  const script = `sh -c '${work}'; echo ended; sh -c '${work}; echo rests; sleep 60' & wait`;
  const parent = spawn('/bin/sh', ['-c', script], { detached: true });
  let said = '';
  parent.stdout.on('data', (chunk) => said += chunk);
  try {
    await waitFor('the first child to end', () => said.includes('ended'), { deadlineMs: 60_000 });
    const ofEnded = serverCpuMs(parent.pid!);
    assert.ok(ofEnded >= 10, `${ofEnded} ms`);
    await waitFor('the second child to rest', () => said.includes('rests'), { deadlineMs: 60_000 });
    const ofBoth = serverCpuMs(parent.pid!);
    assert.ok(ofBoth > ofEnded, `${ofEnded} ms, then ${ofBoth} ms`);
  } finally {
    process.kill(-parent.pid!, 'SIGKILL');
  }
});
