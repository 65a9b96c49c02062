/** A driver: a small program on it is run for each cell, and talks in lines (see clients/). */
import type { CellName, Check, Found, Plan, Program } from '../cells.ts';
import { cellNames, isFault } from '../cells.ts';
import { failover } from '../scene.ts';
import { endOf, lineOf, runTool, startTool } from '../tool.ts';

export interface Driver {
  readonly name: string;
  readonly isCheap: boolean;
  find(): Promise<Found> | Found;
  /** Starts the small program; the name of the cell comes after it. Called after `find` said that it is there. */
  command(): Promise<readonly string[]> | readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Cells that it cannot do, with the reason. */
  readonly lacks: Readonly<Partial<Record<CellName, string>>>;
}

export function driverProgram({ name, isCheap, find, command, env = {}, lacks }: Driver): Program {
  const check = (cell: CellName): Check => async (scene, way) => {
    const settings = { ...scene.environment(way, cell === 'tls'), ...env };
    const said = await runTool([...await command(), cell], settings);
    return /^note (.*)$/m.exec(said)?.[1] ?? '';
  };
  const withoutFault = Object.fromEntries(
    cellNames.filter((cell) => !isFault(cell)).map((cell) => [cell, lacks[cell] ?? check(cell)]),
  ) as Omit<Plan, 'failover'>;
  const plan: Plan = {
    ...withoutFault,
    failover: async (scene, fault) => {
      const child = await startTool([...await command(), 'failover'], {
        ...scene.environment('gateway'),
        ...env,
      });
      try {
        await lineOf(child, 'ready');
        return await failover(scene, fault, () => lineOf(child, 'ended'), async () => {
          const port = Number(await lineOf(child, 'back'));
          if (await endOf(child) !== 0) throw new Error(child.output());
          return port;
        });
      } finally {
        await child.end();
      }
    },
  };
  return { name, isCheap, find, plan: () => plan };
}
