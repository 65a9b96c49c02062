/** Debian's sources and development files, fetched beside the system: with lists of our own, nothing is installed. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../bench/children.ts';
import { npmSettings } from '../packages.ts';

const deadlineMs = 300_000;

export class Apt {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Reads the lists of the archives that this machine has already, and of their sources, too. */
  static async of(folder: string): Promise<Apt> {
    for (const place of ['lists/partial', 'cache/archives/partial']) {
      mkdirSync(join(folder, place), { recursive: true });
    }
    const apt = new Apt(folder);
    const format = '$(ORIGIN)|$(REPO_URI)|$(CODENAME)|$(COMPONENT)';
    const targets = await run(
      ['apt-get', 'indextargets', '--format', format, 'Created-By: Packages'],
      deadlineMs,
    );
    const lines = archivesIn(targets);
    if (lines.length === 0) {
      throw new Error('this machine has no archive of Debian: apt-get update makes it known');
    }
    writeFileSync(join(folder, 'sources.list'), lines.join('\n') + '\n');
    await apt.get(['update']);
    return apt;
  }

  /** The versions of a source package, newest first. */
  async versionsOf(source: string): Promise<string[]> {
    const said = await this.#run('apt-cache', ['showsrc', source]);
    const versions = [...said.matchAll(/^Version: (\S+)$/mg)].map(([, version = '']) => version);
    return [...new Set(versions)].sort((a, b) => b.localeCompare(a, undefined, { numeric: true }));
  }

  async get(args: readonly string[], cwd: string = this.#folder): Promise<string> {
    return await this.#run('apt-get', ['-q', ...args], cwd);
  }

  #run(program: string, args: readonly string[], cwd = this.#folder): Promise<string> {
    const settings = {
      'Dir::Etc::sourcelist': join(this.#folder, 'sources.list'),
      'Dir::Etc::sourceparts': '-',
      'Dir::State::lists': join(this.#folder, 'lists'),
      'Dir::Cache': join(this.#folder, 'cache'),
      'Acquire::Languages': 'none',
      // An account of its own could not write into our folder.
      'APT::Sandbox::User': 'root',
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    return run([program, ...flags, ...args], deadlineMs, { cwd, env: npmSettings() });
  }
}

/** Lines of a sources.list out of what `apt-get indextargets` says: those of Debian, with their sources. Pure. */
export function archivesIn(targets: string): string[] {
  const lines = targets.split('\n').flatMap((line) => {
    const [origin, uri, codename, component] = line.trim().split('|');
    if (origin !== 'Debian' || uri === undefined || component === undefined) return [];
    return [`deb ${uri} ${codename} ${component}`, `deb-src ${uri} ${codename} ${component}`];
  });
  return [...new Set(lines)];
}

/** The only file in `folder` whose name matches. */
export function fileIn(folder: string, pattern: RegExp): string {
  const name = readdirSync(folder).find((name) => pattern.test(name));
  if (name === undefined) throw new Error(`${folder} has no file like ${pattern}`);
  return join(folder, name);
}
