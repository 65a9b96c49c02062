import type { Question } from '../../src/admin/http.ts';

/** A GET, as the HTTP server hands it on. */
export function question(url: string, headers: Question['headers'] = {}): Question {
  const [path = '', query = ''] = url.split('?', 2);
  return { method: 'GET', path, query: new URLSearchParams(query), headers, body: '' };
}
