import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { frame, least } from '../../src/demo/frame.ts';
import { colours, plain } from '../../src/demo/layout.ts';
import type { View } from '../../src/demo/view.ts';

const server = {
  address: '127.0.0.1:29131',
  role: 'standby',
  timeline: 2,
  lsn: '0/3000148',
  lag: '0 B',
  isRoute: false,
  verdict: { standing: 'standby', note: 'is a standby on timeline 2, streaming from server2' },
} as const;

/** After a promotion beside a primary that is alive. */
const view: View = {
  elapsedMs: 83_000,
  psql: "psql 'host=127.0.0.1 port=6432 user=postgres dbname=postgres'",
  url: 'postgres://postgres@127.0.0.1:6432/postgres',
  page: 'http://127.0.0.1:23039/',
  explain: 'pg_gateway explain --url http://127.0.0.1:23039',
  servers: [
    {
      ...server,
      name: 'server1',
      role: 'primary',
      timeline: 1,
      verdict: { standing: 'stale', note: 'claims to be primary on the older timeline 1' },
    },
    {
      ...server,
      name: 'server2',
      role: 'primary',
      isRoute: true,
      verdict: { standing: 'primary', note: 'is primary on timeline 2' },
    },
    { ...server, name: 'server3' },
  ],
  gateway: {
    to: 'server2',
    epoch: 3,
    clients: 1,
    why: 'server2 is primary: its timeline 2 is newer than that of server1 (rule: newestTimeline)',
  },
  writer: {
    writes: 1234,
    errors: 1,
    lost: 2,
    gapMs: 23,
    longestMs: 184,
    last: undefined,
    isFresh: false,
    lastError: { text: 'ECONNRESET read', agoMs: 2000 },
    history: Array.from({ length: 60 }, (_, n) => n * 10),
  },
  taker: 'server2',
  chosen: undefined,
  busy: undefined,
  events: Array.from(
    { length: 100 },
    (_, n) => ({ at: n * 1000, text: `event ${n}`, isProblem: n % 2 === 0 }),
  ),
};

const seen = (view: View, rows: number, columns: number): string[] =>
  frame(view, colours, rows, columns).map(stripVTControlCharacters);

const keys = ['k kill -9', 's stop', 'f freeze/thaw', 'p promote', 'b bring back', 'w switchover', 'q quit'];
const showsKeys = (text: string): boolean => keys.every((key) => text.includes(key));

describe('the frame', () => {
  for (const [columns, rows] of [[80, 24], [60, 15], [200, 60], [40, 10], [159, 24], [160, 24]] as const) {
    test(`fills ${columns}x${rows} exactly, and shows servers, gateway and keys`, () => {
      const lines = seen(view, rows, columns);
      assert.equal(lines.length, rows);
      assert.deepEqual(lines.filter((line) => [...line].length !== columns), []);
      const text = lines.join('\n');
      assert.ok(showsKeys(text), text);
      for (const part of ['server1', 'server2', 'server3', 'routes to server2']) {
        assert.ok(text.includes(part));
      }
    });
  }

  test('fits every size in width and height', () => {
    for (let columns = 1; columns <= 170; columns++) {
      for (let rows = 1; rows <= 40; rows++) {
        const lines = seen(view, rows, columns);
        assert.ok(lines.length <= rows, `${columns}x${rows}: ${lines.length} lines`);
        for (const line of lines) assert.equal([...line].length, columns, `${columns}x${rows}: ${line}`);
      }
    }
  });

  test('says in one line that 20x5 is too small, and how large it must be', () => {
    const lines = seen(view, 5, 20);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /too small: 40x10/);
    assert.match(seen(view, least.rows - 1, 80).join(), /80 columns and 9 rows: the demo needs 40 and 10/);
    assert.match(seen(view, 24, least.columns - 1).join(), /39x24 is too small: 40x10 needed/);
  });

  test('says at 80x24 why, with what the gateway says of each server, and what to type to read more', () => {
    const text = seen(view, 24, 80).join('\n');
    assert.match(text, /stale: claims to be primary on the older timeline 1/);
    assert.match(text, /primary: is primary on timeline 2/);
    assert.match(text, /verdict {3}server2 is primary: its timeline 2 is newer than that of server1/);
    assert.match(text, /pg_gateway explain --url http:\/\/127\.0\.0\.1:23039/);
    assert.match(text, /1 error, 2 sessions lost; ECONNRESET read \(2\.0 s ago\)/);
    assert.match(text, /01:39 event 99/);
  });

  test('shows a standing that it has never heard of', () => {
    const verdict = { standing: 'rejecting', note: 'is up, but rejects the probe' };
    const text = seen({ ...view, servers: [{ ...server, name: 'server1', verdict }] }, 24, 80).join('\n');
    assert.match(text, /rejecting: is up, but rejects the probe/);
  });

  test('drops events first, then the history, and the keys never', () => {
    const has = (rows: number, pattern: RegExp) => pattern.test(seen(view, rows, 80).join('\n'));
    const lowest = (pattern: RegExp) => {
      for (let rows = 60; rows >= least.rows; rows--) if (!has(rows, pattern)) return rows + 1;
      return least.rows;
    };
    const [events, history, title] = [lowest(/event 99/), lowest(/[▁▂▃▄▅▆▇█]/), lowest(/pg_gateway demo/)];
    assert.ok(events > history, `${events} ${history}`);
    assert.ok(history > title, `${history} ${title}`);
    for (let rows = 60; rows >= least.rows; rows--) assert.ok(showsKeys(seen(view, rows, 80).join('\n')));
  });

  test('wraps a long event instead of hiding what to do', () => {
    const text = `promoted server2; server3 does not follow it: ${
      'because '.repeat(12)
    }; back (b) makes it a standby`;
    const lines = seen({ ...view, events: [...view.events, { at: 0, text, isProblem: false }] }, 24, 80);
    assert.match(lines.join('\n'), /back \(b\) makes it a standby/);
  });

  test('lets no server write control characters, or characters of another width, to the terminal', () => {
    const note = 'says \x1b[2J\r\n\t\u{1f600}\u4e2d\u0301 and more';
    const servers = [{ ...server, name: 'server1', verdict: { standing: 'down', note } }];
    const lines = frame({ ...view, servers }, plain, 24, 80);
    assert.equal(lines.find((line) => line.includes('down:'))?.trim(), 'down: says  [2J   ??? and more');
  });

  test('tells of a gateway that is down instead of where it routes', () => {
    const text = seen({ ...view, gateway: { trouble: 'is down: killed' } }, 24, 80).join('\n');
    assert.match(text, /gateway {3}is down: killed/);
    assert.doesNotMatch(text, /server2 is primary:/);
  });
});
