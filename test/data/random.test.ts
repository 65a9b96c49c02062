/** Whatever happens, in whatever order: no byte is lost, swapped or sent to another client, and nothing stays. */
import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { Storm } from './storm.ts';
import { primary } from './world.ts';

test('a storm of everything leaves every byte in its place and nothing behind', { timeout: 120_000 }, () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 150; seed++) {
    const storm = new Storm(seed);
    storm.world.publish(primary);
    try {
      for (let step = 0; step < 400; step++) {
        storm.step();
        const { world } = storm;
        equal(world.count('active'), storm.clients.length, `after step ${step}`);
        ok(world.count('held') <= 8, `after step ${step}`);
        ok(storm.clients.length <= 16, `after step ${step}`);
      }
      storm.calm();
    } catch (error) {
      throw new Error(`with seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
    for (const what of storm.seen) seen.add(what);
  }
  // A storm that does not reach all of this would prove little.
  const mustSee = ['served', '57P03', '53300', '57014', 'clientClosed', 'serverClosed', 'clientReset'];
  mustSee.push('serverReset', 'fenced', 'holdTimeout', 'startupTimeout', 'limit');
  for (const what of mustSee) ok(seen.has(what), `no seed came to ${what}; they came to ${[...seen]}`);
});
