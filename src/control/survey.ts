/**
 * Questions about clients, put to all workers at once. The answers come in slices; a worker that does not answer in time is
 * named, and not waited for.
 */
import { deferred } from '../deferred.ts';
import type { Report } from '../contract/messages.ts';

/** How long the workers have to list ten thousand clients beside their work. */
const deadlineMs = 5_000;

export interface Found {
  readonly count: number;
  /** ClientRow as JSON, with commas between; empty where none were asked for. */
  readonly rows: string;
  /** Workers that did not answer, or not to the end. */
  readonly silent: readonly number[];
}

interface Question {
  readonly waiting: Set<number>;
  readonly rows: string[];
  count: number;
  readonly settle: () => void;
}

export class Survey {
  readonly #deadlineMs: number;
  readonly #open = new Map<number, Question>();
  #lastId = 0;

  constructor(ms: number = deadlineMs) {
    this.#deadlineMs = ms;
  }

  /** Calls `ask` with the number of the question; `workers` are those that will answer. */
  put(workers: readonly number[], ask: (id: number) => void): Promise<Found> {
    const id = this.#lastId += 1;
    const { promise, resolve } = deferred<Found>();
    const settle = (): void => {
      clearTimeout(deadline);
      this.#open.delete(id);
      const { count, rows, waiting } = question;
      resolve({ count, rows: rows.join(','), silent: [...waiting] });
    };
    const deadline = setTimeout(settle, this.#deadlineMs);
    const question: Question = { waiting: new Set(workers), rows: [], count: 0, settle };
    this.#open.set(id, question);
    ask(id);
    return promise;
  }

  take(worker: number, { id, count, rows, isLast }: Extract<Report, { kind: 'selected' }>): void {
    const question = this.#open.get(id);
    if (question === undefined) return;
    question.count += count;
    if (rows !== '') question.rows.push(rows);
    if (isLast) question.waiting.delete(worker);
    if (question.waiting.size === 0) question.settle();
  }
}
