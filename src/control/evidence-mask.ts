/**
 * Evidence without names and addresses, for those who may not show them: each is called the same throughout, so that it is
 * decided as before. What servers said in words is left out.
 */
import type { Candidate } from '../cluster/candidate.ts';
import type { Observation } from '../cluster/observation.ts';
import type { EvidenceFile, FileEntry } from './evidence-file.ts';

export function masked(file: EvidenceFile): EvidenceFile {
  const masks = new Masks(file.entries);
  return {
    ...file,
    isMasked: true,
    entries: file.entries.map(({ at, rules, memory, observations, outcome }) => ({
      at,
      rules,
      memory: memory && masks.inside(memory),
      observations: observations.map((observation) => masks.observation(observation)),
      outcome: masks.inside(outcome),
    })),
  };
}

class Masks {
  readonly #hosts = new Map<string, string>();
  /** Of texts that may stand inside of others: names of candidates, and what servers say of their start. */
  readonly #texts = new Map<string, string>();
  readonly #pattern: RegExp;

  constructor(entries: readonly FileEntry[]) {
    for (const { observations, memory, outcome } of entries) {
      for (const { candidate, answer } of observations) {
        this.#add(candidate.name, `server-${this.#texts.size + 1}:${candidate.port}`);
        if (answer) this.#add(answer.startedAt, `start-${this.#texts.size + 1}`);
      }
      // They may have left the candidates.
      for (const name of [memory?.incumbent, outcome.primary]) {
        if (name !== undefined) this.#add(name, `server-${this.#texts.size + 1}`);
      }
    }
    const literals = [...this.#texts.keys()].sort((a, b) => b.length - a.length)
      .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    this.#pattern = new RegExp(literals.join('|') || '$^', 'g');
  }

  #add(text: string, mask: string): void {
    if (text !== '' && !this.#texts.has(text)) this.#texts.set(text, mask);
  }

  observation({ candidate, answer, failure, ...rest }: Observation): Observation {
    return {
      ...rest,
      candidate: this.#candidate(candidate),
      answer: answer && {
        ...answer,
        host: this.#host(answer.host),
        startedAt: this.#text(answer.startedAt),
        upstream: answer.upstream && { ...answer.upstream, host: this.#host(answer.upstream.host) },
      },
      failure: failure && { ...failure, message: '(masked)' },
    };
  }

  #candidate({ name, host, port }: Candidate): Candidate {
    return { name: this.#text(name), host: this.#host(host), port };
  }

  /** A loopback address means something to an election; and hosts are the same whatever the case of their letters. */
  #host(host: string): string {
    const key = host.toLowerCase();
    if (key === 'localhost' || key === '::1' || key.startsWith('127.')) return host;
    const mask = this.#hosts.get(key) ?? `host-${this.#hosts.size + 1}`;
    this.#hosts.set(key, mask);
    return mask;
  }

  #text(text: string): string {
    return text.replace(this.#pattern, (found) => this.#texts.get(found) ?? found);
  }

  /** In all texts inside of `value`. */
  inside<T>(value: T): T {
    return this.#inside(value) as T;
  }

  #inside(value: unknown): unknown {
    if (typeof value === 'string') return this.#text(value);
    if (Array.isArray(value)) return value.map((one) => this.#inside(one));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [this.#text(name), this.#inside(one)]),
    );
  }
}
