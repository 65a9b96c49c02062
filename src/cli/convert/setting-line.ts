/** A line of the result. */
import { type SettingName, settings } from '../../config/settings.ts';

/** A setting, and where it is from. */
export interface SettingLine {
  readonly name: SettingName;
  readonly value: string;
  /** Lines of the haproxy.cfg; none: it is from elsewhere. */
  readonly lines: readonly number[];
  /** For a person, after the lines. */
  readonly why: string;
  /** To be decided by a person: it is written as a comment. */
  readonly isProposal?: boolean;
}

/** `CONNECT_TIMEOUT_MS (800 ms unless it is set)`. */
export function withDefault(name: SettingName): string {
  const { fallback, hint } = settings[name];
  return `${name} (${fallback}${hint === 'ms' ? ' ms' : ''} unless it is set)`;
}

/** Whether the setting takes it. */
export function takes(name: SettingName, text: string): boolean {
  try {
    settings[name].parse(text);
    return true;
  } catch {
    return false;
  }
}

/** HAProxy's time as ours, which has `min` for its `m`; undefined: it is none. */
export function duration(text: string | undefined): string | undefined {
  const [, digits, unit = 'ms'] = /^([0-9]{1,9})(us|ms|s|m|h|d)?$/.exec(text ?? '') ?? [];
  return digits === undefined ? undefined : `${Number(digits)}${unit === 'm' ? 'min' : unit}`;
}
