/** Storms as Markdown. Pure. */
import { median } from '../bench/statistics.ts';
import { type Counts, inWords, merged } from './counts.ts';
import { ways } from './options.ts';
import {
  type Facts,
  failuresOf,
  firstServed,
  type Goal,
  goalsOf,
  missingOf,
  spread,
  times,
  type Trial,
} from './report.ts';

const labels = {
  gateway: 'pg_gateway',
  haproxy: "HAProxy with Patroni's checks",
  hosts: 'a list of hosts, no proxy',
} as const;

export function tableOf({ machine, options, trials, tookSeconds, command }: Facts): string {
  const { clients, kind, rounds, seed, settings } = options;
  const present = ways.map((way) => trials.filter((trial) => trial.way === way)).filter(({ length }) =>
    length > 0
  );
  const row = (name: string, cell: (trials: readonly Trial[]) => string) => [name, ...present.map(cell)];
  const figure =
    (pick: (trial: Trial) => number, print: (value: number) => string) => (of: readonly Trial[]) =>
      spreadText(of, pick, print);
  const set = Object.entries(settings).map(([name, value]) => `${name}=${value}`).join(', ');
  return [
    `${clients.toLocaleString('en')} clients, ${kind}, ${rounds} rounds, seed ${seed}${
      set === '' ? '' : `, ${set}`
    }. ` +
    'Medians of the rounds, and the least and the most in brackets.',
    '',
    ...markdown([
      ['', ...present.map(([trial]) => labels[trial!.way])],
      row('promoted until the first client is served, s', figure(firstServed, seconds)),
      row('until 50 % are', figure(times['50 %'], seconds)),
      row('until 99 % are', figure(times['99 %'], seconds)),
      row('until all are', figure(times.all, seconds)),
      row('clients never served', figure(missingOf, count)),
      row('connects and first writes that failed', figure(failuresOf, count)),
      row('the new primary: backends started', figure(({ successor }) => successor.started, count)),
      row('at the same time', figure(({ successor }) => successor.atOnce, count)),
      row('its processor time, s', figure(({ successor }) => successor.cpuMs, seconds)),
      row('the other standby: backends started', figure(({ otherStarted }) => otherStarted, count)),
      row(
        'processor time of the proxy, s',
        (of) =>
          of.some(({ proxyCpuMs }) => proxyCpuMs === undefined)
            ? '-'
            : spreadText(of, ({ proxyCpuMs }) => proxyCpuMs ?? 0, seconds),
      ),
      row('the promotion itself, s', figure(({ promotingMs }) => promotingMs, seconds)),
    ]),
    '',
    ...present.map((of) => `* ${labels[of[0]!.way]}, all rounds together: ${told(of)}`),
    '',
    ...goalsOf(trials).map(goalText),
    '',
    `\`${command}\`: ${
      Math.round(tookSeconds)
    } s; ${machine.cores} cores, ${machine.cpu}, Linux ${machine.kernel}; ` +
    `load ${machine.loadBefore} before; others took ${
      percent(median(trials.map(({ othersShare }) => othersShare)))
    } ` +
    `of the processors before a storm, ${
      percent(Math.max(...trials.map(({ othersShare }) => othersShare)))
    } at the most. ` +
    `Each time is too long by up to ${
      Math.max(...trials.map(({ doubtMs }) => doubtMs)).toFixed(0)
    } ms: until the new primary said that it is out of recovery.`,
    '',
  ].join('\n');
}

function told(trials: readonly Trial[]): string {
  const part = (name: string, pick: (trial: Trial) => Counts) => {
    const words = inWords(merged(trials.map(pick)));
    return words === '' ? [] : [`${name}: ${words}`];
  };
  return [
    ...part('sessions ended', ({ broken }) => broken),
    ...part('connects failed', ({ notConnected }) => notConnected),
    ...part('first writes failed', ({ notWritten }) => notWritten),
  ].join('; ') + '.';
}

function goalText({ time, against, ours, theirs, isMet, isWithinNoise }: Goal): string {
  const verdict = `${isMet ? 'met' : 'missed'}${isWithinNoise ? ', within the noise' : ''}`;
  return `* ${verdict}: ${time} served ahead of ${labels[against]}, ${seconds(ours)} s to ${
    seconds(theirs)
  } s`;
}

function spreadText(
  trials: readonly Trial[],
  pick: (trial: Trial) => number,
  print: (value: number) => string,
): string {
  const found = spread(trials, pick);
  if (found === undefined) return '-';
  const { min, max, median } = found;
  if (min === max) return print(median);
  return `${print(median)} (${print(min)} to ${print(max)})`;
}

const seconds = (ms: number): string => Number.isFinite(ms) ? (ms / 1000).toFixed(2) : 'never';
const count = (value: number): string => Math.round(value).toLocaleString('en');
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

function markdown([head = [], ...rows]: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
