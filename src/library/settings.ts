/** The settings of a gateway inside another program: an object with the names of the table of settings. */
import type { Secret } from '../config/secrets.ts';
import type { SettingName, Values } from '../config/settings.ts';

/** What a setting may be given as, by what it is once it is read. */
type Written<T> = Given<Exclude<T, undefined>> | (undefined extends T ? 'off' | false : never);

/** Numbers and texts as in the table (`10_000`, `'10s'`), switches as booleans too, choices as their words, lists as arrays too. */
type Given<T> = [T] extends [boolean] ? boolean | 'on' | 'off'
  : [T] extends [readonly unknown[]] ? string | readonly string[]
  : [T] extends [string] ? T
  : [Extract<T, number>] extends [never] ? string
  : string | number;

/** A program that embeds a gateway has ports, and a log, of its own. */
type NotHere = 'TAKEOVER' | 'LOG_FORMAT' | 'CANDIDATES';

/**
 * Every setting of pg_gateway by its name; `undefined` is the default. Other defaults than the program's: LISTEN_HOST
 * is 127.0.0.1, LISTEN_PORT a free one, NUM_THREADS 0; METRICS_PORT and CONTROL_SOCKET are off.
 */
export type Settings =
  & { readonly [K in Exclude<SettingName, NotHere>]?: Written<Values[K]> | undefined }
  & { readonly [K in Secret]?: string | undefined }
  & {
    /** The servers that may be the primary: `host:port`, or `host` for port 5432. */
    readonly CANDIDATES?: string | readonly string[] | undefined;
  };
