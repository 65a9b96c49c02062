/** What stands behind the address of a `bind` or a `server`: words alone, and words with a value. Pure. */

export interface Parameter {
  readonly value: string;
  /** Of the `default-server` where it is from there. */
  readonly line: number;
}

export type Parameters = ReadonlyMap<string, Parameter>;

/** Those without a value; all others have one ("Bind options" and "Server and default-server options" in HAProxy's manual). */
const alone = new Set(
  ('check backup disabled enabled stick non-stick send-proxy send-proxy-v2 send-proxy-v2-ssl send-proxy-v2-ssl-cn ' +
    'check-send-proxy check-via-socks4 ssl check-ssl tfo allow-0rtt agent-check ' +
    'no-backup no-check no-agent-check no-disabled no-send-proxy no-send-proxy-v2 no-ssl no-check-ssl no-tfo ' +
    'no-verifyhost no-sslv3 no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 no-tls-tickets no-ssl-reuse ssl-reuse tls-tickets ' +
    'force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 ' +
    'accept-proxy defer-accept transparent v4v6 v6only strict-sni generate-certificates prefer-client-ciphers ' +
    'crt-ignore-err ca-ignore-err quic-force-retry').split(' '),
);

/** The last of a word counts; `no-check` takes `check` back. A word alone has the value ''. */
export function parametersOf(
  line: number,
  words: readonly string[],
  before: Parameters = new Map(),
): Parameters {
  const found = new Map(before);
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (!alone.has(word)) found.set(word, { value: words[++at] ?? '', line });
    else if (word.startsWith('no-')) found.delete(word.slice('no-'.length));
    else if (word === 'enabled') found.delete('disabled');
    else found.set(word, { value: '', line });
  }
  return found;
}
