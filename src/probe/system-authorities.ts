/**
 * The authorities that this machine trusts, for PGSSLROOTCERT=system. A runtime has a list of its own in its executable,
 * which knows no private authority of the machine, so the files are read here: by the rules of OpenSSL, which libpq
 * uses, and with the places that Go's crypto/x509 knows.
 */
import type { Files } from './files.ts';

/** OpenSSL's variables; undefined: not set. */
export interface AuthorityPlaces {
  readonly sslCertFile?: string | undefined;
  /** Folders with a colon between them. */
  readonly sslCertDir?: string | undefined;
}

/** Of these the first with a certificate is taken. */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt', // Debian, Ubuntu, Arch, Alpine
  '/etc/pki/tls/certs/ca-bundle.crt', // Fedora, Red Hat
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', // the same, newer
  '/etc/ssl/ca-bundle.pem', // SUSE
  '/etc/ssl/cert.pem', // Alpine, macOS, OpenBSD
  '/usr/local/share/certs/ca-root-nss.crt', // FreeBSD
];

/** PEM text; undefined: there are none. Throws what reading the file of `sslCertFile` throws. */
export function systemAuthorities(places: AuthorityPlaces, files: Files): string | undefined {
  const { sslCertFile: file, sslCertDir: folders = '' } = places;
  const found = new Set(file ? certificatesIn(files.read(file)) : fromBundle(files));
  for (const folder of folders.split(':').filter((folder) => folder !== '')) {
    for (const name of attempt(() => files.list(folder)) ?? []) {
      for (const certificate of certificatesAt(`${folder}/${name}`, files)) found.add(certificate);
    }
  }
  return found.size === 0 ? undefined : [...found, ''].join('\n');
}

function fromBundle(files: Files): readonly string[] {
  for (const path of bundles) {
    const found = certificatesAt(path, files);
    if (found.length > 0) return found;
  }
  return [];
}

function certificatesAt(path: string, files: Files): readonly string[] {
  return certificatesIn(attempt(() => files.read(path)) ?? '');
}

function certificatesIn(text: string): readonly string[] {
  return text.match(/^-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gm) ?? [];
}

/** In such folders there are links to nowhere, and folders. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
