/** A folder that ends with this process. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function temporaryFolder(what: string): string {
  const folder = mkdtempSync(join(tmpdir(), `pg_gateway-${what}-`));
  // PostgreSQL and PgBouncer read it as another user.
  chmodSync(folder, 0o755);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
