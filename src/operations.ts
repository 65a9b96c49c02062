/** What commands can do to a running gateway. */
import { CommandError, type Operations } from './admin/commands.ts';
import { passSockets } from './admin/pass-sockets.ts';
import type { Config } from './config/config.ts';
import type { Controller } from './control/controller.ts';
import { evidenceFile } from './control/evidence-file.ts';
import type { Pause } from './control/pause.ts';
import type { WorkerPool } from './control/worker-pool.ts';
import { judge } from './data/judgement.ts';
import type { Prober } from './probe/prober.ts';
import { version } from './version.ts';

/** The parts of a gateway that commands reach. */
export interface CommandedParts {
  readonly workers: WorkerPool;
  readonly prober: Prober;
  readonly controller: Controller;
  readonly pause: Pause;
}

/** The gateway around them. */
export interface CommandedGateway extends Pick<Operations, 'snapshot' | 'reload' | 'setLogLevel'> {
  /** Monotonic milliseconds. */
  clockMs(): number;
  config(): Config;
  /** Holds an election now. */
  decide(): void;
  isDraining(): boolean;
  end(by: 'drain' | 'takeover'): void;
}

export function operationsOf(
  { workers, prober, controller, pause }: CommandedParts,
  gateway: CommandedGateway,
): Operations {
  return {
    snapshot: gateway.snapshot,
    reload: gateway.reload,
    setLogLevel: gateway.setLogLevel,
    drain: () => gateway.end('drain'),
    passSockets: (path) => {
      if (gateway.isDraining()) throw new CommandError('the gateway that runs is on its way out already');
      return passSockets(workers.sockets, path);
    },
    takenOver: () => gateway.end('takeover'),
    survey: (kind, of) => workers.survey(kind, of),
    judge: (address) => {
      const { maxSessions } = gateway.snapshot().limits;
      const settings = { ...gateway.config().data, maxSessions };
      return judge(address, settings, workers.counters, workers.addresses, gateway.clockMs);
    },
    pause,
    evidence: () =>
      evidenceFile(controller.evidence.decisions, { version, clockMs: gateway.clockMs(), date: new Date() }),
    hasDrills: () => gateway.config().drills,
    rehearse: (kind, ms) => {
      controller.rehearse(kind, ms, gateway.clockMs());
      gateway.decide();
    },
    memory: () => controller.memory,
    forget: (what) => {
      prober.forgetOldAnswers();
      controller.forget(what);
      gateway.decide();
    },
  };
}
