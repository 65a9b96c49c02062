/**
 * Says refusals under TLS. libpq throws away an error that comes before or in answer to its SSLRequest (since
 * CVE-2024-10977), so a client that asked for TLS must get it before it can be told why there is no server. The data
 * plane passes such a session on to here, with the refusal in front: see `refusalPreamble`. This server then says `S`,
 * which is the answer to the client's SSLRequest, or closes if it has no room; the data plane says `N` then.
 */
import { lengthBytes, word } from '../protocol/framing.ts';
import { readPreamble, tlsIsReady } from '../protocol/error-response.ts';
import { FirstBytes } from '../protocol/first-bytes.ts';
import type { Address } from '../runtime/runtime.ts';
import { type Certificate, serveTls } from '../runtime/tls-server.ts';
import { checkPair, makeCertificate } from './certificate.ts';
import { Places } from './places.ts';

export interface RefusalServer {
  readonly address: Address;
  close(): void;
}

/** The longest preamble that our own data plane sends: two fields of text at their most. */
const maxPreambleBytes = 64 * 1024;

/** Of all connections those that may have a place; the others are those that have said no preamble yet. */
const placed = 0.9;

/** A client on a bad line needs as long for a handshake; who has done one has `timeoutMs` to say what it wants. */
const handshakeMs = 3_000;

/**
 * Starts it; unless a certificate is given, a throw-away one is made when a client needs it. Rejects if the given one
 * cannot be used. `failed` is called if none could be made, `faulted` with each exception of our own.
 */
export async function startRefusalServer(
  given: Certificate | undefined,
  limits: { readonly maxConnections: number; readonly timeoutMs: number },
  failed: (error: unknown) => void,
  faulted: (where: string, error: unknown) => void = () => {},
): Promise<RefusalServer> {
  if (given) checkPair(given);
  const options = {
    certificate: given ?? makeCertificate,
    alpn: 'postgresql',
    handshakeMs: Math.min(handshakeMs, limits.timeoutMs),
    ...limits,
  };
  const places = new Places(Math.ceil(limits.maxConnections * placed), () => performance.now());
  return await serveTls(options, {
    failed,
    faulted: (error) => faulted('refusal', error),
    admit(preamble, client) {
      if (preamble.length === lengthBytes) return undefined;
      const place = places.take(readPreamble(preamble).client, () => client.end());
      if (place === undefined) return undefined;
      client.onGone(() => places.leave(place));
      return tlsIsReady;
    },
    preamble(bytes) {
      if (bytes.length < lengthBytes) return undefined;
      const length = lengthBytes + word(bytes, 0);
      if (length > maxPreambleBytes) return lengthBytes; // not from us: see `admit`
      return bytes.length < length ? undefined : length;
    },
    secure(preamble, peer) {
      const first = new FirstBytes();
      let isSaid = false;
      // The refusal answers the StartupMessage: clients do not read an error that comes before it.
      peer.onData((bytes) => {
        if (isSaid || first.full) return;
        first.append(bytes);
        if (first.opening.kind === 'incomplete') return;
        isSaid = true;
        peer.say(readPreamble(preamble).error);
      });
    },
  });
}
