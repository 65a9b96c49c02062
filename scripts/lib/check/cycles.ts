/** Import cycles: those that load, and those that only types make. Neither is allowed. */
import type { Finding } from './rules.ts';
import { targetOf } from './rules.ts';
import type { Source } from './scan.ts';

interface Edge {
  readonly to: string;
  readonly line: number;
  readonly typeOnly: boolean;
}

type Graph = ReadonlyMap<string, readonly Edge[]>;

/**
 * One finding for each shortest cycle, at the import that leaves its first file. A module named by URL is left out: it
 * is the start of another thread, with a graph of its own.
 */
export function findCycles(sources: readonly Source[]): Finding[] {
  const all: Graph = new Map(sources.map(({ path, imports }) => [
    path,
    imports.filter(({ kind }) => kind !== 'url').map(({ specifier, line, typeOnly }) => ({
      to: targetOf(path, specifier),
      line,
      typeOnly,
    })),
  ]));
  const values: Graph = new Map(
    [...all].map(([path, edges]) => [path, edges.filter(({ typeOnly }) => !typeOnly)]),
  );
  const seen = new Set<string>();
  return [
    ...report(
      values,
      seen,
      'import-cycle',
      'files that import each other cannot be understood, or loaded, alone',
    ),
    ...report(all, seen, 'type-cycle', 'move the types that both need to a file of their own'),
  ];
}

function report(graph: Graph, seen: Set<string>, rule: string, why: string): Finding[] {
  const findings: Finding[] = [];
  for (const start of [...graph.keys()].sort()) {
    const cycle = shortestCycle(graph, start);
    const key = cycle?.toSorted().join(' ') ?? '';
    if (cycle === undefined || seen.has(key)) continue;
    seen.add(key);
    const line = graph.get(start)?.find(({ to }) => to === (cycle[1] ?? start))?.line ?? 1;
    findings.push({ path: start, line, rule, message: `${[...cycle, start].join(' -> ')}: ${why}` });
  }
  return findings;
}

/** The files of the shortest way from `start` back to itself, `start` first; undefined if there is none. */
function shortestCycle(graph: Graph, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const path of queue) {
    for (const { to } of graph.get(path) ?? []) {
      if (to === start) return wayTo(path, start, cameFrom);
      if (cameFrom.has(to) || !graph.has(to)) continue;
      cameFrom.set(to, path);
      queue.push(to);
    }
  }
  return undefined;
}

function wayTo(last: string, start: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const way = [last];
  for (let at = last; at !== start;) {
    at = cameFrom.get(at) as string;
    way.unshift(at);
  }
  return way;
}
