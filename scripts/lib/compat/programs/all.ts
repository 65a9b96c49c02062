/** Every program, in the order of the table. */
import type { Program } from '../cells.ts';
import { nodeDrivers } from './node-drivers.ts';
import { pgDump } from './pg-dump.ts';
import { otherDrivers } from './other-drivers.ts';
import { pgbouncerPrograms } from './pgbouncer.ts';
import { pgbouncerBehind } from './pgbouncer-behind.ts';
import { pgbenchPrograms } from './pgbench.ts';
import { psqlProgram } from './psql.ts';
import { subscription } from './subscription.ts';
import { pgBasebackup, pgReceivewal } from './replication-tools.ts';

export const programs: readonly Program[] = [
  psqlProgram,
  ...pgbenchPrograms,
  pgDump,
  pgBasebackup,
  pgReceivewal,
  subscription,
  ...nodeDrivers,
  ...otherDrivers,
  ...pgbouncerPrograms,
  pgbouncerBehind,
];
