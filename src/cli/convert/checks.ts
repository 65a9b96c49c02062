/** Which server the check of a section looks for: the primary, a standby, or any. Pure. */
import { type Directive, directives, type Section } from './sections.ts';

/** `any`: a standby, or the primary; `unsaid`: the check does not tell one from the other. */
export type Wanted = 'primary' | 'standby' | 'any' | 'unsaid';

export interface Check {
  readonly wanted: Wanted;
  /** What it is, for a person: `option httpchk OPTIONS /replica`. */
  readonly what: string;
  readonly line: number | undefined;
  /** Of PostgreSQL, or of a manager of it; undefined: the check does not say. */
  readonly isPostgres: boolean | undefined;
  /** Why the role is unsaid, as the end of a sentence that begins with `what`. */
  readonly why?: string;
  /** `?lag=` of Patroni's paths. */
  readonly lag?: string | undefined;
  /** What else stood behind the question mark. */
  readonly query?: string;
  /** The role that it names to PostgreSQL. */
  readonly user?: string | undefined;
  readonly isPatroni?: boolean;
}

/** The paths of Patroni's REST API that are about one role. */
const paths: Readonly<Record<string, Wanted>> = {
  '/': 'primary',
  '/primary': 'primary',
  '/master': 'primary',
  '/leader': 'primary',
  '/read-write': 'primary',
  '/replica': 'standby',
  '/read-only': 'any',
};

/** Those that the gateway has no counterpart for. */
const others: Readonly<Record<string, string>> = {
  '/standby-leader': 'looks for the leader of a standby cluster, which is no primary',
  '/standby_leader': 'looks for the leader of a standby cluster, which is no primary',
  '/sync': 'looks for synchronous standbys, which the gateway does not tell from others',
  '/synchronous': 'looks for synchronous standbys, which the gateway does not tell from others',
  '/read-only-sync': 'looks for synchronous standbys, which the gateway does not tell from others',
  '/quorum': 'looks for the standbys of a quorum, which the gateway does not tell from others',
  '/read-only-quorum': 'looks for the standbys of a quorum, which the gateway does not tell from others',
  '/async': 'looks for asynchronous standbys, which the gateway does not tell from others',
  '/asynchronous': 'looks for asynchronous standbys, which the gateway does not tell from others',
};

/** Of its REST API, unless it is set. */
const patroniPort = '8008';

const foreign = ['redis-check', 'mysql-check', 'ldap-check', 'smtpchk', 'ssl-hello-chk', 'spop-check'];
const kinds = ['httpchk', 'tcp-check', 'pgsql-check', 'external-check', ...foreign];

/** `ports`: on which the servers are checked, where it is another port than their own. */
export function checkOf(section: Section, ports: readonly string[]): Check {
  const options = directives(section, 'option').filter(({ words }) => kinds.includes(words[1] ?? ''));
  const option = options.at(-1);
  const kind = option?.words[1];
  if (option === undefined || kind === undefined || option.isNegated) {
    return {
      wanted: 'unsaid',
      what: 'a check',
      line: undefined,
      isPostgres: undefined,
      why: 'sees only that a port is open',
    };
  }
  const what = `option ${kind}`;
  const { line } = option;
  if (kind === 'httpchk') return httpCheck(section, option, ports);
  if (kind === 'tcp-check') return { line, ...tcpCheck(section) };
  if (kind === 'pgsql-check') {
    const user = option.words[2] === 'user' ? roleIn(option.words[3]) : undefined;
    return { wanted: 'unsaid', what, line, isPostgres: true, user, why: 'sees only that PostgreSQL answers' };
  }
  if (kind === 'external-check') {
    return { wanted: 'unsaid', what, line, isPostgres: undefined, why: 'is a program of yours' };
  }
  return { wanted: 'unsaid', what, line, isPostgres: false, why: 'is not for PostgreSQL' };
}

/** `option httpchk [METHOD] [PATH [VERSION]]`, and in newer files `http-check send meth METHOD uri PATH`. */
function httpCheck(section: Section, { words, line: at }: Directive, ofServers: readonly string[]): Check {
  const [, , first, second] = words;
  const sends = directives(section, 'http-check', 'send').filter(({ words }) =>
    words.some((word) => word === 'uri' || word === 'uri-lf')
  );
  const [method, uri] = second === undefined ? ['OPTIONS', first ?? '/'] : [first, second];
  const asked = sends.map(({ line, words }) => ({
    line,
    method: after(words, 'meth') ?? method,
    uri: after(words, 'uri') ?? after(words, 'uri-lf') ?? '',
  }));
  if (asked.length === 0) asked.push({ line: at, method, uri });
  const { line, ...one } = asked[0]!;
  const [path = '', query = ''] = one.uri.split('?', 2);
  const what = `httpchk ${one.method} ${path}`;
  const unsaid = (why: string, isPostgres?: boolean): Check => ({
    wanted: 'unsaid',
    what,
    line,
    isPostgres,
    why,
  });
  if (asked.some(({ uri }) => uri !== one.uri)) return unsaid('asks for several paths');
  const expects = directives(section, 'http-check', 'expect').map(({ words }) => words.slice(2));
  if (
    expects.some((words) => words.includes('!') || (status(words) !== undefined && !isGood(status(words)!)))
  ) {
    return unsaid('wants an answer other than 200');
  }
  // The gateway's own checks, for HAProxy that asks it.
  const plain = path.replace(/^\/candidates\/[^/]+(?=\/)/, '').replace(/(?<=.)\/$/, '').toLowerCase();
  const other = Object.hasOwn(others, plain) ? others[plain] : undefined;
  if (other !== undefined) return unsaid(other, true);
  const wanted = Object.hasOwn(paths, plain) ? paths[plain] : undefined;
  if (wanted === undefined) return unsaid('asks for a path that is none of Patroni about a role');
  const connects = directives(section, 'http-check', 'connect').map(({ words }) => after(words, 'port'));
  const ports = [...ofServers, ...connects.filter((port) => port !== undefined)];
  if (plain === '/' && ports.length === 0) {
    return unsaid('asks for "/" at the port of the server itself, so it is not asked of Patroni');
  }
  const parts = query.split('&').filter((part) => part !== '');
  const lag = parts.find((part) => part.startsWith('lag='))?.slice('lag='.length);
  const rest = parts.filter((part) => !part.startsWith('lag=')).join('&');
  return {
    wanted,
    what,
    line,
    // The root of any other service says 200 as well, as where MySQL is checked by one on port 9200.
    isPostgres: plain === '/' && !ports.includes(patroniPort) ? undefined : true,
    isPatroni: true,
    lag,
    ...rest === '' ? {} : { query: rest },
  };
}

/** A role that can be written into a file as it is; undefined: not that one. */
function roleIn(text = ''): string | undefined {
  return /^[\w.$-]{1,63}$/.test(text) ? text : undefined;
}

function after(words: readonly string[], keyword: string): string | undefined {
  const at = words.indexOf(keyword);
  return at < 0 ? undefined : words[at + 1];
}

function status(words: readonly string[]): string | undefined {
  return after(words, 'status') ?? after(words, 'rstatus');
}

/** 200, 200-299, ^2. */
function isGood(status: string): boolean {
  return /^\^?\(?2/.test(status);
}

/** PostgreSQL's own protocol in hexadecimal: which question it has in it, and which answer is wanted. */
function tcpCheck(section: Section): Omit<Check, 'line'> {
  const sent = directives(section, 'tcp-check').filter(({ words }) => words[1]?.startsWith('send'));
  const bytes = sent.map(({ words: [, send, data = ''] }) => send === 'send-binary' ? unhex(data) : data)
    .join(
      '',
    );
  const user = roleIn(/\0?user\0([^\0]{1,63})\0/.exec(bytes)?.[1]);
  const question = /pg_is_in_recovery|transaction_read_only|in_hot_standby/i.exec(bytes)?.[0];
  const what = 'option tcp-check';
  if (question === undefined) {
    const isPostgres = user === undefined ? undefined : true;
    return { wanted: 'unsaid', what, isPostgres, user, why: 'does not ask which role a server has' };
  }
  const answers = directives(section, 'tcp-check', 'expect').flatMap(({ words }) => {
    const kind = words.findIndex((word) => /^r?(?:binary|string)$/.test(word));
    if (kind < 0) return [];
    const value = words[kind]!.endsWith('binary') ? unhex(words[kind + 1] ?? '') : words[kind + 1] ?? '';
    const answer = /(?:^|\p{Cc})(f|t|off|on)$/u.exec(value)?.[1];
    return answer === undefined ? [] : [words.includes('!') ? 'not' : answer];
  });
  const [answer, ...more] = new Set(answers);
  if (answer === undefined || more.length > 0 || answer === 'not') {
    return { wanted: 'unsaid', what, isPostgres: true, user, why: `asks ${question}, but for which answer?` };
  }
  const wanted = answer === 'f' || answer === 'off' ? 'primary' : 'standby';
  return { wanted, what: `tcp-check ${question}: ${answer}`, isPostgres: true, user };
}

function unhex(text: string): string {
  return (text.match(/[0-9a-fA-F]{2}/g) ?? []).map((pair) => String.fromCharCode(parseInt(pair, 16))).join(
    '',
  );
}
