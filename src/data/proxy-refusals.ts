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

/** `host` is empty for a client at a unix socket. */
export function untrustedHeader(host: string): Refusal {
  return {
    sqlstate: sqlstates.invalidAuthorization,
    message: `pg_gateway takes no PROXY protocol header from ${placeOf(host)}`,
    hint: `If a load balancer of yours is there, add it to PROXY_TRUSTED${wordOf(host)}.`,
    reason: 'refused',
  };
}

export function untrustedClient(host: string): Refusal {
  return {
    sqlstate: sqlstates.invalidAuthorization,
    message: `pg_gateway takes no client from ${
      placeOf(host)
    }: all have to come through a load balancer (PROXY_PROTOCOL=require)`,
    hint: `Connect through the load balancer; if it is there, add it to PROXY_TRUSTED${wordOf(host)}.`,
    reason: 'refused',
  };
}

function placeOf(host: string): string {
  return host === '' ? 'a unix socket' : host;
}

function wordOf(host: string): string {
  return host === '' ? ', as unix' : '';
}
