/** `pg_gateway replay FILE [--set NAME=value ...]`: decides recorded evidence once more, perhaps with other settings. */
import { readFileSync, statSync } from 'node:fs';
import { type ArgsDef, defineCommand } from 'citty';
import type { Rules } from '../cluster/election.ts';
import { settings } from '../config/settings.ts';
import type { Outcome } from '../control/evidence.ts';
import { type EvidenceFile, readEvidence } from '../control/evidence-file.ts';
import { type Felt, type Replay, replay as decideAgain, type Replayed } from '../control/replay.ts';
import { codeOf, ConfigError, messageOf, StartError } from '../errors.ts';
import { oneLine } from '../protocol/printable.ts';
import { duration } from './explain/duration.ts';
import { print } from './print.ts';

/** A gateway keeps about a hundredth of it. */
const maxBytes = 256 * 1024 * 1024;

/** What the rules of an election consist of; other settings make other evidence. */
const replayable = {
  FAIL_AFTER: (rules: Rules, text: string): Rules => {
    const failAfter = settings.FAIL_AFTER.parse(text);
    // As config.ts reckons it: a number of probes, one more than those that may fail.
    return { ...rules, failAfter, maxAgeMs: rules.maxAgeMs / (rules.failAfter + 1) * (failAfter + 1) };
  },
  SPLIT_BRAIN: (rules: Rules, text: string): Rules => ({
    ...rules,
    splitBrain: settings.SPLIT_BRAIN.parse(text),
  }),
  SYSTEM_IDENTIFIER: (rules: Rules, text: string): Rules => ({
    ...rules,
    system: settings.SYSTEM_IDENTIFIER.parse(text),
  }),
} as const;

type Replayable = keyof typeof replayable;

const ownArgs: ArgsDef = {
  set: {
    type: 'string',
    valueHint: 'NAME=value',
    description: `instead of then; of ${names()}; may be given again`,
  },
};

export const replay = defineCommand({
  meta: {
    name: 'replay',
    description:
      'Decide FILE, which evidence has saved, once more, with the settings of then or others. Needs no server.',
  },
  args: ownArgs,
  run({ args, rawArgs }) {
    const { path, sets } = readArgs(args._, rawArgs);
    const file = read(path);
    const again = decide(file, path, sets);
    print(report(file, again, sets));
    const isAsThen = again.decisions.every(({ isSame }) => isSame);
    return isAsThen || sets.length > 0 ? 0 : 1;
  },
});

interface Set {
  readonly name: Replayable;
  readonly text: string;
}

/** Citty keeps only the last of several flags of one name. Throws ConfigError. */
function readArgs(
  words: readonly string[],
  rawArgs: readonly string[],
): { readonly path: string; readonly sets: readonly Set[] } {
  const texts: string[] = [];
  const problems: string[] = [];
  rawArgs.forEach((arg, index) => {
    if (arg === '--set') texts.push(rawArgs[index + 1] ?? '');
    else if (arg.startsWith('--set=')) texts.push(arg.slice('--set='.length));
    else if (arg.startsWith('-')) problems.push(`${arg} is no flag of replay: it takes --set NAME=value`);
  });
  const sets = texts.flatMap((text) => {
    const [, name = '', value = ''] = /^([A-Za-z_]+)=(.*)$/.exec(text) ?? [];
    const known = (Object.keys(replayable) as Replayable[]).find((one) => one === name.toUpperCase());
    if (known !== undefined) {
      try {
        settings[known].parse(value);
        return [{ name: known, text: value }];
      } catch (error) {
        problems.push(`--set ${text} ${messageOf(error)}`);
        return [];
      }
    }
    problems.push(`--set ${text} cannot be replayed: the evidence would be another one; there is ${names()}`);
    return [];
  });
  const [path, ...more] = words;
  if (path === undefined) problems.push('say which file: pg_gateway evidence --out FILE saves one');
  if (more.length > 0) problems.push(`"${more[0]}" is one argument too many`);
  if (problems.length > 0 || path === undefined) throw new ConfigError(problems);
  return { path, sets };
}

function names(): string {
  return Object.keys(replayable).join(', ');
}

function read(path: string): EvidenceFile {
  const text = contentOf(path);
  try {
    return readEvidence(text);
  } catch (error) {
    throw new StartError(`${path} ${messageOf(error)}`);
  }
}

function contentOf(path: string): string {
  let bytes: number;
  try {
    bytes = statSync(path).size;
    if (bytes <= maxBytes) return readFileSync(path, 'utf8');
  } catch (error) {
    throw new StartError(`${path} cannot be read (${codeOf(error)}): check the path and its permissions.`);
  }
  throw new StartError(
    `${path} is too large to be evidence of a gateway: ${bytes} bytes, more than ${maxBytes}.`,
  );
}

function decide(file: EvidenceFile, path: string, sets: readonly Set[]): Replay {
  const change = (rules: Rules): Rules =>
    sets.reduce((rules, { name, text }) => replayable[name](rules, text), rules);
  try {
    return decideAgain(file, change);
  } catch (error) {
    throw new StartError(`${path} ${messageOf(error)}`);
  }
}

export function report(
  { version, isMasked }: EvidenceFile,
  { decisions, then, now }: Replay,
  sets: readonly Set[],
): string {
  const [first, last] = [decisions[0], decisions.at(-1)];
  if (first === undefined || last === undefined) return 'Nothing was decided yet: the file has no entry.';
  const others = decisions.filter(({ isSame }) => !isSame).length;
  const which = sets.length === 0
    ? 'Again'
    : `With ${sets.map(({ name, text }) => `${name}=${text}`).join(' ')}`;
  return [
    `Evidence of pg_gateway ${version}${
      isMasked ? ', masked' : ''
    }, ${first.at.toISOString()} to ${last.at.toISOString()}.`,
    '',
    ...decisions.filter(({ isNew, isSame }) => isNew || !isSame).flatMap(lines),
    '',
    others === 0
      ? `All ${decisions.length} decisions come out the same.`
      : `${others} of ${decisions.length} decisions come out different.`,
    `Then: ${felt(then)}.`,
    `${which}: ${felt(now)}.`,
  ].map(oneLine).join('\n');
}

function lines({ at, then, now, isSame }: Replayed): string[] {
  const time = at.toISOString();
  if (isSame) return [`${time}  same       ${outcome(now)}`];
  return [
    `${time}  different  then: ${outcome(then)}`,
    `${' '.repeat(time.length)}             now:  ${outcome(now)}`,
  ];
}

function outcome({ primary, reason, rule, splitBrain }: Outcome): string {
  return `${primary ?? 'nobody'}${splitBrain ? ', ALARM' : ''}: ${reason} (${rule})`;
}

function felt({ changes, withoutRouteMs, longestMs }: Felt): string {
  const changed = `${changes} change${changes === 1 ? '' : 's'} of the primary`;
  if (withoutRouteMs === 0) return `${changed}, never without a route`;
  return `${changed}, ${duration(withoutRouteMs)} without a route (at most ${duration(longestMs)} at a time)`;
}
