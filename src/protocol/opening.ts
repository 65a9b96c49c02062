/** What a client's first packet can be: see `readOpening`. */

/** By the name that it is counted under; `tls`: TLS for another service. */
export type OtherProtocol = 'http' | 'proxy' | 'ssh' | 'tls' | 'unknown';

export type Opening =
  /** Too little to say. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'ssl' }
  | { readonly kind: 'gss' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'startup'; readonly protocol: number }
  | { readonly kind: 'directTls' }
  /** A StartupMessage of another protocol than 3. */
  | { readonly kind: 'unsupported'; readonly protocol: number }
  /** PostgreSQL closes without a word: a Terminate of a driver that gives up at once, a cancel request without a key. */
  | { readonly kind: 'unanswered' }
  /**
   * Nothing that a PostgreSQL client would say; `why` is a clause for the client. Behind `headerBytes` the client
   * itself may speak: a load balancer has put them before it.
   */
  | {
    readonly kind: 'garbage';
    readonly protocol: OtherProtocol;
    readonly why: string;
    readonly headerBytes?: number | undefined;
  };
