import { deepEqual, equal, throws } from 'node:assert/strict';
import { describe, test } from 'node:test';
import { activatedSockets } from '../../src/config/socket-activation.ts';

const passed = (LISTEN_FDS: string, LISTEN_FDNAMES?: string, LISTEN_PID = '7') =>
  activatedSockets({ LISTEN_FDS, LISTEN_PID, ...LISTEN_FDNAMES === undefined ? {} : { LISTEN_FDNAMES } }, 7);

describe('sockets of systemd', () => {
  test('begin with descriptor 3, in the order of their names', () => {
    deepEqual(passed('2', 'standby:primary'), { primary: [4], standby: [3] });
    deepEqual(passed('3', 'primary:primary:standby'), { primary: [3, 4], standby: [5] });
  });

  test("are not there without LISTEN_FDS, or where they are another process's", () => {
    equal(activatedSockets({}, 7), undefined);
    equal(passed('0'), undefined);
    equal(passed('1', 'primary', '8'), undefined);
  });

  test('of another name, or of none, are told how to be named', () => {
    throws(
      () => passed('1', 'pg_gateway.socket'),
      /named "pg_gateway.socket": set FileDescriptorName= .* primary or standby/,
    );
    throws(() => passed('1'), /named "": set FileDescriptorName=/);
    throws(() => passed('2', 'primary'), /named "": set FileDescriptorName=/);
    throws(() => passed('1', 'standby'), /no socket named primary: set FileDescriptorName=primary/);
  });
});
