/** Logs what data planes report and nothing has to be done about. */
import type { Report } from '../contract/messages.ts';
import type { Log } from '../log.ts';
import { logEnded } from './ended-sessions.ts';
import { logUnwelcome } from './unwelcome-clients.ts';

/** False: it is no such report. */
export function logReport(worker: number, report: Report, log: Log): boolean {
  switch (report.kind) {
    case 'exhausted':
      log('accept_exhausted', { worker, why: report.why });
      return true;
    case 'shortage':
      log('dial_exhausted', { worker, why: report.why });
      return true;
    case 'fault': {
      const { kind: _, ...about } = report;
      log('fault', { worker, ...about });
      return true;
    }
    case 'otherProtocol':
    case 'turnedAway':
      logUnwelcome(worker, report, log);
      return true;
    case 'ended':
      logEnded(report, log);
      return true;
    default:
      return false;
  }
}
