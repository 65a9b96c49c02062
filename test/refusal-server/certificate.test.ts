import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, createSign, createVerify, X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { checkPair, makeCertificate } from '../../src/refusal-server/certificate.ts';
import { selfSigned } from '../bed/certificate.ts';

const made = makeCertificate();

describe('a throw-away certificate', { timeout: 60_000 }, () => {
  test('is PEM, with its private key', async () => {
    const { cert, key } = await made;
    assert.match(cert, /^-----BEGIN CERTIFICATE-----\r?\n[\s\S]+-----END CERTIFICATE-----\r?\n$/);
    assert.match(key, /^-----BEGIN PRIVATE KEY-----\n[\s\S]+-----END PRIVATE KEY-----\n$/);
    assert.equal(createPrivateKey(key).asymmetricKeyType, 'rsa');
  });

  test('is signed by itself, and has our name', async () => {
    const certificate = new X509Certificate((await made).cert);
    assert.equal(certificate.subject, 'CN=pg_gateway');
    assert.equal(certificate.issuer, 'CN=pg_gateway');
    assert.equal(certificate.verify(certificate.publicKey), true);
  });

  test('belongs to its key', async () => {
    const { cert, key } = await made;
    const signature = createSign('sha256').update('text').sign(key);
    const publicKey = createPublicKey(
      new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'pem' }),
    );
    assert.equal(createVerify('sha256').update('text').verify(publicKey, signature), true);
  });

  test('is valid from yesterday, for clocks that differ, and for years', async () => {
    const { validFrom, validTo } = new X509Certificate((await made).cert);
    const dayMs = 86_400_000;
    assert.ok(Date.parse(validFrom) < Date.now() - dayMs / 2, validFrom);
    assert.ok(Date.parse(validTo) > Date.now() + 1000 * dayMs, validTo);
  });

  test('is what node:tls takes', async () => {
    createSecureContext(await made);
  });

  test('is another one each time', async () => {
    const other = await makeCertificate();
    assert.notEqual(other.key, (await made).key);
    assert.notEqual(other.cert, (await made).cert);
  });

  test('passes the check of a pair, which neither another key nor other texts do', async () => {
    const { cert, key } = await made;
    checkPair({ cert, key });
    assert.throws(() => checkPair({ cert, key: selfSigned().key }), /key does not belong to the certificate/);
    assert.throws(() => checkPair({ cert: 'no certificate', key }));
    assert.throws(() => checkPair({ cert, key: 'no key' }));
    assert.throws(() => checkPair({ cert: key, key: cert }));
  });
});
