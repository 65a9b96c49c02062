/** What happens to the primary in a failover; each is a column of the table. */
export const faultNames = ['kill', 'freeze', 'stop'] as const;
export type FaultName = (typeof faultNames)[number];
