/** Megabytes in and out. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Kind } from '../crew.ts';
import { inTransaction, sqlJob, WrongData } from './sql-job.ts';

const lines = 16_384;
const lineBytes = 128;

/** `copied` is told how many bytes went either way. */
export const copies = (port: number, copied: (bytes: number) => void): Kind => ({
  kind: 'copies',
  what: `COPY ${lines * lineBytes / 2 ** 20} MiB in, and out again, and compare`,
  count: 1,
  restMs: 1000,
  returns: true,
  job: (_, random) =>
    sqlJob({
      port,
      work: async (session, done) => {
        const sent = createHash('sha256');
        const chunks = chunksOf(random, (bytes) => sent.update(bytes));
        // A temporary table is not replicated: it is the gateway that shall have work, and not the disks.
        const { sql, alive } = session;
        await inTransaction(session, async (run) => {
          await run('create temp table copied (line text) on commit drop');
          alive();
          await pipeline(Readable.from(chunks), await sql`copy copied from stdin`.writable());
          alive();
          const received = createHash('sha256');
          let bytes = 0;
          for await (const chunk of await sql`copy copied to stdout`.readable()) {
            received.update(chunk);
            bytes += chunk.length;
          }
          if (bytes !== lines * lineBytes || received.digest('hex') !== sent.digest('hex')) {
            throw new WrongData(`${lines * lineBytes} bytes were copied in, and ${bytes} others came out`);
          }
        });
        copied(2 * lines * lineBytes);
        done();
      },
    }),
});

/** Printable text, a different one each time. */
function* chunksOf(random: () => number, each: (chunk: Buffer) => void): Generator<Buffer> {
  const perChunk = 512;
  for (let line = 0; line < lines; line += perChunk) {
    const chunk = Buffer.alloc(perChunk * lineBytes, 0x61);
    for (let at = 0; at < chunk.length; at += 8) chunk[at] = 0x41 + Math.floor(random() * 26);
    for (let at = lineBytes - 1; at < chunk.length; at += lineBytes) chunk[at] = 0x0a;
    each(chunk);
    yield chunk;
  }
}
