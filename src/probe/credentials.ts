/**
 * How the probe logs in: libpq's environment variables with libpq's meaning, and PGPASSWORD_FILE for secrets that
 * are mounted as files. What libpq would pass over is an error here where the operator named a file: a gateway that
 * cannot log in is of no use, and the start is the best moment to say so.
 */
import { codeOf, ConfigError } from '../errors.ts';
import type { TlsTrust } from '../runtime/tcp.ts';
import type { Files } from './files.ts';
import type { ChannelBinding } from './channel-binding.ts';
import { findPassword } from './passfile.ts';
import type { AuthMethod } from './require-auth.ts';
import { type AuthorityPlaces, systemAuthorities } from './system-authorities.ts';

export const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof sslModes)[number];

/** What libpq takes from the system. */
export interface Account {
  /** The name of the effective user, libpq's default for PGUSER; undefined where the system has none for it. */
  readonly osUser?: string | undefined;
  /** The home folder, for `.pgpass` and `.postgresql`. */
  readonly home?: string | undefined;
}

export interface Credentials {
  readonly user: string;
  readonly database: string;
  /**
   * The password for a server, by its host as configured; undefined if there is none. Files are read again each
   * time, so that a secret can be changed without a restart; one that has become unreadable keeps its last content.
   */
  password(host: string, port: number): string | undefined;
  readonly sslMode: SslMode;
  readonly trust: TlsTrust;
  readonly channelBinding: ChannelBinding;
  /** The methods that a server may ask for; undefined: all. */
  readonly requireAuth?: readonly AuthMethod[] | undefined;
  /** For the log: what was left out, and what to do. */
  readonly warnings: readonly string[];
}

/** What the settings of libpq's names say; undefined: not set. */
export interface LoginSettings extends AuthorityPlaces {
  readonly user?: string | undefined;
  readonly database?: string | undefined;
  readonly password?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly passFile?: string | undefined;
  readonly sslMode?: SslMode | undefined;
  readonly channelBinding?: ChannelBinding | undefined;
  readonly requireAuth?: readonly AuthMethod[] | undefined;
  readonly sslRootCert?: string | undefined;
  readonly sslCert?: string | undefined;
  readonly sslKey?: string | undefined;
}

/** Throws ConfigError with everything that is wrong. No message ever holds a secret. */
export function readCredentials(login: LoginSettings, account: Account, files: Files): Credentials {
  const problems: string[] = [];
  const warnings: string[] = [];
  const user = login.user || account.osUser || '';
  if (user === '') {
    problems.push(
      'PGUSER is not set, and the system has no name for the user of this process: set PGUSER to the role of the probe',
    );
  }
  // libpq's default is a database named like the user; a probe's role seldom has one, and every server has this one.
  const database = login.database || 'postgres';
  const reader = new Reader(files, problems);
  const password = passwordSource(login, account, database, user, reader, warnings);
  const sslMode = readSslMode(login, problems, warnings);
  const trust = readTrust(login, account, sslMode, reader, warnings);
  const { channelBinding = 'prefer', requireAuth } = login;
  if (channelBinding === 'require' && sslMode === 'disable') {
    problems.push(
      'PGCHANNELBINDING=require needs TLS, and PGSSLMODE=disable allows none: change one of them',
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { user, database, password, sslMode, trust, channelBinding, requireAuth, warnings };
}

/** Reads files that settings name and collects what is wrong with them. */
class Reader {
  readonly files: Files;
  readonly problems: string[];

  constructor(files: Files, problems: string[]) {
    this.files = files;
    this.problems = problems;
  }

  /** A file that the operator named, or undefined and a problem. */
  named(setting: string, path: string, advice: string): string | undefined {
    try {
      return this.files.read(path);
    } catch (error) {
      this.problems.push(
        `${setting}=${path} cannot be read (${codeOf(error) || 'unknown error'}): ${advice}`,
      );
      return undefined;
    }
  }

  /** A named file with certificates in it: to a runtime, an empty one is its own list of authorities. */
  authorities(setting: string, path: string): string | undefined {
    const text = this.named(
      setting,
      path,
      'name a file with the certificates of the trusted authorities, or unset it',
    );
    if (text === undefined || /^-----BEGIN (?:[A-Z0-9]+ )?CERTIFICATE-----/m.test(text)) return text;
    this.problems.push(
      `${setting}=${path} has no certificate in it: name a file with those of the trusted authorities, PEM, or unset it`,
    );
    return undefined;
  }

  /** A file that may be there, or undefined. */
  optional(path: string): string | undefined {
    try {
      return this.files.read(path);
    } catch {
      return undefined;
    }
  }
}

type PasswordSource = (host: string, port: number) => string | undefined;

function passwordSource(
  login: LoginSettings,
  account: Account,
  database: string,
  user: string,
  reader: Reader,
  warnings: string[],
): PasswordSource {
  const { password, passwordFile: path } = login;
  if (path && password) {
    reader.problems.push('PGPASSWORD and PGPASSWORD_FILE are both set: keep one of them');
  }
  if (password) {
    if (login.passFile) {
      warnings.push(
        'PGPASSWORD is set, so PGPASSFILE is not read, as by libpq: unset the one that is not meant',
      );
    }
    return () => password;
  }
  if (path) {
    let last = reader.named(
      'PGPASSWORD_FILE',
      path,
      'create the file with the password in it, readable for the gateway',
    );
    return () => {
      last = reader.optional(path) ?? last;
      // Files end in a newline that is no part of the password.
      return last?.replace(/\r?\n$/, '') || undefined;
    };
  }
  return passfileSource(login, account, database, user, reader, warnings);
}

function passfileSource(
  login: LoginSettings,
  account: Account,
  database: string,
  user: string,
  reader: Reader,
  warnings: string[],
): PasswordSource {
  const named = login.passFile;
  const path = named || (account.home ? `${account.home}/.pgpass` : '');
  const first = named
    ? reader.named(
      'PGPASSFILE',
      named,
      'create the file with lines of host:port:database:user:password, or unset it',
    )
    : path === ''
    ? undefined
    : reader.optional(path);
  if (first === undefined) return () => undefined;
  const { files } = reader;
  const mode = openMode(files, path);
  if (mode !== undefined) warnings.push(ignored(path, mode));
  let last = mode === undefined ? first : '';
  return (host, port) => {
    last = (openMode(files, path) === undefined ? reader.optional(path) : undefined) ?? last;
    return findPassword(last, { host, port: String(port), database, user });
  };
}

/** The permission bits, if they let others read it. */
function openMode(files: Files, path: string): number | undefined {
  try {
    const mode = files.mode(path) ?? 0;
    return (mode & 0o077) === 0 ? undefined : mode & 0o777;
  } catch {
    return undefined;
  }
}

/** Kubernetes adds the group's right to read to a secret, whatever its defaultMode says, and nobody can take it away. */
function ignored(path: string, mode: number): string {
  return `the password file ${path} is ignored, as by libpq, because others may read it (mode 0${
    mode.toString(8)
  }): chmod 600 ${path}, or, where a secret of Kubernetes is mounted, put the password alone into it and name it in PGPASSWORD_FILE instead`;
}

/**
 * Here alone libpq is not followed: it checks no certificate by a root that it was given, unless a mode says so as well. Who names
 * the authorities wants them to count.
 */
function readSslMode(
  { sslMode, sslRootCert }: LoginSettings,
  problems: string[],
  warnings: string[],
): SslMode {
  const mode = sslMode ?? (sslRootCert === 'system' ? 'verify-full' : sslRootCert ? 'verify-ca' : 'prefer');
  if (mode !== 'verify-full' && sslRootCert === 'system') {
    problems.push(
      `PGSSLROOTCERT=system is only safe with PGSSLMODE=verify-full, not with ${mode}: change one of them`,
    );
  } else if (sslRootCert && ['disable', 'allow', 'prefer'].includes(mode)) {
    warnings.push(
      `PGSSLMODE=${mode} checks no certificate, and PGSSLROOTCERT names who is to be trusted: unset PGSSLMODE, which then means verify-ca, or set it to verify-full`,
    );
  }
  return mode;
}

function readTrust(
  login: LoginSettings,
  account: Account,
  mode: SslMode,
  reader: Reader,
  warnings: string[],
): TlsTrust {
  if (mode === 'disable') return { verify: false, verifyHost: false };
  const root = login.sslRootCert;
  const standard = account.home ? `${account.home}/.postgresql/root.crt` : '';
  const ca = root === 'system'
    ? readSystem(login, reader, warnings)
    : root
    ? reader.authorities('PGSSLROOTCERT', root)
    : standard === '' || reader.optional(standard) === undefined
    ? undefined
    : reader.authorities('PGSSLROOTCERT', standard);
  const mustVerify = mode === 'verify-ca' || mode === 'verify-full';
  if (mustVerify && ca === undefined && !root) {
    reader.problems.push(
      `PGSSLMODE=${mode} needs the authorities to trust: set PGSSLROOTCERT to a file, or to "system" for those of the system`,
    );
  }
  // As in libpq: with a root certificate at hand, require checks it like verify-ca.
  const verify = mustVerify || (mode === 'require' && ca !== undefined);
  return {
    verify,
    verifyHost: mode === 'verify-full',
    ...(verify ? { ca } : {}),
    ...readIdentity(login, reader),
  };
}

function readSystem(login: LoginSettings, reader: Reader, warnings: string[]): string | undefined {
  const { sslCertFile } = login;
  if (sslCertFile && reader.authorities('SSL_CERT_FILE', sslCertFile) === undefined) return undefined;
  const ca = systemAuthorities(login, reader.files);
  if (ca === undefined) {
    warnings.push(
      'PGSSLROOTCERT=system: this machine has no list of authorities, so the list of the runtime is used, which has no private ones: install ca-certificates, or name a file in SSL_CERT_FILE',
    );
  }
  return ca;
}

function readIdentity(
  login: LoginSettings,
  reader: Reader,
): { readonly cert?: string | undefined; readonly key?: string | undefined } {
  const { sslCert: cert, sslKey: key } = login;
  if (!cert && !key) return {};
  if (!cert || !key) {
    reader.problems.push('only one of PGSSLCERT and PGSSLKEY is set: a client certificate needs both');
    return {};
  }
  return {
    cert: reader.named('PGSSLCERT', cert, 'name the file of the client certificate, or unset it'),
    key: reader.named(
      'PGSSLKEY',
      key,
      'name the file of the key to the client certificate, readable for the gateway',
    ),
  };
}
