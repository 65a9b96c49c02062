/** A line of the result. */
import type { SettingName } from '../../config/settings.ts';

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

/** HAProxy's time as ours, which has `min` for its `m`; undefined: it is none. */
export function duration(text: string | undefined): string | undefined {
  const [, digits, unit = 'ms'] = /^([0-9]{1,9})(us|ms|s|m|h|d)?$/.exec(text ?? '') ?? [];
  return digits === undefined ? undefined : `${Number(digits)}${unit === 'm' ? 'min' : unit}`;
}
