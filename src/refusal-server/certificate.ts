/**
 * A throw-away certificate, for refusing clients that asked for TLS and verify nothing (sslmode prefer and require).
 * Clients that verify need REFUSAL_CERT_FILE. node-forge writes the X.509; the key comes from the runtime's crypto.
 */
import { createPrivateKey, generateKeyPair, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import type { Certificate } from '../runtime/tls-server.ts';

type Forge = typeof import('node-forge');

const validDays = 3650;
const dayMs = 86_400_000;

const options = {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const;

/**
 * Makes a key and a certificate signed by it; takes about a tenth of a second, off the main thread for the most.
 * Loads node-forge, which a gateway that never refuses a client under TLS need not have in its memory.
 */
export async function makeCertificate(): Promise<Certificate> {
  const { default: forge } = await import('node-forge');
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', options);
  return { cert: sign(forge, publicKey, privateKey), key: privateKey };
}

/** Throws if the texts are no PEM or do not belong together. Deno's `node:tls` (2.9.5) takes anything without a word. */
export function checkPair({ cert, key }: Certificate): void {
  if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return;
  throw new Error('the key does not belong to the certificate');
}

function sign({ pki, md }: Forge, publicKey: string, privateKey: string): string {
  const name = [{ name: 'commonName', value: 'pg_gateway' }];
  const certificate = pki.createCertificate();
  certificate.publicKey = pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = '01';
  // A day of grace for clocks that differ.
  certificate.validity.notBefore = new Date(Date.now() - dayMs);
  certificate.validity.notAfter = new Date(Date.now() + validDays * dayMs);
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.sign(pki.privateKeyFromPem(privateKey), md.sha256.create());
  return pki.certificateToPem(certificate);
}
