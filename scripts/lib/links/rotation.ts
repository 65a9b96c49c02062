/** What the links do, one after the other: a leg is some hundred megabytes under the same toxics. Pure. */
import { copyOutOf } from '../../../test/bed/copy-client.ts';
import { queryMessage, startupMessage } from '../../../test/bed/raw-client.ts';
import type { Cut, Directions, Toxics } from '../../../test/bed/toxic-link.ts';

export type Side = 'client' | 'server';
export type Way = 'up' | 'down';

export interface Leg {
  readonly name: string;
  /** Between clients and gateway, and between gateway and server. */
  readonly client: Directions;
  readonly server: Directions;
  /** Which copies: into the server, out of it, or both in turn. */
  readonly copies: 'in' | 'out' | 'both';
  /** Where sessions are cut; `isWhole`: the answer arrives all the same. */
  readonly cut?: { readonly side: Side; readonly by: 'reset' | 'halfClose'; readonly isWhole: boolean };
  /** This link falls silent now and then. */
  readonly silent?: Side;
  /** Of the megabytes of a leg: less where every byte takes long. */
  readonly share: number;
}

/** The table that is copied out of the server. */
export const source = 'source';

/** Not in the login, for then nothing would be copied. */
const firstCutByte = 1 << 16;

const both = (toxics: Toxics): Directions => ({ up: toxics, down: toxics });
const late: Toxics = { latencyMs: 2, jitterMs: 8 };
const small: Toxics = { sliceBytes: 1400 };
const narrow: Toxics = { bytesPerSecond: 20_000_000 };
const worst: Toxics = { ...late, bytesPerSecond: 40_000_000, sliceBytes: 60_000, sliceDelayMs: 1 };
const none: Directions = {};

/** `copyBytes`: of one copy; cuts are somewhere in it. */
export function rotation(copyBytes: number): readonly Leg[] {
  const plain = { client: none, server: none, copies: 'both', share: 1 } as const;
  const cut = (side: Side, way: Way, by: 'reset' | 'halfClose'): Leg => {
    const place: Cut = { by, afterBytes: [firstCutByte, copyBytes] };
    return {
      ...plain,
      name: `${by === 'reset' ? 'reset' : 'half-close'} somewhere, ${wayNames[side][way]}`,
      [side]: { [way]: { cut: place } },
      copies: way === 'up' ? 'in' : 'out',
      cut: { side, by, isWhole: false },
      // What was cut on its way in was for nothing.
      share: way === 'up' ? 0.25 : 1,
    };
  };
  const asked = startupMessage().length + queryMessage(copyOutOf(source)).length;
  const halfClosed = (side: Side): Leg => ({
    ...plain,
    name: `half-close after the question, ${wayNames[side].up}`,
    [side]: { up: { cut: { by: 'halfClose', afterBytes: asked } } },
    copies: 'out',
    cut: { side, by: 'halfClose', isWhole: true },
  });
  return [
    { ...plain, name: 'nothing' },
    { ...plain, name: 'latency and jitter, both links', client: both(late), server: both(late) },
    { ...plain, name: 'small pieces, both links', client: both(small), server: both(small), share: 0.25 },
    { ...plain, name: 'narrow link of the clients', client: both(narrow) },
    { ...plain, name: 'narrow link of the server', server: both(narrow) },
    { ...plain, name: 'all of these, both links', client: both(worst), server: both(worst), share: 0.5 },
    { ...plain, name: "silences of the clients' link", silent: 'client' },
    { ...plain, name: "silences of the server's link", silent: 'server' },
    ...(['client', 'server'] as const).flatMap((side) => [
      cut(side, 'down', 'reset'),
      cut(side, 'up', 'reset'),
      cut(side, 'down', 'halfClose'),
      cut(side, 'up', 'halfClose'),
      halfClosed(side),
    ]),
  ];
}

const wayNames = {
  client: { up: 'client to gateway', down: 'gateway to client' },
  server: { up: 'gateway to server', down: 'server to gateway' },
} as const;
