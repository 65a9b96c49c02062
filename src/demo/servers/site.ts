/** What servers are made of: PostgreSQL's programs, the account that runs them, and a folder that goes away with us. */
import type { Account } from './server-files.ts';
import type { Workspace } from './workspace.ts';

export interface Programs {
  /** The folder with initdb and postgres. */
  readonly bin: string;
  /** Of PostgreSQL, the major one. */
  readonly version: number;
}

export interface Site extends Programs {
  readonly account: Account | undefined;
  readonly workspace: Workspace;
}
