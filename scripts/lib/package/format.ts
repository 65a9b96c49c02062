/** What is known when a package is made of its contents. */
import type { Architecture } from './architecture.ts';
import type { Identity } from './identity.ts';

export interface Packing {
  /** Of the repository. */
  readonly root: string;
  /** For what is made on the way; `contents` in it has the files. */
  readonly folder: string;
  /** Where the package goes. */
  readonly out: string;
  readonly architecture: Architecture;
  /** The oldest one that does. */
  readonly glibc: string;
  readonly identity: Identity;
  /** Of xz; undefined: no compression. */
  readonly level: number | undefined;
}
