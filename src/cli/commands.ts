/** Every command of the program, by the word that it is called by, in the order of the help. */
import type { CommandDef } from 'citty';
import { check } from './check.ts';
import { clients } from './clients.ts';
import { completion } from './completion/completion.ts';
import { config } from './config.ts';
import { convert } from './convert/convert.ts';
import { demo } from './demo.ts';
import { drain } from './drain.ts';
import { drill } from './drill.ts';
import { evidence } from './evidence.ts';
import { explain } from './explain/explain.ts';
import { forgetSystem, forgetTimeline } from './forget.ts';
import { health } from './health.ts';
import { kill } from './kill.ts';
import { logLevel } from './log-level.ts';
import { manualPage } from './manual/command.ts';
import { pause, resume } from './pause.ts';
import { reload } from './reload.ts';
import { replay } from './replay.ts';
import { serve } from './serve.ts';
import { status } from './status/status.ts';
import { wait } from './wait.ts';

// deno-lint-ignore no-explicit-any -- each command has arguments of its own
export const commands: Readonly<Record<string, CommandDef<any>>> = {
  serve,
  check,
  config,
  convert,
  explain,
  health,
  wait,
  status,
  clients,
  kill,
  pause,
  resume,
  reload,
  drain,
  drill,
  'log-level': logLevel,
  evidence,
  replay,
  demo,
  'forget-timeline': forgetTimeline,
  'forget-system': forgetSystem,
  completion: completion(() => commands),
  man: manualPage(() => commands),
};
