/** What the pages of the site have in common. Pure. */
import { escape } from '../bench/charts.ts';
import { style as benchStyle } from '../bench/page-style.ts';

/** What all pages are about. */
export interface Subject {
  /** The page of the repository. */
  readonly repository: string;
  readonly version: string;
  /** A whole commit id. */
  readonly revision: string;
  readonly madeAt: Date;
}

/** On top of the benchmark's, which has the colours and the cards. */
const style = `${benchStyle}
a { color: var(--ours); } a:focus-visible, summary:focus-visible { outline: 2px solid var(--ours); outline-offset: 2px; }
nav { font-size: 14px; margin-bottom: 14px; } pre, code { font: 12px/1.5 ui-monospace, monospace; }
pre { margin: 6px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; color: var(--ink); }
.failed { color: var(--bad); font-weight: 600; } .passed { color: var(--good); }
.card h2 { margin: 0 0 6px; font-size: 17px; } .card p { margin-bottom: 6px; } .card p:last-child { margin: 0; }
details { border-bottom: 1px solid var(--line); } details:last-child { border-bottom: 0; }
summary { cursor: pointer; padding: 6px 0; overflow-wrap: anywhere; } summary small { color: var(--soft); margin-left: 6px; }
details details { margin-left: 18px; font-size: 14px; } details ul { margin: 0 0 10px; padding-left: 36px; font-size: 13px; color: var(--soft); }
footer { margin-top: 36px; font-size: 14px; } time { white-space: nowrap; }
li { overflow-wrap: anywhere; } table.stages { width: auto; min-width: min(100%, 560px); }
@media (max-width: 620px) { .stages th, .stages td { padding: 6px 4px; font-size: 13px; } }
`;

/** `body` is HTML, `title` is text. */
export function page(title: string, subject: Subject, body: string): string {
  const { repository, version, revision, madeAt } = subject;
  const when = `${madeAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(title)}</title><style>${style}</style>
<main>
${body}
</main>
<footer><p>pg_gateway ${escape(version)}, commit <a href="${escape(repository)}/commit/${
    escape(revision)
  }"><code>${escape(revision.slice(0, 12))}</code></a>, <time>${when}</time>. <a href="${
    escape(repository)
  }">Sources and documents</a></p></footer>
</html>
`;
}
