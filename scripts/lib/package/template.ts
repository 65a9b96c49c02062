/** Files of deploy/packages/ with @NAMES@ in them. */
import { readFileSync } from 'node:fs';

/** Throws where a name has no value, or a value no place. */
export function filled(file: string, values: Readonly<Record<string, string>>): string {
  const unused = new Set(Object.keys(values));
  const text = readFileSync(file, 'utf8').replace(/@([A-Z_]+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${file}: @${name}@ has no value`);
    unused.delete(name);
    return value;
  });
  if (unused.size > 0) throw new Error(`${file} has no place for ${[...unused].join(', ')}`);
  return text;
}
