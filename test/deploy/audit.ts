/** What `npm audit --json` says: which packages of package-lock.json have a weakness that is known. */

interface Advisory {
  readonly title?: string;
  readonly url?: string;
}

interface Report {
  readonly auditReportVersion?: number;
  readonly vulnerabilities?: Readonly<
    Record<
      string,
      { readonly severity: string; readonly range: string; readonly via: readonly (string | Advisory)[] }
    >
  >;
  /** Instead of a report: the registry could not be asked. */
  readonly message?: string;
}

export type Audit = { readonly found: readonly string[] } | { readonly unasked: string };

/** A line for each package that is concerned, or why nobody knows. */
export function auditOf(output: string): Audit {
  let report: Report;
  try {
    report = JSON.parse(output);
  } catch {
    return { unasked: output.trim().split('\n')[0] || 'npm said nothing' };
  }
  if (report.auditReportVersion === undefined) return { unasked: report.message || 'npm gave no report' };
  return {
    found: Object.entries(report.vulnerabilities ?? {}).map(([name, { severity, range, via }]) => {
      const why = via.map((one) => typeof one === 'string' ? `by ${one}` : `${one.title} ${one.url}`);
      return `${name} ${range}: ${severity}, ${why.join(', ')}`;
    }),
  };
}
