/** Debian's packages with the managers: installed where that can be done, or the reason why not. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Account } from '../../../src/demo/servers/server-files.ts';

/** Where Debian puts PostgreSQL 15. */
export const postgresBin = '/usr/lib/postgresql/15/bin';

/** What shows that a package is there. */
const proofs = {
  'postgresql-15': `${postgresBin}/postgres`,
  patroni: '/usr/bin/patroni',
  // Patroni only suggests it, and speaks to etcd through it.
  'python3-etcd': '/usr/lib/python3/dist-packages/etcd/__init__.py',
  'etcd-server': '/usr/bin/etcd',
  'pg-auto-failover-cli': '/usr/bin/pg_autoctl',
  'postgresql-15-auto-failover': '/usr/share/postgresql/15/extension/pgautofailover.control',
  repmgr: '/usr/bin/repmgr',
  'postgresql-15-repmgr': '/usr/share/postgresql/15/extension/repmgr.control',
  'openssh-server': '/usr/sbin/sshd',
  haproxy: '/usr/sbin/haproxy',
  iproute2: '/usr/sbin/tc',
  nftables: '/usr/sbin/nft',
} as const;
export type Package = keyof typeof proofs;

/** Why these are not here and could not be installed, or false. */
export function noPackages(names: readonly Package[], mayInstall = true): string | false {
  const missing = () => names.filter((name) => !existsSync(proofs[name]));
  const wanted = missing();
  if (wanted.length === 0) return false;
  const trouble = mayInstall ? install(wanted) : 'nothing may be installed';
  const left = missing().join(' ');
  return left === ''
    ? false
    : `not installed (${trouble ?? 'apt-get gave something else'}): apt-get install ${left}`;
}

/** Undefined if apt-get succeeded. */
function install(names: readonly string[]): string | undefined {
  if (!existsSync('/usr/bin/apt-get')) return 'there is no apt-get here';
  if (process.getuid?.() !== 0) return 'only root may install it';
  console.error(`ha: installing ${names.join(', ')} with apt-get`);
  // Where packets vanish apt-get would otherwise wait for minutes, mirror by mirror.
  const patience = [
    '-o',
    'Acquire::http::Timeout=10',
    '-o',
    'Acquire::Retries=0',
    '-o',
    'DPkg::Lock::Timeout=120',
  ];
  const apt = (...args: string[]) =>
    spawnSync('apt-get', [...patience, ...args], {
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: 300_000,
    });
  const command = ['install', '-y', '--no-install-recommends', ...names];
  let last = apt(...command);
  if (last.status !== 0) {
    apt('update');
    last = apt(...command);
  }
  if (last.status === 0) return undefined;
  return `apt-get failed: ${(last.stderr ?? '').trim().split('\n').at(-1) ?? ''}`;
}

/** The account that Debian's PostgreSQL made. */
export function postgresAccount(): Account {
  const line = readFileSync('/etc/passwd', 'utf8').split('\n').find((line) => line.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) {
    throw new Error('there is no user postgres: install postgresql-15');
  }
  return { uid: Number(uid), gid: Number(gid) };
}
