/** The parts that were asked for, one after another, and how far they are. */
import { describeMachine, load } from '../bench/machine.ts';
import { noOwnNetwork } from '../attacks/network.ts';
import { type KindName, kindNames, serverKindNames } from './kinds.ts';
import { watchAlarms } from './alarms.ts';
import { watchLogs } from './logs.ts';
import { type Options, runtimesOf } from './options.ts';
import { probingCosts } from './probing.ts';
import { promoteAgainAndAgain } from './promotions.ts';
import type { Facts, Series } from './report.ts';
import { watchTroubles } from './troubles.ts';

export async function measure(options: Options, say: (line: string) => void): Promise<Facts> {
  const [loadBefore, startedAt, from] = [load(), new Date().toISOString(), performance.now()];
  const { parts, seed, clients, seconds, minutes } = options;
  const [series, costs, logs]: [Series[], Facts['costs'][number][], Facts['logs'][number][]] = [[], [], []];
  if (parts.includes('promotions')) {
    for (const runtime of runtimesOf('promotions', options)) {
      for (const intervalMs of options.intervals) {
        series.push(await promotionsOf({ runtime, intervalMs }, options, say));
      }
    }
  }
  if (parts.includes('cpu')) {
    say(`cpu: all side by side; two minutes of rest, then ${seconds} s`);
    costs.push(
      ...await probingCosts(
        runtimesOf('cpu', options),
        options.intervals,
        seconds,
        ({ runtime, share }) => say(`cpu: ${runtime} ${(share * 100).toFixed(2)} %`),
      ),
    );
  }
  const alarms: Facts['alarms'][number][] = [];
  if (parts.includes('alarms')) {
    for (const runtime of runtimesOf('alarms', options)) {
      say(`alarms: ${runtime}, ${minutes} min`);
      alarms.push(
        await watchAlarms(
          runtime,
          minutes,
          (minute, overdue) => say(`alarms: ${runtime}, minute ${minute} of ${minutes}, ${overdue} overdue`),
        ),
      );
    }
  }
  if (parts.includes('log')) {
    for (const runtime of runtimesOf('log', options)) {
      say(`log: ${runtime}, ${minutes} min`);
      logs.push(
        await watchLogs(
          runtime,
          minutes,
          (minute, lines) =>
            say(`log: ${runtime}, minute ${minute} of ${minutes}, ${lines} lines because of us`),
        ),
      );
    }
  }
  const troubles: Facts['troubles'][number][] = [];
  if (parts.includes('troubles')) {
    for (const runtime of runtimesOf('troubles', options)) {
      say(`troubles: ${runtime}, ${minutes} min for each way of logging`);
      troubles.push(
        ...await watchTroubles(
          runtime,
          minutes,
          ({ trouble, logging, lines }) => say(`troubles: ${trouble}, ${logging}: ${lines} lines`),
        ),
      );
    }
  }
  const machine = describeMachine(loadBefore);
  return {
    startedAt,
    tookSeconds: (performance.now() - from) / 1000,
    machine,
    seeds: [seed],
    clients,
    series,
    costs,
    alarms,
    logs,
    troubles,
  };
}

async function promotionsOf(
  { runtime, intervalMs }: Omit<Series, 'promotions'>,
  options: Options,
  say: (line: string) => void,
): Promise<Series> {
  const { promotions: count, clients, seed } = options;
  const kinds = kindsOf(options, say);
  say(`promotions: ${count} through ${runtime}, seed ${seed}`);
  let number = 0;
  const plan = { promotions: count, kinds, clients, seed, runtime, intervalMs };
  const promotions = await promoteAgainAndAgain(plan, (done) => {
    const { kind, firstWriteMs, routedMs } = done;
    number++;
    say(
      `promotions: ${number} of ${count}, ${kind}: ${firstWriteMs.toFixed(0)} ms, routed after ${
        routedMs.toFixed(0)
      }`,
    );
  });
  return { runtime, intervalMs, promotions };
}

/** Throws where one was asked for that this machine cannot do. */
function kindsOf({ kinds, isOwnNetwork }: Options, say: (line: string) => void): readonly KindName[] {
  if (isOwnNetwork) return kinds ?? kindNames;
  const why = `no silence: ${noOwnNetwork() || 'not started by scripts/failover'}`;
  if (kinds?.includes('silence')) throw new Error(why);
  if (kinds === undefined) say(`promotions: ${why}`);
  return kinds ?? serverKindNames;
}
