/**
 * Which worker has how many sessions, as the kernel knows it: each worker of the native engine has an epoll of its own, and
 * /proc tells which descriptors an epoll watches. So it costs the gateway nothing, and needs nothing of it. Linux only.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The inodes of the descriptors that an epoll watches, out of its fdinfo. */
export function watchedIn(fdinfo: string): number[] {
  return [...fdinfo.matchAll(/^tfd:.* ino:([0-9a-f]+)/gm)].map(([, inode]) => parseInt(inode ?? '', 16));
}

/** The inodes of the sockets that listen on this port of an IPv4 address, out of /proc/net/tcp. */
export function listenersIn(table: string, port: number): Set<number> {
  const inodes = new Set<number>();
  for (const line of table.split('\n')) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    const isThere = local?.endsWith(`:${port.toString(16).toUpperCase().padStart(4, '0')}`);
    if (isThere && state === '0A') inodes.add(Number(inode));
  }
  return inodes;
}

/** How many descriptors each worker of `pid` watches that listens on `port`, in no particular order. */
export function watchedByWorker(pid: number, port: number): number[] {
  const listeners = listenersIn(readFileSync(`/proc/${pid}/net/tcp`, 'utf8'), port);
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    // What is closed meanwhile is not an epoll.
    try {
      if (!readlinkSync(`/proc/${pid}/fd/${fd}`).includes('[eventpoll]')) return [];
      const watched = watchedIn(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'));
      return watched.some((inode) => listeners.has(inode)) ? [watched.length] : [];
    } catch {
      return [];
    }
  });
}

/** What a worker watches without any session: its listeners on both ports, its timer, and what wakes it. */
const ownDescriptors = 4;

/** Of sessions that are open, and watched on both sides. */
export function sessionsByWorker(pid: number, port: number): number[] {
  return watchedByWorker(pid, port).map((count) => Math.round((count - ownDescriptors) / 2));
}
