import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { HttpServer } from '../../src/admin/http.ts';
import { serveMetricsPort } from '../../src/admin/metrics-port.ts';
import { pagesOf } from '../../src/admin/pages.ts';
import { type Browser, noBrowser, startBrowser } from '../bed/browser.ts';
import { ask, clientOf } from '../bed/clients.ts';
import { startCluster } from '../bed/cluster.ts';
import { gatewayRuntime, patient, startGateway } from '../bed/gateway.ts';
import {
  atRest,
  failingOver,
  fifty,
  hostile,
  type Scene,
  snapshotIn,
  splitBrain,
} from '../bed/page-scenes.ts';
import { waitFor } from '../bed/wait-for.ts';

const themes = ['light', 'dark'] as const;
const phone = { width: 390, height: 844, theme: 'light' } as const;
const screen = { width: 1280, height: 800, theme: 'light' } as const;

describe(`the status page on ${gatewayRuntime}`, () => {
  test('is one text, whose script and style are the only ones that its policy allows', async () => {
    const gateway = await startGateway({ CANDIDATES: '127.0.0.1:1' });
    try {
      const response = await fetch(`http://127.0.0.1:${gateway.metricsPort}/`);
      assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
      const policy = response.headers.get('content-security-policy') ?? '';
      assert.match(policy, /^default-src 'none'; .*connect-src 'self'; /);
      assert.doesNotMatch(policy, /unsafe|\*/);
      const html = await response.text();
      for (const kind of ['script', 'style']) {
        const [text = ''] = [...html.matchAll(new RegExp(`<${kind}>([^]*)</${kind}>`, 'g'))].map(([, text]) =>
          text
        );
        const hash = createHash('sha256').update(text).digest('base64');
        assert.ok(
          policy.includes(`${kind}-src 'sha256-${hash}';`),
          `${kind}: ${hash}, and the policy says ${policy}`,
        );
      }
    } finally {
      await gateway.stop();
    }
  });
});

/** The page is the same on all of them; the executable is what most people run. */
const skip = noBrowser() ||
  (gatewayRuntime !== 'binary' && 'the page is looked at once, before the executable');

describe('the status page in a browser', { skip }, () => {
  let browser: Browser;
  before(async () => browser = await startBrowser());
  after(() => browser?.close());

  const textOf = (selector: string): Promise<string> =>
    browser.run(
      `[...document.querySelectorAll(${JSON.stringify(selector)})].map((e) => e.innerText).join('\\n')`,
    );
  /** Waits until the text of `selector` is like that. */
  const shows = (selector: string, pattern: RegExp): Promise<string> => {
    let last = '';
    return waitFor(`${selector} to show ${pattern}`, async () => {
      last = await textOf(selector);
      return pattern.test(last) && last;
    }, { evidence: () => `it shows: ${last}` });
  };
  /** That nothing else was asked, and nothing was wrong. */
  const assertClean = (port: number): void => {
    const strangers = browser.requests.filter((url) =>
      !url.startsWith(`http://127.0.0.1:${port}/`) && url !== 'data:,'
    );
    assert.deepEqual([strangers, browser.complaints], [[], []]);
    assert.ok(browser.requests.length >= 4);
  };
  const open = async (port: number): Promise<void> => {
    await browser.open(`http://127.0.0.1:${port}/`);
    await waitFor('the page to show something', () => browser.run("!document.querySelector('main').hidden"));
  };
  const inScene = async (scene: Scene, look: (port: number) => Promise<void>): Promise<void> => {
    const snapshot = snapshotIn(scene);
    const server = await serveMetricsPort('127.0.0.1', 0, pagesOf(() => snapshot));
    try {
      await look(server.port);
    } finally {
      server.close();
    }
  };

  test('shows the new primary after a failover, and what clients felt', async () => {
    const cluster = await startCluster({ standbys: 1 });
    const gateway = await startGateway({ CANDIDATES: cluster.candidates, HOLD_MS: '60000', ...patient });
    const [old, next] = [cluster.server(0).address, cluster.server(1).address];
    try {
      await gateway.routesTo(cluster.first.port);
      await browser.show(screen);
      await open(gateway.metricsPort);
      await shows('#primary', new RegExp(`^${old}$`));
      const idle = clientOf(gateway.port, { onclose: () => {} });
      await idle`select 1`;
      await shows('#candidates .primary', new RegExp(`${old}\\s+primary\\s+1 session`));
      // It counts the sessions that there were when the primary was last confirmed.
      const probes = `pg_gateway_probe_duration_seconds_count{candidate="${old}"}`;
      const asked = await gateway.metric(probes) ?? 0;
      await waitFor('another probe', async () => (await gateway.metric(probes) ?? 0) > asked);
      await cluster.first.kill();
      const waiting = ask(gateway.port, 'select 1 as n', { connect_timeout: 60 });
      await shows('#primary', /^none$/);
      await shows('#held', /^1$/);
      await shows('#events .interruption', /is lost\n+.* without a primary so far/);
      await cluster.server(1).promote();
      await waiting;
      await shows('#primary', new RegExp(`^${next}$`));
      await shows('#why', new RegExp(`${next} is primary on timeline 2`));
      const felt = await shows(
        '#events .interruption',
        new RegExp(`${old} → ${next}\n+.* ended, 1 client waited`),
      );
      assert.match(
        felt,
        /^[\d:]{8}\n+.*\n+\d[\d.]* (?:m?s|min \d+ s) without a primary, 1 session ended, 1 client waited\n/,
      );
      assert.match(await textOf('#about'), /pg_gateway \S+ .* engine on bun/);
      assertClean(gateway.metricsPort);
      await idle.end({ timeout: 0 });
    } finally {
      await gateway.stop();
      await cluster.close();
    }
  });

  test('goes on showing what it knew while the gateway is away, says so, and comes back', async () => {
    const snapshot = snapshotIn(atRest);
    let server: HttpServer | undefined = await serveMetricsPort('127.0.0.1', 0, pagesOf(() => snapshot));
    const { port } = server;
    try {
      await open(port);
      server.close();
      await shows('#reach', /^Not reached since [\d:]{8}, for \d.*\. This is what was known then\.$/);
      assert.equal(await textOf('#primary'), 'db2.example.com');
      assert.match(await textOf('#verdict-label'), /when last heard of/);
      server = await serveMetricsPort('127.0.0.1', port, pagesOf(() => snapshot));
      await shows('#reach', /^[\d:]{8}$/);
    } finally {
      server?.close();
    }
  });

  test('shows fifty candidates, and the name of one stays text whatever it means to a browser', async () => {
    await inScene(fifty, async (port) => {
      for (const view of [phone, screen]) {
        await browser.show(view);
        await open(port);
        assert.equal(await browser.run("document.querySelectorAll('#candidates li').length"), 50);
        assert.match(await textOf('#candidates'), new RegExp(hostile.replace(/[()]/g, '\\$&')));
        assert.equal(await browser.run("document.querySelectorAll('img').length"), 0);
        const isWider = 'document.documentElement.scrollWidth > innerWidth';
        assert.equal(await browser.run(isWider), false, `it must be scrolled sideways at ${view.width}`);
        assertClean(port);
      }
    });
  });

  const axe = readFileSync(join(import.meta.dirname, '../../node_modules/axe-core/axe.min.js'), 'utf8');
  for (const [name, scene] of Object.entries({ atRest, failingOver, splitBrain, fifty })) {
    test(`axe finds nothing in the scene ${name}, in both themes`, async () => {
      await inScene(scene, async (port) => {
        await browser.show(screen);
        await open(port);
        await browser.run(`${axe}; undefined`);
        for (const theme of themes) {
          await browser.show({ ...screen, theme });
          const found = await browser.run(
            `axe.run().then(({ violations }) => violations.map(({ id, nodes }) =>
            id + ': ' + nodes.map(({ target, failureSummary }) => target + ' ' + failureSummary).join('; ')))`,
          );
          assert.deepEqual(found, [], theme);
        }
      });
    });
  }
});
