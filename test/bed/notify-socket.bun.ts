/** Run on Bun: a unix datagram socket at the path that is given, as systemd's; prints each datagram as a line of JSON. */
import { AF, SOCK } from '../../src/runtime/linux/constants.ts';
import { openLibc } from '../../src/runtime/linux/libc.ts';

const [name = ''] = process.argv.slice(2);
const libc = openLibc();
const fd = libc.socket(AF.UNIX, SOCK.DGRAM, 0);
const path = Buffer.from(name.startsWith('@') ? `\0${name.slice(1)}` : `${name}\0`);
const address = new Uint8Array([AF.UNIX, 0, ...path]);
if (libc.bind(fd, address, address.length) < 0) throw new Error(`bind of ${name}: errno ${libc.errno()}`);
console.log('"bound"');
const buffer = new Uint8Array(4096);
for (;;) {
  const length = libc.recv(fd, libc.pointerTo(buffer), buffer.length, 0);
  if (length < 0) throw new Error(`recv: errno ${libc.errno()}`);
  console.log(JSON.stringify(new TextDecoder().decode(buffer.subarray(0, length))));
}
