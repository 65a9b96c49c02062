/** `pg_gateway explain`: asks a running gateway why it does what it does, and prints that in plain English. */
import { get } from 'node:http';
import { type ArgsDef, defineCommand } from 'citty';
import { explanation } from './explanation.ts';
import type { Status } from '../../admin/status.ts';
import { codeOf, ConfigError, messageOf, StartError } from '../../errors.ts';
import { bracketed } from '../../runtime/addresses.ts';
import { isGiven, readMetrics } from '../../config/config.ts';
import type { Sources } from '../../config/sources.ts';
import { settingArgs, sourcesOf } from '../args.ts';
import { askAt, gatewaySettings, severalGateways, socketsIn } from '../ask.ts';
import { print } from '../print.ts';

/** How long the gateway may take, and how much it may say. */
const limits = { ms: 3_000, bytes: 8 * 1024 * 1024 } as const;

const metricsSettings = ['METRICS_HOST', 'METRICS_PORT'] as const;

/** What tells where a gateway is. */
const taken = [...metricsSettings, ...gatewaySettings];

const ownArgs: ArgsDef = {
  url: {
    type: 'string',
    description:
      'the metrics port of the gateway (default: METRICS_HOST and METRICS_PORT, or its control socket)',
    valueHint: 'http://host:port',
  },
  json: { type: 'boolean', description: 'print /status, as JSON' },
};

export const explain = defineCommand({
  meta: {
    name: 'explain',
    description:
      'Ask a running gateway who is primary, why, and what clients experience; exit code 0 only if there is one.',
  },
  args: { ...settingArgs(taken), ...ownArgs },
  async run({ args: { url: given, json, ...args } }) {
    const { status, text } = await statusOf(given, sourcesOf(args, [], taken));
    print(json ? text.trimEnd() : explanation(status));
    return status.route.primary === null ? 1 : 0;
  },
});

/**
 * From where it is said that it is to be had; else over a control socket; else from the metrics port where that is by default.
 * Throws ConfigError or StartError.
 */
async function statusOf(url: unknown, sources: Sources): Promise<{ status: Status; text: string }> {
  const metrics = readMetrics(sources);
  const hasNamed = url !== undefined ||
    (metrics !== undefined && metrics.port > 0 && isGiven(sources, metricsSettings));
  const [socket, ...others] = hasNamed ? [] : socketsIn(sources) ?? [];
  if (socket !== undefined && (others.length === 0 || metrics === undefined)) {
    if (others.length > 0) throw severalGateways([socket, ...others]);
    const status = await askAt<Status>(socket, 'status');
    return { status, text: JSON.stringify(status, null, 2) };
  }
  const from = urlOf(url, metrics);
  const text = await ask(from);
  return { status: read(text, from), text };
}

/** Throws ConfigError. */
function urlOf(given: unknown, metrics: { readonly host: string; readonly port: number } | undefined): URL {
  if (given === undefined) {
    if (metrics !== undefined && metrics.port > 0) {
      return new URL(`http://${reachable(metrics.host)}:${metrics.port}/status`);
    }
    throw new ConfigError([
      'METRICS_PORT names no port that could be asked, and there is no control socket: give one, or --url http://host:port',
    ]);
  }
  const url = typeof given === 'string' && URL.canParse(given)
    ? new URL('/status', new URL(given).origin)
    : undefined;
  if (url?.protocol === 'http:') return url;
  throw new ConfigError([`--url ${given} is not of the form http://host:port`]);
}

/** Where a server that listens on every address of this machine is asked. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return bracketed(host);
}

/**
 * By node:http and not by `fetch`, which under Bun and Deno takes HTTP_PROXY, and has another error on each runtime.
 */
function ask(url: URL): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = (why: string): void => {
    reject(
      new StartError(
        `no gateway explains itself at ${url}: ${why}. Check that it runs, and where its metrics port is ` +
          '(METRICS_HOST, METRICS_PORT; the log line "listening" tells): name it with --url http://host:port.',
      ),
    );
    request.destroy();
  };
  const deadline = setTimeout(() => fail(`no answer within ${limits.ms / 1000} s`), limits.ms);
  const request = get(url, { agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > limits.bytes) fail('the answer has no end');
    });
    response.on('error', (error) => fail(messageOf(error)));
    response.on('end', () => {
      if (response.statusCode === 200) resolve(text);
      else fail(`it says ${response.statusCode}, so it is another program or an older version`);
    });
  });
  request.on('error', (error) => fail(whatFailed(error)));
  return promise.finally(() => clearTimeout(deadline));
}

/** Each runtime has words of its own for an answer that is not HTTP; only the network's codes are the same. */
function whatFailed(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ECONNRESET') return 'the connection was closed without an answer, so it is another program';
  if (/^E[A-Z]+$/.test(code)) return code;
  return `what answers there does not speak HTTP (${code || messageOf(error)}), so it is another program`;
}

function read(text: string, url: URL): Status {
  try {
    const status = JSON.parse(text) as Status;
    if (typeof status.route.epoch === 'number' && Array.isArray(status.candidates)) return status;
  } catch {
    // Not JSON, or of another shape: said below.
  }
  throw new StartError(
    `what answers at ${url} is not a pg_gateway: check --url, METRICS_HOST and METRICS_PORT.`,
  );
}
