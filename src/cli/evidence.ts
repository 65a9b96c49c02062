/** `pg_gateway evidence [--out FILE] [--mask]`: saves what a running gateway's last decisions went by, for `replay`. */
import { writeFileSync } from 'node:fs';
import { type ArgsDef, defineCommand } from 'citty';
import { readEvidence, writeEvidence } from '../control/evidence-file.ts';
import { masked } from '../control/evidence-mask.ts';
import { codeOf, ConfigError, StartError } from '../errors.ts';
import { ask, gatewayArgs } from './ask.ts';
import { print } from './print.ts';

const ownArgs: ArgsDef = {
  out: { type: 'string', valueHint: 'file', description: 'where to (default: standard output)' },
  mask: { type: 'boolean', description: 'without names, addresses, and what servers said in words' },
};

export const evidence = defineCommand({
  meta: {
    name: 'evidence',
    description:
      'Save what the last decisions of a running gateway went by: for a report of a fault, and for replay.',
  },
  args: { ...gatewayArgs, ...ownArgs },
  async run({ args: { out, mask, ...args } }) {
    const path = pathOf(out);
    const { file: text } = await ask<{ file: string }>(args, 'evidence');
    const file = mask ? writeEvidence(masked(readEvidence(text))) : text;
    if (path === undefined) return print(file.trimEnd());
    try {
      writeFileSync(path, file, { mode: 0o600 });
    } catch (error) {
      throw new StartError(
        `${path} cannot be written (${codeOf(error)}): see to its folder, or name another file.`,
      );
    }
    print(
      `${path} has ${
        readEvidence(file).entries.length
      } decisions; pg_gateway replay ${path} decides them once more.`,
    );
  },
});

/** Citty takes the next flag for the value of one that has none. */
function pathOf(out: unknown): string | undefined {
  if (out === undefined) return undefined;
  if (typeof out === 'string' && out !== '' && !out.startsWith('--')) return out;
  throw new ConfigError(['--out needs a value: file']);
}
