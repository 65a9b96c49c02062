/** The user of this process, for libpq's defaults. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import type { Account } from '../probe/credentials.ts';

export function currentAccount(): Account {
  return { osUser: attempt(userName), home: attempt(homedir) };
}

/**
 * As libpq has it: the name in passwd of the effective uid, whatever USER says. Bun (1.4.5) takes `userInfo().username`
 * from USER, and says "unknown" without it: under cron and in containers that is no role of the server.
 */
function userName(): string | undefined {
  const uid = process.geteuid?.();
  if (uid === undefined) return userInfo().username; // Windows
  return nameIn(attempt(() => readFileSync('/etc/passwd', 'utf8')) ?? '', uid) ?? nameByDirectory();
}

/** The name of `uid` in the text of a passwd file; the first of several, as getpwuid has it. */
export function nameIn(passwd: string, uid: number): string | undefined {
  const fields = passwd.split('\n').map((line) => line.split(':')).find(([name, , id]) =>
    name && id === String(uid)
  );
  return fields?.[0];
}

/** Users of LDAP and of macOS are in no file; `id` asks the system's directories. It fails for a uid without a name. */
function nameByDirectory(): string | undefined {
  const { status, stdout } = spawnSync('id', ['-un'], { encoding: 'utf8', timeout: 5_000 });
  return status === 0 ? stdout.trim() || undefined : undefined;
}

/** Containers run under users that the system does not know. */
function attempt<T>(fn: () => T): T | undefined {
  try {
    return fn() || undefined;
  } catch {
    return undefined;
  }
}
