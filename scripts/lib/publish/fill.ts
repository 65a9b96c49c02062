/** Templates of deploy/ in which facts stand between at signs: `@VERSION@`, `@SHA256 linux-x64@`. Pure. */

/** Facts by their names. Throws an error for people where the template wants one that is not there. */
export function fill(template: string, facts: ReadonlyMap<string, string>): string {
  return template.replace(/@([A-Z][A-Z0-9]*(?: [\w./-]+)?)@/g, (_, name: string) => {
    const fact = facts.get(name);
    if (fact === undefined) throw new Error(`there is no ${name}; there are ${[...facts.keys()].join(', ')}`);
    return fact;
  });
}
