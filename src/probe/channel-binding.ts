/**
 * What binds a login to the TLS connection under it (`tls-server-end-point`, RFC 5929): the hash of the server's certificate.
 * With it SCRAM fails where TLS ends at somebody between the two, whatever his certificate.
 */
import { createHash, X509Certificate } from 'node:crypto';

/** libpq's. */
export const channelBindings = ['disable', 'prefer', 'require'] as const;
export type ChannelBinding = (typeof channelBindings)[number];

/**
 * By the hash of the certificate's signature, or SHA-256 for MD5 and SHA-1. Undefined where its name does not tell which:
 * Ed25519 has none, RSA-PSS has it in its parameters.
 */
export function endPointHash(certificate: Buffer): Buffer | undefined {
  const { signatureAlgorithm = '' } = new X509Certificate(certificate);
  const [, hash] = /(md5|sha1|sha224|sha256|sha384|sha512)/i.exec(signatureAlgorithm) ?? [];
  if (hash === undefined) return undefined;
  const name = hash.toLowerCase();
  return createHash(name === 'md5' || name === 'sha1' ? 'sha256' : name).update(certificate).digest();
}
