/** Of PostgreSQL's own suites: what `--suites` takes. */
export const suiteNames = ['regress', 'isolation'] as const;
export type SuiteName = (typeof suiteNames)[number];

/** How a suite connects, through the gateway and without it. */
export const suiteWays = ['plain', 'tls'] as const;
export type SuiteWay = (typeof suiteWays)[number];
