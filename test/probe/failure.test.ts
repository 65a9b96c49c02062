import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isOfTls, serverFailure, socketFailure, tlsFailure } from '../../src/probe/failure.ts';

const asked = { address: '10.0.0.1:5432', user: 'gateway', database: 'postgres' };
const failed = (code: string) => socketFailure(Object.assign(new Error(`connect ${code}`), { code }), asked);

describe('an error of the socket', () => {
  test('is a fault of this machine where this machine has run out of something, and says of what', () => {
    const wanting: readonly [string, RegExp][] = [
      ['EADDRNOTAVAIL', /local port .* ip_local_port_range/],
      ['EINVAL', /local port/],
      ['EMFILE', /this process has no descriptor left.*ulimit/],
      ['ENFILE', /fs\.file-max/],
      ['ENOBUFS', /memory/],
      ['ENOMEM', /memory/],
    ];
    for (const [code, message] of wanting) {
      assert.equal(failed(code).kind, 'local', code);
      assert.match(failed(code).message, message);
    }
  });

  test('is one of the network where the server cannot be reached', () => {
    for (const code of ['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN']) {
      assert.equal(failed(code).kind, 'unreachable', code);
    }
  });
});

describe('an error under TLS', () => {
  test('is of TLS unless it has a name of the system, in the words of each runtime', () => {
    const alerts: readonly [string, string][] = [
      ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca'],
      ['', 'error:10000418:SSL routines:OPENSSL_internal:TLSV1_ALERT_UNKNOWN_CA'],
      ['', 'received fatal alert: UnknownCA'],
      ['EPROTO', 'write EPROTO tlsv1 alert'],
    ];
    for (const [code, text] of alerts) {
      const error = Object.assign(new Error(text), { code });
      assert.ok(isOfTls(error), text);
      const { kind, message } = tlsFailure(error, asked);
      assert.equal(kind, 'untrusted');
      assert.match(message, /check PGSSLCERT and PGSSLKEY/);
    }
    for (const code of ['ECONNRESET', 'EPIPE', 'EHOSTUNREACH', 'ENOBUFS']) {
      assert.ok(!isOfTls(Object.assign(new Error(code), { code })), code);
    }
  });

  test('is told in its own words, without those about sources and command lines of a runtime', () => {
    const texts = {
      'certificate has expired': 'certificate has expired',
      'self-signed certificate; if the root CA is installed locally, try running Node.js with --use-system-ca':
        'self-signed certificate',
      '407D:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:../deps/tls.c:77:':
        'wrong version number',
      'error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER': 'wrong version number',
    };
    for (const [text, words] of Object.entries(texts)) {
      const { kind, message } = tlsFailure(new Error(text), asked);
      assert.equal(kind, 'untrusted');
      assert.match(
        message,
        new RegExp(`^was not trusted at 10.0.0.1:5432, TLS failed \\(${words}\\): check`),
      );
    }
  });
});

describe('an error of the server', () => {
  const kindOf = (sqlstate: string) => serverFailure({ sqlstate, message: 'no' }, asked).kind;

  test('tells what it lacks, and whom it does not let in, from what may be that of a pooler', () => {
    const kinds = ['53300', '53200', '28P01', '28000', '3D000', '42501', '57P03', '08P01', 'XX000'].map(
      kindOf,
    );
    assert.deepEqual(kinds, [
      ...['full', 'full', 'credentials', 'credentials', 'credentials', 'credentials'],
      ...['starting', 'error', 'error'],
    ]);
  });
});
