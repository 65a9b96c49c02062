/** Known only in the environment or the file: a flag would show them in every list of processes. */
export const secrets = ['PGPASSWORD', 'METRICS_TOKEN'] as const;

export type Secret = (typeof secrets)[number];
