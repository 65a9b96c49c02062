/** The dashboard as it is shipped, and what Grafana makes of its queries. */
import { readFileSync } from 'node:fs';

interface Target {
  readonly expr: string;
}

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly targets?: readonly Target[];
}

export interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly type: string; readonly definition?: string }[] };
  readonly annotations: { readonly list: readonly Target[] };
}

export const dashboard = JSON.parse(
  readFileSync(new URL('../../deploy/grafana/pg_gateway.json', import.meta.url), 'utf8'),
) as Dashboard;

/** Every expression, those of variables and annotations too, for a Prometheus that scrapes each second. */
export function expressions({ panels, templating, annotations }: Dashboard): readonly string[] {
  const labels = templating.list.filter(({ type }) => type === 'query').map(({ definition }) => {
    const [, series, label] = /^label_values\((.+), (\w+)\)$/.exec(definition ?? '') ?? [];
    if (series === undefined) throw new Error(`this is no label_values(series, label): ${definition}`);
    return `count by (${label}) (${series})`;
  });
  return [
    ...labels,
    ...[...panels.flatMap(({ targets = [] }) => targets), ...annotations.list].map(({ expr }) => expr),
  ]
    .map((expr) =>
      expr.replaceAll('$__rate_interval', '30s').replaceAll('$__range', '1m').replaceAll(
        /\$(?:job|instance)/g,
        '.*',
      )
    );
}
