/** What a reload has changed. */
import type { Secret } from './secrets.ts';
import type { SettingName } from './settings.ts';

export interface Change {
  readonly name: SettingName | Secret;
  /** As text, secrets masked; null: not set. They are equal where only what a file holds has changed. */
  readonly before: string | null;
  readonly after: string | null;
  /** It counts only after a restart. */
  readonly needsRestart: boolean;
}

export interface Reloaded {
  readonly changes: readonly Change[];
  readonly warnings: readonly string[];
}
