import { generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

const dayMs = 86_400_000;

/** A self-signed certificate for `host` and `ip`, as PEM, good for `days` from now on; it is its own root certificate. */
export function selfSigned(
  hash: 'sha256' | 'sha384' | 'sha512' = 'sha256',
  { host = 'localhost', ip = '127.0.0.1', days = 30 } = {},
): Certificate {
  // The key by OpenSSL: node-forge needs seconds for it.
  const { privateKey: key } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const privateKey = forge.pki.privateKeyFromPem(key);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(privateKey.n, privateKey.e);
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date(Date.now() + Math.min(0, days - 1) * dayMs - dayMs);
  certificate.validity.notAfter = new Date(Date.now() + days * dayMs);
  const name = [{ name: 'commonName', value: host }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true },
    { name: 'subjectAltName', altNames: [{ type: 2, value: host }, { type: 7, ip }] },
  ]);
  certificate.sign(privateKey, forge.md[hash].create());
  return { certificate: forge.pki.certificateToPem(certificate), key };
}
