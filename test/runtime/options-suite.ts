/** What the native engine tells the kernel of a socket, asked back from the kernel. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AF, SO, SOCK, SOL, TCP } from '../../src/runtime/linux/constants.ts';
import { openLibc } from '../../src/runtime/linux/libc.ts';
import { applyOptions } from '../../src/runtime/linux/listener.ts';

export function optionsSuite(): void {
  test('the kernel knows how long a silent peer may stay silent, and that nothing is to be delayed', () => {
    const libc = openLibc();
    const fd = libc.socket(AF.INET, SOCK.STREAM | SOCK.CLOEXEC, 0);
    const read = (level: number, option: number): number => {
      const [value, bytes] = [new Int32Array(1), Int32Array.of(4)];
      assert.equal(libc.getsockopt(fd, level, option, value, bytes), 0);
      return value[0]!;
    };
    try {
      const keepAlive = { idleMs: 60_000, intervalMs: 10_000, count: 3 };
      applyOptions(libc, fd, { noDelay: true, keepAlive });
      assert.equal(read(SOL.SOCKET, SO.KEEPALIVE), 1);
      const { NODELAY, KEEPIDLE, KEEPINTVL, KEEPCNT } = TCP;
      assert.deepEqual(
        [NODELAY, KEEPIDLE, KEEPINTVL, KEEPCNT].map((option) => read(SOL.TCP, option)),
        [1, 60, 10, 3],
      );
      // TCP_USER_TIMEOUT would end those who are well and only do not read (socket-options.ts).
      assert.equal(read(SOL.TCP, 18), 0);
    } finally {
      libc.close(fd);
    }
  });
}
