import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Sockets } from '../../../scripts/lib/attacks/attack.ts';
import { attackOf, attacks } from '../../../scripts/lib/attacks/attacks.ts';
import { Pace } from '../../../scripts/lib/attacks/pace.ts';

/** Sockets whose other side never answers and takes all; they mind what is done to one that is closed. */
class FakeSockets implements Sockets {
  readonly open_ = new Set<number>();
  readonly sent = new Map<number, number>();
  opened = 0;
  most = 0;
  /** From then on no descriptor is to be had. */
  isExhausted = false;

  open(): number {
    if (this.isExhausted) return -1;
    const fd = this.opened++;
    this.open_.add(fd);
    this.most = Math.max(this.most, this.open_.size);
    return fd;
  }

  send(fd: number, bytes: Uint8Array): boolean {
    this.#mustBeOpen(fd);
    this.sent.set(fd, (this.sent.get(fd) ?? 0) + bytes.length);
    return true;
  }

  receive(fd: number): number {
    this.#mustBeOpen(fd);
    return -1;
  }

  close(fd: number): void {
    this.#mustBeOpen(fd);
    this.open_.delete(fd);
  }

  reset(fd: number): void {
    this.close(fd);
  }

  #mustBeOpen(fd: number): void {
    assert.ok(this.open_.has(fd), `descriptor ${fd} is not open`);
  }
}

/** The limit of open files of the machines that this is for is 20,000, and the gateway may need two for each. */
const mostOpen = 5_000;

for (const attack of attacks) {
  describe(attack.name, () => {
    test('uses no descriptor that is closed, and keeps few open', () => {
      const sockets = new FakeSockets();
      const step = attack.begin(sockets);
      for (let count = 0; count < 20_000; count++) step();
      assert.ok(sockets.opened > 0 && sockets.most <= mostOpen, `${sockets.opened}, ${sockets.most}`);
    });

    test('goes on where no descriptor is to be had', () => {
      const sockets = new FakeSockets();
      const step = attack.begin(sockets);
      for (let count = 0; count < 500; count++) step();
      sockets.isExhausted = true;
      for (let count = 0; count < 5_000; count++) step();
    });
  });
}

test('a slow loris sends one byte on each connection before the second on the first, and never the last of the packet', () => {
  const sockets = new FakeSockets();
  const step = attackOf('slow-loris').begin(sockets);
  for (let count = 0; count < 4_000; count++) step();
  assert.deepEqual([sockets.opened, new Set(sockets.sent.values())], [4_000, new Set([1])]);
  // A whole StartupMessage of user and database postgres has 41 bytes.
  for (let count = 0; count < 4_000 * 39; count++) step();
  assert.deepEqual([sockets.opened, new Set(sockets.sent.values())], [4_000, new Set([40])]);
  step();
  assert.equal(sockets.opened, 4_001);
});

test('the pace is kept also where a step is rarer than a look, and what was missed is not made good', () => {
  const pace = new Pace(100, 0);
  let steps = 0;
  for (let now = 1; now <= 1_000; now++) steps += pace.due(now);
  assert.ok(Math.abs(steps - 100) <= 1, `${steps} steps in a second`);
  assert.ok(pace.due(11_000) <= 6);
});
