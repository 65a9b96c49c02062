/** Of PostgreSQL's own suites: what `--suites` takes. */
export const suiteNames = ['regress', 'isolation'] as const;
export type SuiteName = (typeof suiteNames)[number];
