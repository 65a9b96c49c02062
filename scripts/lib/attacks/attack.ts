/** What an attack is. */

/** Sockets that never block; a descriptor is a number. */
export interface Sockets {
  /** Begins a connection to the place of the attack. -1 where none can be had. */
  open(): number;
  /** Whether it took all of it; false also where the other side is gone, or takes nothing at the moment. */
  send(fd: number, bytes: Uint8Array): boolean;
  /** How many bytes came, which are thrown away; 0 at the end, -1 where there is nothing yet. */
  receive(fd: number): number;
  /** An orderly end. */
  close(fd: number): void;
  /** Ends it with a reset, and keeps nothing of it. */
  reset(fd: number): void;
}

/** Where the gateway is attacked. */
export type Surface = 'clients' | 'metrics' | 'control';

export interface Attack {
  readonly name: string;
  /** What the attackers do, for the table. */
  readonly what: string;
  readonly surface: Surface;
  /** Steps a second. As cheap as they are for the attacker, it shares its processors with those that are measured. */
  readonly perSecond: number;
  /** Settings of the gateway that it is about: without them what it leaves behind takes too long to watch. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The same where there is no time. */
  readonly shortSettings?: Readonly<Record<string, string>>;
  /** What it sends is lost as soon as it ends a connection: neither FIN nor reset arrives. */
  readonly vanishes?: boolean;
  /** Returns what is done at each step. What is still open in the end is ended by whoever has made `sockets`. */
  begin(sockets: Sockets): () => void;
}
