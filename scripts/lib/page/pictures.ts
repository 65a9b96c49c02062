/** Pictures of the status page for docs/operations.md, in situations that are made up. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { serveMetricsPort } from '../../../src/admin/metrics-port.ts';
import { pagesOf } from '../../../src/admin/pages.ts';
import { type Browser, noBrowser, startBrowser, type View } from '../../../test/bed/browser.ts';
import { atRest, failingOver, type Scene, snapshotIn } from '../../../test/bed/page-scenes.ts';
import { waitFor } from '../../../test/bed/wait-for.ts';

const size = { width: 1120, height: 760 } as const;

const pictures: readonly { readonly name: string; readonly scene: Scene; readonly view: View }[] = [
  { name: 'page-at-rest.png', scene: atRest, view: { ...size, theme: 'light' } },
  { name: 'page-no-primary.png', scene: failingOver, view: { ...size, theme: 'dark' } },
];

/** Throws an Error where there is no browser. */
export async function takePictures(folder: string): Promise<void> {
  const trouble = noBrowser();
  if (trouble) throw new Error(trouble);
  mkdirSync(folder, { recursive: true });
  const browser = await startBrowser();
  try {
    for (const { name, scene, view } of pictures) {
      await browser.show(view);
      await takePicture(browser, scene, join(folder, name));
    }
  } finally {
    await browser.close();
  }
}

async function takePicture(browser: Browser, scene: Scene, path: string): Promise<void> {
  const snapshot = snapshotIn(scene);
  const server = await serveMetricsPort('127.0.0.1', 0, pagesOf(() => snapshot));
  try {
    await browser.open(`http://127.0.0.1:${server.port}/`);
    await waitFor('the page to show something', () => browser.run("!document.querySelector('main').hidden"));
    await browser.run("document.querySelector('#where').textContent = 'gateway.example.com:6433'");
    await browser.picture(path);
    console.log(path);
  } finally {
    server.close();
  }
}
