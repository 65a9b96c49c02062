/** What a reload changes: the settings that differ, and which of them have to wait for a restart. */
import type { Change } from './change.ts';
import type { Config } from './config.ts';
import { effective } from './effective.ts';
import { type SettingName, settings } from './settings.ts';
import type { Secret } from './secrets.ts';
import type { AllGiven } from './sources.ts';

/** Sockets that listen, threads, and where this program writes: made once, at the start. */
export const needRestart: readonly SettingName[] = [
  'LISTEN_HOST',
  'LISTEN_PORT',
  'NUM_THREADS',
  'ENGINE',
  'SPIN_US',
  'TCP_KEEPALIVE',
  'REPLICA_PORT',
  'METRICS_HOST',
  'METRICS_PORT',
  'CONTROL_SOCKET',
  'TAKEOVER',
  'LOG_FORMAT',
];

/** In the order of the settings; what is written in another way, `10s` for 10000, is no change. */
export function changesBetween(before: Config, after: Config): readonly Change[] {
  const old = new Map(effective(before.given).map((one) => [one.name, one.value]));
  const byText = effective(after.given).flatMap(({ name, value }): Change[] => {
    const was = old.get(name) ?? null;
    if (name === 'CONFIG_FILE') return [];
    if (was === value && before.given.get(name)?.text === after.given.get(name)?.text) return [];
    if (isSame(name, was, value)) return [];
    return [{ name, before: was, after: value, needsRestart: isStatic(name) }];
  });
  const known = new Set(byText.map(({ name }) => name));
  return [...byText, ...fileChanges(before, after).filter(({ name }) => !known.has(name))];
}

/** The new configuration, with the old values of what needs a restart. */
export function reloaded(before: Config, after: Config): Config {
  const { listen, standbyPort, engine, workers, metrics, controlSocket, takeover } = before;
  return {
    ...after,
    given: givenAfter(before.given, after.given),
    listen,
    standbyPort,
    engine,
    workers,
    metrics,
    controlSocket,
    takeover,
    data: { ...after.data, spinMs: before.data.spinMs, keepAlive: before.data.keepAlive },
    log: { ...after.log, format: before.log.format },
  };
}

/** So that the next reload still tells what waits for a restart. */
function givenAfter(before: AllGiven, after: AllGiven): AllGiven {
  const given = new Map(after);
  for (const name of needRestart) {
    const old = before.get(name);
    if (old === undefined) given.delete(name);
    else given.set(name, old);
  }
  return given;
}

function isStatic(name: string): boolean {
  return needRestart.some((one) => one === name);
}

function isSame(name: SettingName | Secret, before: string | null, after: string | null): boolean {
  if (before === null || after === null || !Object.hasOwn(settings, name)) return false;
  const { parse } = settings[name as SettingName];
  return JSON.stringify(parse(before)) === JSON.stringify(parse(after));
}

/** Certificates that are others under the same path. Password files are read at each login anyhow. */
function fileChanges(before: Config, after: Config): readonly Change[] {
  const changed: SettingName[] = [];
  if (!isEqual(before.refusalCertificate, after.refusalCertificate)) changed.push('REFUSAL_CERT_FILE');
  const [was, is] = [before.credentials.trust, after.credentials.trust];
  if (was.ca !== is.ca) changed.push('PGSSLROOTCERT');
  if (was.cert !== is.cert) changed.push('PGSSLCERT');
  if (was.key !== is.key) changed.push('PGSSLKEY');
  return changed.map((name) => {
    const value = after.given.get(name)?.text ?? null;
    return { name, before: value, after: value, needsRestart: false };
  });
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** For the log. */
export function changeText({ name, before, after }: Change): string {
  return before === after ? name : `${name}: ${before ?? '(unset)'} -> ${after ?? '(unset)'}`;
}
