/** The command line of scripts/attacks. Pure. */
import { readFlags, readNames, readNumber } from '../usage.ts';
import { attacks } from './attacks.ts';

const names = attacks.map(({ name }) => name);

export const help = `scripts/attacks: attacks on the executable, each beside good clients.

Starts a PostgreSQL and the executable in front of it. Good clients ask small questions and connect anew, through the gateway
and past it; slices without and with each attack take turns. Tells how much longer the good clients wait, what is left
of the attack, and which goals are missed. An attack of which the p99 misses its goal is tried once more with the limits by
address that are recommended. About six minutes.

  --only NAME,...      ${names.slice(0, 6).join(', ')},
                       ${names.slice(6).join(', ')} (all)
  --rounds COUNT       how many slices with and without each attack (2)
  --seconds SECONDS    how long each of them is (3)
  --quick              rounds of two seconds
  --short              half a second of each attack with short timeouts and nothing to compare with: for tests
  --rate COUNT         connections, or other steps, a second, instead of what each attack has
  --defaults           no second try with limits
  --with-haproxy       the same attacks against HAProxy, where it is installed
  --markdown FILE      writes the tables there, too
  --out FILE           writes all figures there, as JSON
  --help               this text

As root it works in a network of its own (unshare), where attackers have an address and can vanish; otherwise on the loopback,
without limits by address and without clients that vanish. Exit code 0 if the good clients saw no error and everything came
back, whatever the latencies; 1 if not, or if it could not run; 2 for a mistake on the command line.
`;

export interface Options {
  readonly names: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly isShort: boolean;
  readonly perSecond: number | undefined;
  readonly hasLimits: boolean;
  readonly hasHaproxy: boolean;
  readonly markdown: string | undefined;
  readonly out: string | undefined;
  /** Said by scripts/attacks, once it is so. */
  readonly isOwnNetwork: boolean;
}

/** Throws UsageError. Returns 'help' when that was asked for. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  const isShort = values.short ?? false;
  return {
    names: readNames('--only', values.only, names),
    rounds: readNumber('--rounds', values.rounds, isShort ? 1 : 2, 1, 100),
    seconds: isShort ? 0.5 : readNumber('--seconds', values.seconds, values.quick ? 2 : 3, 1, 600),
    isShort,
    perSecond: values.rate === undefined ? undefined : readNumber('--rate', values.rate, 1, 1, 100_000),
    hasLimits: !values.defaults && !isShort,
    hasHaproxy: values['with-haproxy'] ?? false,
    markdown: values.markdown,
    out: values.out,
    isOwnNetwork: values['own-network'] ?? false,
  };
}

function parse(args: readonly string[]) {
  return readFlags(args, {
    only: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean' },
    short: { type: 'boolean' },
    rate: { type: 'string' },
    defaults: { type: 'boolean' },
    'with-haproxy': { type: 'boolean' },
    markdown: { type: 'string' },
    out: { type: 'string' },
    'own-network': { type: 'boolean' },
    help: { type: 'boolean' },
  });
}
