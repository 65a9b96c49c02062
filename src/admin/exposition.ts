/**
 * The two text formats that Prometheus reads: its own, 0.0.4, and OpenMetrics 1.0.0, each from the same families.
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export type Labels = Readonly<Record<string, string>>;

/** The third is what a histogram's series adds to the family's name. */
export type Sample = readonly [Labels, number, suffix?: string];

export interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Format {
  readonly contentType: string;
  readonly isOpenMetrics: boolean;
}

export const plainText: Format = {
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  isOpenMetrics: false,
};

export const openMetrics: Format = {
  contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  isOpenMetrics: true,
};

/** The one that a client prefers by its header `Accept`; plain text unless it asks for the other. */
export function formatFor(accept = ''): Format {
  let [open, plain] = [0, 0];
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const values = new Map(parameters.map((part) => part.split('=', 2) as [string, string]));
    const wish = Number(values.get('q') ?? 1) || 0;
    const version = (values.get('version') ?? '1.0.0').replaceAll('"', '');
    if (type === 'application/openmetrics-text' && version === '1.0.0') open = Math.max(open, wish);
    if (['text/plain', 'text/*', '*/*'].includes(type)) plain = Math.max(plain, wish);
  }
  return open > 0 && open >= plain ? openMetrics : plainText;
}

/** A series has the same name and labels in both, bounds of buckets included, so that a change of format loses no history. */
export function render(families: readonly Family[], { isOpenMetrics }: Format): string {
  const text = families.map(({ name, type, help, samples }) => {
    const family = isOpenMetrics && type === 'counter' ? name.replace(/_total$/, '') : name;
    const told = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
    const head = `# HELP ${family} ${isOpenMetrics ? told.replaceAll('"', '\\"') : told}\n` +
      `# TYPE ${family} ${type}\n`;
    return head + samples.map(([labels, value, suffix = '']) => line(name + suffix, labels, value)).join('');
  }).join('');
  return isOpenMetrics ? `${text}# EOF\n` : text;
}

function line(name: string, labels: Labels, value: number): string {
  const text = Object.entries(labels).map(([key, value]) => `${key}="${escape(value)}"`).join(',');
  return `${name}${text && `{${text}}`} ${value}\n`;
}

function escape(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
