/** The command line of scripts/ha. Pure. */
import { readFlags, readNames, readNumber } from '../usage.ts';
import { type FaultName, faultNames, faults } from '../../../test/bed/ha/faults.ts';
import { type ManagerName, managerNames } from '../../../test/bed/ha/manager.ts';

const runtimes = ['node', 'bun', 'deno', 'binary'] as const;
const nameWidth = Math.max(...faultNames.map((name) => name.length)) + 2;

export const help =
  `scripts/ha: real clusters of three PostgreSQL servers under a manager, faults, and clients that write through the
gateway and remember what they were told; before Patroni also through HAProxy, at the same time. Prints how long
no write was possible, what clients saw, and whether anything that was acknowledged is gone. Stolon is acted out, for
there is no package of it: see test/ha/stolon.ts.

Needs root (network namespaces) and Debian's packages, which it installs. About 35 minutes for everything.

  --manager LIST    which managers, with commas between: ${managerNames.join(', ')} (all)
  --faults LIST     which faults, see below (all)
  --rounds COUNT    how often each fault (1)
  --seed NUMBER     the order of the faults within a round; printed, so that it can be had again (random)
  --clients COUNT   how many write through each proxy (20)
  --runtime NAME    what runs the gateway: ${runtimes.join(', ')} (bun)
  --no-haproxy      only the gateway
  --no-install      install nothing
  --out FILE        also writes everything as JSON
  --help            this text

Faults:
${faultNames.map((name) => `  ${name.padEnd(nameWidth)}${faults[name].what}`).join('\n')}

Exit code 0 if the gateway's clients lost nothing that was acknowledged, no two primaries took writes, and every client
came back; 1 if not, or if something could not run; 2 for a mistake on the command line.
`;

export interface Options {
  readonly managers: readonly ManagerName[];
  readonly faults: readonly FaultName[];
  readonly rounds: number;
  readonly seed: number;
  readonly clients: number;
  readonly runtime: (typeof runtimes)[number];
  readonly hasHaproxy: boolean;
  readonly mayInstall: boolean;
  readonly out: string | undefined;
}

/** Throws UsageError. Returns 'help' when that was asked for. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  return {
    managers: readNames('--manager', values.manager, managerNames),
    faults: readNames('--faults', values.faults, faultNames),
    rounds: readNumber('--rounds', values.rounds, 1, 1, 1000),
    seed: readNumber('--seed', values.seed, Math.floor(Math.random() * 1e6), 0, 999_999_999),
    // The servers take 100 connections, and both proxies share them.
    clients: readNumber('--clients', values.clients, 20, 1, 40),
    runtime: readNames('--runtime', values.runtime ?? 'bun', runtimes)[0] ?? 'bun',
    hasHaproxy: !values['no-haproxy'],
    mayInstall: !values['no-install'],
    out: values.out,
  };
}

function parse(args: readonly string[]) {
  return readFlags(args, {
    manager: { type: 'string' },
    faults: { type: 'string' },
    rounds: { type: 'string' },
    seed: { type: 'string' },
    clients: { type: 'string' },
    runtime: { type: 'string' },
    'no-haproxy': { type: 'boolean' },
    'no-install': { type: 'boolean' },
    out: { type: 'string' },
    help: { type: 'boolean' },
  });
}
