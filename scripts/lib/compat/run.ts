/** Runs programs, one after another, in one scene. */
import { type CellName, type Check, isFault, type Outcome, type Program, type Row } from './cells.ts';
import { oneLine, type Scene } from './scene.ts';

export async function rowsOf(
  scene: Scene,
  programs: readonly Program[],
  cells: readonly CellName[],
  tell: (line: string) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const program of programs) rows.push(await rowOf(scene, program, cells, tell));
  return rows;
}

export async function rowOf(
  scene: Scene,
  program: Program,
  cells: readonly CellName[],
  tell: (line: string) => void = () => {},
): Promise<Row> {
  const found = await program.find(scene);
  if ('absent' in found) {
    tell(`${program.name}: not to be had here: ${found.absent}`);
    return { program: program.name, version: undefined, absent: found.absent, outcomes: {} };
  }
  const outcomes: Partial<Record<CellName, Outcome>> = {};
  try {
    for (const cell of cells) {
      const outcome = await outcomeOf(scene, program, cell);
      outcomes[cell] = outcome;
      const detail = outcome.verdict === 'passed' ? outcome.note : outcome.why;
      if (outcome.verdict !== 'none') {
        tell(`${program.name}: ${cell}: ${outcome.verdict} ${detail}`.trimEnd());
      }
    }
  } finally {
    await program.end?.();
  }
  return { program: program.name, version: found.version, absent: undefined, outcomes };
}

async function outcomeOf(scene: Scene, program: Program, cell: CellName): Promise<Outcome> {
  const plan = program.plan(scene);
  const check: Check | string = isFault(cell) ? () => plan.failover(scene, cell) : plan[cell];
  if (typeof check === 'string') return { verdict: 'none', why: check };
  try {
    return { verdict: 'passed', note: await check(scene, 'gateway') };
  } catch (error) {
    return { verdict: 'failed', why: whyOf(error), alsoDirectly: !isFault(cell) && await failsDirectly() };
  }

  async function failsDirectly(): Promise<boolean> {
    try {
      if (typeof check !== 'string') await check?.(scene, 'direct');
      return false;
    } catch {
      return true;
    }
  }
}

/** Short enough for a table. */
function whyOf(error: unknown): string {
  const text = oneLine(error instanceof Error ? error.message : String(error));
  return text.length > 300 ? `${text.slice(0, 300)}...` : text;
}
