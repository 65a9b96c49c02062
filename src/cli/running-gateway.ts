/**
 * `/status` of a running gateway, for commands that only ask: from where it is said that it is to be had; else over a control
 * socket; else from the metrics port where that is by default.
 */
import { get } from 'node:http';
import type { ArgsDef, ParsedArgs } from 'citty';
import type { Status } from '../admin/status.ts';
import { isGiven, readMetrics } from '../config/config.ts';
import { deferred } from '../deferred.ts';
import { codeOf, ConfigError, messageOf, StartError } from '../errors.ts';
import { bracketed } from '../runtime/addresses.ts';
import { settingArgs, sourcesOf } from './args.ts';
import { askAt, gatewaySettings, severalGateways, socketsIn } from './ask.ts';
import { checked, statusIn } from './status/reading.ts';

/** How long the gateway may take, and how much it may say. */
const limits = { ms: 3_000, bytes: 8 * 1024 * 1024 } as const;

const metricsSettings = ['METRICS_HOST', 'METRICS_PORT'] as const;

/** What tells where a gateway is. */
const taken = [...metricsSettings, 'METRICS_TOKEN_FILE', ...gatewaySettings] as const;

export const runningArgs: ArgsDef = {
  ...settingArgs(taken),
  url: {
    type: 'string',
    description:
      'the metrics port of the gateway (default: METRICS_HOST and METRICS_PORT, or its control socket)',
    valueHint: 'http://host:port',
  },
};

export interface RunningStatus {
  readonly status: Status;
  /** The JSON that it came as. */
  readonly text: string;
  /** The socket or the URL, for messages. */
  readonly where: string;
}

/** Rejects with ConfigError where it is not clear which gateway is meant, with StartError where it does not answer. */
export async function runningStatus({ url, ...args }: ParsedArgs): Promise<RunningStatus> {
  const sources = sourcesOf(args, [], taken);
  const { address, token } = readMetrics(sources);
  const { CONTROL_SOCKET: socketFlag, LISTEN_PORT: portFlag } = sources.flags;
  const isSocketMeant = socketFlag !== undefined || portFlag !== undefined;
  const isPortMeant = !isSocketMeant && address !== undefined && address.port > 0 &&
    isGiven(sources, metricsSettings);
  const [socket, ...others] = url !== undefined || isPortMeant ? [] : await socketsIn(sources) ?? [];
  if (socket !== undefined && (others.length === 0 || address === undefined || isSocketMeant)) {
    if (others.length > 0) throw severalGateways([socket, ...others]);
    const status = checked(await askAt(socket, 'status'), socket);
    return { status, text: JSON.stringify(status, null, 2), where: socket };
  }
  const from = statusUrl(url, address);
  const text = await ask(from, token?.());
  return { status: statusIn(text, from.href), text, where: from.href };
}

/** Throws ConfigError. */
function statusUrl(
  given: unknown,
  metrics: { readonly host: string; readonly port: number } | undefined,
): URL {
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
function ask(url: URL, token: string | undefined): Promise<string> {
  const { promise, resolve, reject } = deferred<string>();
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
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const request = get(url, { agent: false, headers }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > limits.bytes) fail('the answer has no end');
    });
    response.on('error', (error) => fail(messageOf(error)));
    response.on('end', () => {
      if (response.statusCode === 200) resolve(text);
      else if (response.statusCode === 401) reject(new StartError(unlet(url, token)));
      else fail(`it says ${response.statusCode}, so it is another program or an older version`);
    });
  });
  request.on('error', (error) => fail(whatFailed(error)));
  return promise.finally(() => clearTimeout(deadline));
}

function unlet(url: URL, token: string | undefined): string {
  return token === undefined
    ? `the gateway at ${url} wants a token: set METRICS_TOKEN or METRICS_TOKEN_FILE to that of the gateway.`
    : `the gateway at ${url} wants another token: METRICS_TOKEN or METRICS_TOKEN_FILE must be that of the gateway.`;
}

/** Each runtime has words of its own for an answer that is not HTTP; only the network's codes are the same. */
function whatFailed(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ECONNRESET') return 'the connection was closed without an answer, so it is another program';
  if (/^E[A-Z]+$/.test(code)) return code;
  return `what answers there does not speak HTTP (${code || messageOf(error)}), so it is another program`;
}
