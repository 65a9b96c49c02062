/** What is said where a PROXY header does not count, cannot be read, or is missing. */
import { type Refusal, sqlstates } from './refusals.ts';

/** `why` is a clause. */
export function malformedHeader(why: string): Refusal {
  return {
    sqlstate: sqlstates.protocolViolation,
    message: `pg_gateway cannot read the PROXY protocol header of this connection: ${why}`,
    hint: 'It is the load balancer before this port that sends it.',
    reason: 'refused',
  };
}

export const missingHeader: Refusal = {
  sqlstate: sqlstates.invalidAuthorization,
  message:
    'pg_gateway wants a PROXY protocol header before the first packet (PROXY_PROTOCOL=require), and there is none',
  hint:
    'Connect through the load balancer; if you do, switch the header on there (HAProxy: send-proxy-v2), or set PROXY_PROTOCOL=accept.',
  reason: 'refused',
};

/** `peer` is an address; undefined: a unix socket. */
export function untrustedHeader(peer: string | undefined): Refusal {
  return {
    sqlstate: sqlstates.invalidAuthorization,
    message: `pg_gateway takes no PROXY protocol header from ${placeOf(peer)}`,
    hint: `If a load balancer of yours is there, add it to PROXY_TRUSTED${wordOf(peer)}.`,
    reason: 'refused',
  };
}

export function untrustedClient(peer: string | undefined): Refusal {
  return {
    sqlstate: sqlstates.invalidAuthorization,
    message: `pg_gateway takes no client from ${
      placeOf(peer)
    }: all have to come through a load balancer (PROXY_PROTOCOL=require)`,
    hint: `Connect through the load balancer; if it is there, add it to PROXY_TRUSTED${wordOf(peer)}.`,
    reason: 'refused',
  };
}

function placeOf(peer: string | undefined): string {
  return peer ?? 'a unix socket';
}

function wordOf(peer: string | undefined): string {
  return peer === undefined ? ', as unix' : '';
}
