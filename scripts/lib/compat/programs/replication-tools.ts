/** pg_basebackup and pg_receivewal: physical replication through the gateway. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { newPath } from '../../../../test/bed/workspace.ts';
import { waitFor } from '../../../../test/bed/wait-for.ts';
import type { Program } from '../cells.ts';
import { failover, type Scene } from '../scene.ts';
import { failureOf, runTool, startTool } from '../tool.ts';
import { pathOf, versionOfTool } from './debian-tools.ts';

const replicates = 'it only replicates';

async function backup({ version }: Scene, env: Readonly<Record<string, string>>): Promise<string> {
  const found = versionOfTool('pg_verifybackup', 'postgresql');
  // It reads no WAL but that of its own version.
  const parses = 'version' in found && Number.parseInt(found.version) === version ? [] : ['--no-parse-wal'];
  const folder = newPath(undefined, 'backup');
  try {
    await runTool([pathOf('pg_basebackup'), '-D', folder, '-X', 'stream', '-c', 'fast'], env);
    await runTool([pathOf('pg_verifybackup'), ...parses, folder], env);
    return 'pg_verifybackup agrees';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const pgBasebackup: Program = {
  name: 'pg_basebackup',
  isCheap: false,
  find: ({ version }) => versionOfTool('pg_basebackup', 'postgresql-client', version),
  plan: () => ({
    plain: (scene, way) => backup(scene, scene.environment(way)),
    tls: (scene, way) => backup(scene, scene.environment(way, true)),
    cancel: replicates,
    copy: 'plain is that: the backup comes by COPY',
    notify: replicates,
    long: 'it opens no transaction',
    failover: async (scene, fault) => {
      const env = scene.environment('gateway');
      const folder = newPath(undefined, 'backup');
      // Slow enough to be in the middle when its server is killed.
      const args = ['-D', folder, '-X', 'none', '-c', 'fast', '-r', '100k'];
      const child = await startTool([pathOf('pg_basebackup'), ...args], env);
      try {
        await waitFor(
          'the backup to begin',
          () => existsSync(join(folder, 'base')) || child.hasEnded(),
        );
        return await failover(scene, fault, () => failureOf(child), async () => {
          await backup(scene, env);
          return scene.primary.port;
        });
      } finally {
        await child.end();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  }),
};

/** It runs while `during` does, and must not have ended by itself by then. */
async function receive(
  env: Readonly<Record<string, string>>,
  during: (files: () => string[], said: () => string) => Promise<string>,
): Promise<string> {
  const folder = newPath(undefined, 'wal');
  mkdirSync(folder);
  const child = await startTool([pathOf('pg_receivewal'), '-v', '-D', folder, '-s', '1'], env);
  try {
    const files = (): string[] => readdirSync(folder);
    await waitFor(
      'it to stream',
      () => files().some((name) => name.endsWith('.partial')) || child.hasEnded(),
      {
        evidence: child.output,
      },
    );
    const note = await during(files, child.output);
    if (child.hasEnded()) throw new Error(child.output());
    return note;
  } finally {
    await child.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Waits until a segment that is written from now on has come as a whole. */
async function segmentComes(scene: Scene, files: () => string[], said: () => string): Promise<void> {
  const sql = scene.primary.connect();
  try {
    const [row] = await sql`select pg_walfile_name(pg_current_wal_lsn()) as name`;
    await sql`select pg_logical_emit_message(false, 'compat', 'something')`;
    await sql`select pg_switch_wal()`;
    await waitFor(`segment ${row?.['name']}`, () => files().includes(String(row?.['name'])), {
      evidence: said,
    });
  } finally {
    await sql.end({ timeout: 0 });
  }
}

async function segment(scene: Scene, env: Readonly<Record<string, string>>): Promise<string> {
  return await receive(env, async (files, said) => {
    await segmentComes(scene, files, said);
    return '';
  });
}

export const pgReceivewal: Program = {
  name: 'pg_receivewal',
  isCheap: false,
  find: ({ version }) => versionOfTool('pg_receivewal', 'postgresql-client', version),
  plan: () => ({
    plain: (scene, way) => segment(scene, scene.environment(way)),
    tls: (scene, way) => segment(scene, scene.environment(way, true)),
    cancel: replicates,
    copy: 'plain is that: segments come by COPY in both directions',
    notify: replicates,
    long: 'it opens no transaction',
    failover: (scene, fault) =>
      receive(
        scene.environment('gateway'),
        (files, said) =>
          failover(
            scene,
            fault,
            async () => await waitFor('it to tell', () => /error: .*/.exec(said())?.[0]),
            async () => {
              await waitFor('a new primary', () => scene.primary.isUp);
              const { port } = scene.primary;
              await segmentComes(scene, files, said);
              return port;
            },
          ),
      ),
  }),
};
