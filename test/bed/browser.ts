/** A headless Chromium with one tab, spoken to over a pipe: it ends when the pipe does, however this process ends. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

export interface View {
  readonly width: number;
  readonly height: number;
  readonly theme: 'light' | 'dark';
}

export interface Browser {
  /** Resolves once the page has loaded. */
  open(url: string): Promise<void>;
  /** The value of an expression in the page, awaited. Rejects with what it throws. */
  run<T>(expression: string): Promise<T>;
  show(view: View): Promise<void>;
  /** The page as PNG; the whole of it, or what fits the view. */
  picture(path: string, extent?: 'all' | 'view'): Promise<void>;
  /** All addresses asked for since `open`. */
  readonly requests: readonly string[];
  /** Errors in the console, exceptions, and violations of the page's policy since `open`. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

const command = 'chromium';

/** Why there is no browser here; false: there is one. */
export function noBrowser(): string | false {
  return spawnSync(command, ['--version']).status === 0
    ? false
    : 'chromium is not installed (apt-get install chromium)';
}

type Params = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly method?: string;
  // deno-lint-ignore no-explicit-any -- what the DevTools protocol says, read field by field
  readonly params?: any;
  // deno-lint-ignore no-explicit-any -- the same
  readonly result?: any;
  readonly error?: { readonly message: string };
}

export async function startBrowser(): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), 'browser-'));
  const child = launch(folder);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const requests: string[] = [];
  const complaints: string[] = [];
  let loaded = (): void => {};
  const pipe = pipeOf(child, ({ method, params }) => {
    if (method === 'Page.loadEventFired') loaded();
    else if (method === 'Network.requestWillBeSent') requests.push(params.request.url);
    else {
      const complaint = complaintIn(method, params);
      if (complaint !== undefined) complaints.push(complaint);
    }
  });
  const { targetId } = await pipe.ask('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await pipe.ask('Target.attachToTarget', { targetId, flatten: true });
  const ask = (method: string, params: Params = {}) => pipe.ask(method, params, sessionId);
  for (const domain of ['Page', 'Network', 'Runtime', 'Log', 'Audits']) await ask(`${domain}.enable`);
  return {
    requests,
    complaints,
    open: async (url) => {
      requests.length = 0;
      complaints.length = 0;
      const done = new Promise<void>((resolve) => loaded = resolve);
      await ask('Page.navigate', { url });
      await done;
    },
    run: async (expression) => {
      const { result, exceptionDetails } = await ask('Runtime.evaluate', {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    show: async ({ width, height, theme }) => {
      const features = [{ name: 'prefers-color-scheme', value: theme }];
      await ask('Emulation.setEmulatedMedia', { features });
      await ask('Emulation.setDeviceMetricsOverride', {
        width,
        height,
        deviceScaleFactor: 1,
        mobile: width < 600,
      });
      // What follows the size and the theme is drawn before the next but one frame.
      await ask('Runtime.evaluate', {
        expression: 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
        awaitPromise: true,
      });
    },
    picture: async (path, extent = 'view') => {
      const { data } = await ask('Page.captureScreenshot', { captureBeyondViewport: extent === 'all' });
      writeFileSync(path, Buffer.from(data, 'base64'));
    },
    close: async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function launch(folder: string): ChildProcess {
  return spawn(command, [
    '--headless',
    '--remote-debugging-pipe',
    // Tests run as root in containers; the only pages are ours.
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-background-networking',
    '--disable-component-update',
    '--no-first-run',
    '--hide-scrollbars',
    `--user-data-dir=${folder}`,
  ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
}

/** Messages are JSON with a zero byte after each. */
function pipeOf(child: ChildProcess, heard: (message: Message) => void) {
  const [input, output] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const waiting = new Map<number, (message: Message) => void>();
  let number = 0;
  let text = '';
  output.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (text + chunk).split('\0');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const message: Message = JSON.parse(part);
      if (message.id === undefined) heard(message);
      else waiting.get(message.id)?.(message);
    }
  });
  input.on('error', () => {});
  const gone = new Promise<never>((_, reject) => {
    child.once('close', () => reject(new Error('chromium has ended')));
  });
  gone.catch(() => {});
  const ask = (method: string, params: Params = {}, sessionId?: string) => {
    const id = number += 1;
    // deno-lint-ignore no-explicit-any -- what the DevTools protocol says, read field by field
    const answer = new Promise<any>((resolve, reject) => {
      waiting.set(id, ({ result, error }) => {
        waiting.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result);
      });
    });
    input.write(`${JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) })}\0`);
    return Promise.race([answer, gone]);
  };
  return { ask };
}

// deno-lint-ignore no-explicit-any -- what the DevTools protocol says, read field by field
function complaintIn(method: string | undefined, params: any): string | undefined {
  switch (method) {
    case 'Log.entryAdded':
      return params.entry.level === 'error' ? `${params.entry.text} ${params.entry.url ?? ''}` : undefined;
    case 'Runtime.exceptionThrown':
      return params.exceptionDetails.exception?.description ?? params.exceptionDetails.text;
    case 'Runtime.consoleAPICalled':
      return ['error', 'warning'].includes(params.type) ? JSON.stringify(params.args) : undefined;
    case 'Audits.issueAdded':
      return params.issue.code === 'ContentSecurityPolicyIssue'
        ? JSON.stringify(params.issue.details)
        : undefined;
    default:
      return undefined;
  }
}
