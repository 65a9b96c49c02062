/**
 * Says refusals under TLS. libpq throws away an error that comes before or in answer to its SSLRequest (since
 * CVE-2024-10977), so a client that asked for TLS must get it before it can be told why there is no server. The data
 * plane passes such a session on to here, with the refusal in front: see `refusalPreamble`.
 */
import { lengthBytes, word } from '../protocol/framing.ts';
import { FirstBytes } from '../protocol/first-bytes.ts';
import type { Address } from '../runtime/runtime.ts';
import { type Certificate, serveTls } from '../runtime/tls-server.ts';
import { checkPair, makeCertificate } from './certificate.ts';

export interface RefusalServer {
  readonly address: Address;
  close(): void;
}

/** The longest preamble that our own data plane sends: two fields of text at their most. */
const maxPreambleBytes = 64 * 1024;

/**
 * Starts it; unless a certificate is given, a throw-away one is made when a client needs it. Rejects if the given one
 * cannot be used. `failed` is called if none could be made.
 */
export async function startRefusalServer(
  given: Certificate | undefined,
  limits: { readonly maxConnections: number; readonly timeoutMs: number },
  failed: (error: unknown) => void,
): Promise<RefusalServer> {
  if (given) checkPair(given);
  return await serveTls({ certificate: given ?? makeCertificate, alpn: 'postgresql', ...limits }, {
    failed,
    preamble(bytes) {
      if (bytes.length < lengthBytes) return undefined;
      const length = lengthBytes + word(bytes, 0);
      if (length > maxPreambleBytes) return bytes.length; // not from us; no handshake will follow it
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
        peer.say(preamble.subarray(lengthBytes));
      });
    },
  });
}
