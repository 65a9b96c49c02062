/** What a server asks in the middle of SCRAM (RFC 5802, `server-first-message`). */
import { ProtocolError } from './message-guard.ts';

/**
 * So many take a tenth of a second of a processor, or three under Deno, and no other server can be proved to meanwhile.
 * PostgreSQL's default is 4096, but the number is whatever the server sends.
 */
export const maxScramRounds = 250_000;

export interface ScramChallenge {
  /** Ours and the server's. */
  readonly nonce: string;
  readonly salt: Buffer;
  readonly rounds: number;
}

/** Throws ProtocolError, also where the server does not go on with our nonce: then it answers somebody else. */
export function readScramChallenge(text: string, ours: string): ScramChallenge {
  const [, nonce = '', salt = '', rounds] =
    /^r=([!-+\--~]+),s=([A-Za-z0-9+/]+=*),i=([1-9][0-9]{0,9})(?:,|$)/.exec(text) ?? [];
  if (!nonce.startsWith(ours) || nonce === ours) throw new ProtocolError('its SCRAM challenge is malformed');
  return { nonce, salt: Buffer.from(salt, 'base64'), rounds: Number(rounds) };
}
