/** `12 kB`, in steps of 1,024 as PostgreSQL writes sizes. */
export function bytes(count: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [count, 0];
  for (; value >= 10_240 && unit < units.length - 1; unit++) value /= 1024;
  return `${Math.round(value)} ${units[unit]}`;
}
