import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { candidateBehind, parseCandidates } from '../../src/cluster/candidate.ts';

function parsed(text: string): readonly string[] {
  const list = parseCandidates(text);
  assert.ok('candidates' in list, 'problem' in list ? list.problem : '');
  return list.candidates.map(({ name, host, port }) => `${name} = ${host} ${port}`);
}

function problem(text: string): string {
  const list = parseCandidates(text);
  assert.ok('problem' in list, `"${text}" was taken`);
  return list.problem;
}

describe('a list of candidates', () => {
  const good: readonly [string, string, readonly string[]][] = [
    ['IPv4 with a port', '192.0.2.1:6000', ['192.0.2.1:6000 = 192.0.2.1 6000']],
    ['a name with a port', 'db-1.example_net.org:5433', [
      'db-1.example_net.org:5433 = db-1.example_net.org 5433',
    ]],
    ['a name without a port has the port of PostgreSQL', 'db1', ['db1:5432 = db1 5432']],
    ['IPv6 in brackets loses them in its host', '[2001:db8::1]:5433', [
      '[2001:db8::1]:5433 = 2001:db8::1 5433',
    ]],
    ['IPv6 without a port has the port of PostgreSQL', '[::1]', ['[::1]:5432 = ::1 5432']],
    ['IPv6 with IPv4 in it', '[::ffff:192.0.2.1]', ['[::ffff:192.0.2.1]:5432 = ::ffff:192.0.2.1 5432']],
    ['IPv6 with a zone', '[fe80::1%eth0]:5433', ['[fe80::1%eth0]:5433 = fe80::1%eth0 5433']],
    ['the folder of a unix socket', '/run/postgresql:5433', ['/run/postgresql:5433 = /run/postgresql 5433']],
    ['a folder with a slash at its end, without a port', '/tmp/', ['/tmp:5432 = /tmp 5432']],
    ['several, in their order', 'b:1,a:2', ['b:1 = b 1', 'a:2 = a 2']],
    ['blanks and line ends around them are nothing', ' a:1 ,\n b:2\t', ['a:1 = a 1', 'b:2 = b 2']],
    ['empty places are nothing', ',a:1,,b:2,', ['a:1 = a 1', 'b:2 = b 2']],
    ['one host with two ports is two servers', 'a:1,a:2', ['a:1 = a 1', 'a:2 = a 2']],
    ['the least and the greatest port', 'a:1,a:65535', ['a:1 = a 1', 'a:65535 = a 65535']],
    ['zeros before a port are nothing', 'a:05432', ['a:5432 = a 5432']],
    ['a service has no port of its own', 'srv+_postgresql._tcp.db.example', [
      'srv+_postgresql._tcp.db.example = _postgresql._tcp.db.example 0',
    ]],
    ['a service among servers', 'a,srv+b', ['a:5432 = a 5432', 'srv+b = b 0']],
  ];
  for (const [sentence, text, expected] of good) {
    test(sentence, () => assert.deepEqual(parsed(text), expected));
  }

  const bad: readonly [string, string, RegExp][] = [
    ['an empty list names no server', '', /^it names no server$/],
    ['a list of blanks and commas names no server', ' , ,', /^it names no server$/],
    ['a name twice', 'a:1,b:1,a:1', /^"a:1" is named twice$/],
    ['a name with and without the usual port is the same twice', 'a,a:5432', /^"a:5432" is named twice$/],
    ['port 0', 'a:0', /^the port of "a:0" is not between 1 and 65535$/],
    ['a port that is too great', 'a:65536', /^the port of "a:65536" is not between 1 and 65535$/],
    ['a port that is no number', 'a:pg', /^"a:pg" is not host:port$/],
    ['a port without a host', ':5432', /^":5432" is not host:port$/],
    ['a port alone', 'a,5433', /^"5433" looks like a port: a server is host:port$/],
    ['a host with an empty port', 'a:', /^"a:" is not host:port$/],
    ['a blank inside a name', 'my db:5432', /^"my db" cannot be a host name$/],
    ['a socket itself', '/tmp/.s.PGSQL.5432', /is a socket: name its folder, as in \/run\/postgresql$/],
    ['a folder whose port is none', '/tmp:pg', /^"\/tmp:pg" is not \/folder or \/folder:port$/],
    ['a folder with port 0', '/tmp:0', /^the port of "\/tmp:0" is not between 1 and 65535$/],
    ['the root folder', '/', /^"\/" is not \/folder or \/folder:port$/],
    ['a folder that is too long', `/${'x'.repeat(100)}`, /is too long for the path of a unix socket/],
    [
      'IPv6 without brackets shows how to write it',
      '2001:db8::1',
      /^"2001:db8::1" looks like IPv6: write it in brackets, \[2001:db8::1\]:5432$/,
    ],
    ['brackets that do not close', '[::1:5432', /^"\[::1:5432" is not host:port$/],
    ['brackets around a name', '[db]:5432', /^"\[db\]:5432" is not host:port$/],
    ['brackets around IPv4', '[192.0.2.1]:5432', /^"\[192\.0\.2\.1\]:5432" is not host:port$/],
    ['empty brackets', '[]:5432', /^"\[\]:5432" is not host:port$/],
    [
      'a service with a port',
      'srv+a:5432',
      /^"srv\+a:5432" is not srv\+NAME: its SRV records bring the ports/,
    ],
    ['a service without a name', 'srv+', /^"srv\+" is not srv\+NAME/],
    ['a service twice', 'srv+a,srv+a', /^"srv\+a" is named twice$/],
    ['two ports', 'server:5432:5433', /^"server:5432:5433" is not host:port$/],
  ];
  for (const [sentence, text, complaint] of bad) {
    test(`is refused: ${sentence}`, () => assert.match(problem(text), complaint));
  }

  test('several servers of a name have their addresses in their names', () => {
    const pg = { name: 'pg:5432', host: 'pg', port: 5432 };
    assert.equal(candidateBehind(pg, '10.0.0.1').name, 'pg[10.0.0.1]:5432');
    assert.equal(candidateBehind(pg, 'fd00::1').name, 'pg[fd00::1]:5432');
  });

  test('a connection URL is refused without showing the password in it', () => {
    for (const text of ['postgres://u:hunter2@db:5432/app', 'a:1,u:hunter2@db', 'u:hunter2@db:5432']) {
      assert.match(problem(text), /host:port.*PGUSER/);
      assert.doesNotMatch(problem(text), /hunter2/);
    }
  });
});
