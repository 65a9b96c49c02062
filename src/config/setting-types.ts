/** What a setting can be: a text, a number within bounds, a choice, a port, and so on, each with its error messages. */
import { Resolver } from 'node:dns';
import { type AuthMethod, parseRequireAuth } from '../probe/require-auth.ts';
import type { Rate, TrustedSources } from '../contract/messages.ts';
import { parseWeights, type Weights } from '../cluster/weights.ts';
import { type Network, parseNetwork } from '../runtime/networks.ts';
import { numberIn, type Unit, unitNames } from './units.ts';

export interface SettingType<T> {
  /** One line for --help: what it does, in the present tense. */
  readonly help: string;
  /** What stands for the value in --help. */
  readonly hint: string;
  /** The default, as text; undefined: none, and the value is undefined. */
  readonly fallback: string | undefined;
  /** The words that it takes, for completion in a shell; where it takes others as well, those that have a name. */
  readonly words?: readonly string[];
  /** Throws an Error whose message reads after the name and value: "is not a number". */
  parse(text: string): T;
}

export const text = (hint: string, help: string, fallback: string): SettingType<string> => ({
  help,
  hint,
  fallback,
  parse: (value) => value,
});

/** One or more of these, with commas between, and folders of unix sockets, which begin with a slash. */
export const addresses = (
  hint: string,
  help: string,
  fallback: string,
  port: string,
): SettingType<readonly string[]> => ({
  help,
  hint,
  fallback,
  parse: (value) => {
    const one = address(hint, help, fallback, port);
    const parts = value.split(',').map((part) => part.trim()).filter((part) => part !== '');
    const hosts = parts.map((part) => part.startsWith('/') ? folder(part) : one.parse(part));
    if (new Set(hosts).size < hosts.length) throw new Error('names an address twice');
    if (hosts.every((host) => host.startsWith('/'))) {
      throw new Error(
        'names no address: a unix socket may stand beside one, as in 127.0.0.1,/run/postgresql',
      );
    }
    // On Linux it has all of IPv4, too.
    return hosts.includes('::') ? hosts.filter((host) => host !== '0.0.0.0') : hosts;
  },
});

function folder(text: string): string {
  if (/\/\.s\.PGSQL\./.test(text)) throw new Error('names a socket: name its folder, as in /run/postgresql');
  return text.replace(/(.)\/+$/, '$1');
}

/** A name or a numeric address to listen on; IPv6 with or without brackets. */
export const address = (hint: string, help: string, fallback: string, port: string): SettingType<string> => ({
  help,
  hint,
  fallback,
  parse: (value) => {
    // The system takes a number for an address, of four bytes: 6432 is 0.0.25.32.
    if (/^[0-9]+$/.test(value)) {
      throw new Error(`looks like a port: it belongs into ${port}, and an address here`);
    }
    const host = value.replace(/^\[(.*)\]/, '$1');
    const [, before] = /^(\[.*\]|[^:]*):[0-9]*$/.exec(value) ?? [];
    if (before !== undefined) {
      throw new Error(`has a port in it: leave ${before} here, the port belongs into ${port}`);
    }
    return host;
  },
});

/** May be left out, and then has no value. */
export const optional = (hint: string, help: string): SettingType<string | undefined> => ({
  help,
  hint,
  fallback: undefined,
  parse: (value) => value,
});

export const integer = (
  hint: string,
  help: string,
  fallback: number,
  least: number,
  most: number,
): SettingType<number> => ({
  help,
  hint,
  fallback: fallback.toString(),
  parse: (value) => {
    const number = /^[0-9]{1,12}$/.test(value) ? Number(value) : NaN;
    if (number >= least && number <= most) return number;
    throw new Error(`is not a whole number from ${least} to ${most}`);
  },
});

/** A time in milliseconds, or with a unit. */
export const ms = (help: string, fallback: number, least: number): SettingType<number> =>
  quantity('ms', help, fallback, least, 3_600_000);

/** A number of seconds above 0, also a broken one. */
export const seconds = (help: string, most: number): SettingType<number | undefined> => ({
  help,
  hint: 'seconds',
  fallback: undefined,
  parse: (value) => {
    const number = numberIn('s', value);
    if (number > 0 && number <= most) return number;
    throw new Error(
      `is not a number of seconds above 0 and up to ${most}, nor one with a unit (${unitNames.s})`,
    );
  },
});

/** A whole number of `unit`, or any other unit of its kind: `10s`, `16MB`. */
export const quantity = (
  unit: Unit,
  help: string,
  fallback: number,
  least: number,
  most: number,
): SettingType<number> => ({
  help,
  hint: unit,
  fallback: fallback.toString(),
  parse: (value) => {
    const number = numberIn(unit, value);
    if (Number.isInteger(number) && number >= least && number <= most) return number;
    throw new Error(
      `is not a whole number of ${unit} from ${least} to ${most}, nor one with a unit (${unitNames[unit]})`,
    );
  },
});

export const choice = <const T extends string>(
  options: readonly T[],
  help: string,
  fallback: NoInfer<T>,
): SettingType<T> => ({
  help,
  hint: options.join('|'),
  fallback,
  words: options,
  parse: (value) => {
    const option = options.find((option) => option === value.toLowerCase());
    if (option !== undefined) return option;
    throw new Error(`is none of ${options.join(', ')}`);
  },
});

/** The same, or nothing: `off`, the default. */
export const choiceOrOff = <const T extends string>(
  options: readonly T[],
  help: string,
): SettingType<T | undefined> => {
  const { hint, parse, words = [] } = choice(['off', ...options], help, 'off');
  return {
    help,
    hint,
    fallback: 'off',
    words,
    parse: (text) => {
      const value = parse(text);
      return value === 'off' ? undefined : value as T;
    },
  };
};

/** `off` turns the port off. */
export const port = (help: string, fallback: number | 'off'): SettingType<number | undefined> => ({
  help,
  hint: 'port',
  fallback: fallback.toString(),
  words: ['off'],
  parse: (value) => {
    if (value.toLowerCase() === 'off') return undefined;
    if (/^[0-9]{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
    throw new Error('is neither "off" nor a whole number from 0 to 65535');
  },
});

/** `off` is no limit. */
export const limit = (
  unit: Unit,
  help: string,
  fallback: string,
  least: number,
): SettingType<number | undefined> => ({
  help,
  hint: unit,
  fallback,
  words: ['off'],
  parse: (value) => {
    if (value.toLowerCase() === 'off') return undefined;
    const number = numberIn(unit, value);
    if (Number.isSafeInteger(number) && number >= least) return number;
    throw new Error(
      `is neither "off" nor a whole number of ${unit} from ${least} on, nor one with a unit (${
        unitNames[unit]
      })`,
    );
  },
});

export const onOff = (help: string, fallback: 'on' | 'off'): SettingType<boolean> => ({
  help,
  hint: 'on|off',
  fallback,
  words: ['on', 'off'],
  parse: (value) => {
    const isOn = switched(value);
    if (isOn !== undefined) return isOn;
    throw new Error('is neither on nor off');
  },
});

export const weights = (help: string): SettingType<Weights | undefined> => ({
  help,
  hint: 'host:port=weight,...',
  fallback: undefined,
  parse: parseWeights,
});

export const requireAuth = (help: string): SettingType<readonly AuthMethod[] | undefined> => ({
  help,
  hint: 'method,...',
  fallback: undefined,
  parse: parseRequireAuth,
});

/** `auto` is left to the program. */
export const threads = (help: string, most: number): SettingType<number | 'auto'> => ({
  ...integer('count', help, 0, 0, most),
  fallback: 'auto',
  words: ['auto'],
  parse: (value) => {
    if (value.toLowerCase() === 'auto') return 'auto';
    if (/^[0-9]{1,5}$/.test(value) && Number(value) <= most) return Number(value);
    throw new Error(`is neither "auto" nor a whole number from 0 to ${most}`);
  },
});

/** Off, on, or on with the seconds of silence before the first probe; Linux takes no more (MAX_TCP_KEEPIDLE). */
export const keepAlive = (help: string, fallback: string): SettingType<number | undefined> => ({
  help,
  hint: 'on|off|seconds',
  fallback,
  words: ['on', 'off'],
  parse: (value) => {
    const isOn = switched(value);
    if (isOn !== undefined) return isOn ? 30 : undefined;
    const seconds = numberIn('s', value);
    if (Number.isInteger(seconds) && seconds >= 1 && seconds <= 32_767) return seconds;
    throw new Error(
      `is neither on, off, nor a whole number of seconds from 1 to 32767, nor one with a unit (${unitNames.s})`,
    );
  },
});

export const pattern = (
  like: RegExp,
  complaint: string,
  of: SettingType<string | undefined>,
): SettingType<string | undefined> => ({
  ...of,
  parse: (value) => {
    if (like.test(value)) return value;
    throw new Error(complaint);
  },
});

/** Numeric: there is no other name server that could look up their names. */
export const nameServers = (help: string): SettingType<readonly string[] | undefined> => ({
  help,
  hint: 'address:port,...',
  fallback: undefined,
  parse: (value) => {
    const servers = value.split(',').map((server) => server.trim()).filter((server) => server !== '');
    try {
      new Resolver().setServers(servers);
      if (servers.length > 0) return servers;
    } catch {
      // Said below.
    }
    throw new Error('is not a list of numeric addresses, 10.0.0.10 or 10.0.0.10:5353 or [::1]:53');
  },
});

/** A whole number from 1 to `most`; `off` is no limit. */
export const countOrOff = (help: string, most: number): SettingType<number | undefined> => ({
  help,
  hint: 'count',
  fallback: 'off',
  words: ['off'],
  parse: (value) => {
    if (value.toLowerCase() === 'off') return undefined;
    const number = /^[0-9]{1,12}$/.test(value) ? Number(value) : NaN;
    if (number >= 1 && number <= most) return number;
    throw new Error(`is neither "off" nor a whole number from 1 to ${most}`);
  },
});

/** So many a second, and how many at once after a rest: `20:100`; alone it is as many at once. `off` is no limit. */
export const rate = (help: string): SettingType<Rate | undefined> => ({
  help,
  hint: 'count:burst',
  fallback: 'off',
  words: ['off'],
  parse: (value) => {
    if (value.toLowerCase() === 'off') return undefined;
    const [, rate, burst] = /^([0-9]{1,6}(?:\.[0-9]{1,3})?)(?::([0-9]{1,6}))?$/.exec(value) ?? [];
    const perSecond = Number(rate);
    const atOnce = burst === undefined ? Math.max(1, Math.ceil(perSecond)) : Number(burst);
    if (perSecond > 0 && atOnce >= 1) return { perSecond, burst: atOnce };
    throw new Error(
      'is neither "off" nor a number of connects a second above 0, as 20, or 20:100 with a burst',
    );
  },
});

/** Networks, and addresses, with commas between. */
export const networks = (help: string): SettingType<readonly Network[] | undefined> => ({
  help,
  hint: 'network,...',
  fallback: undefined,
  parse: (value) => {
    const parts = value.split(',').map((part) => part.trim()).filter((part) => part !== '');
    // An empty list must not turn a limit off by accident.
    if (parts.length === 0) throw new Error('names no network');
    return parts.map(parseNetwork);
  },
});

/** Undefined: neither on nor off. */
function switched(value: string): boolean | undefined {
  const word = value.toLowerCase();
  if (['1', 'on', 'true', 'yes'].includes(word)) return true;
  return ['0', 'off', 'false', 'no'].includes(word) ? false : undefined;
}

/** Networks, addresses, and the word `unix`. */
export const trustedSources = (help: string): SettingType<TrustedSources | undefined> => ({
  help,
  hint: 'network,...',
  fallback: undefined,
  words: ['unix'],
  parse: (value) => {
    const parts = value.split(',').map((part) => part.trim()).filter((part) => part !== '');
    const networks = parts.filter((part) => part !== 'unix');
    if (parts.length === 0) throw new Error('names no network: 10.0.0.0/8, fd00::/8, an address, or unix');
    return { networks: networks.map(parseNetwork), unix: networks.length < parts.length };
  },
});
