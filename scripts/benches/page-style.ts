export const style = `
:root { color-scheme: light dark; --back: #fbfbfa; --card: #fff; --ink: #1c2024; --soft: #60646c; --line: #e4e4e2;
  --ours: #2563c9; --peer: #a9783b; --direct: #8b8d98; --good: #1a7f4b; --bad: #c13a32; }
@media (prefers-color-scheme: dark) { :root { --back: #111317; --card: #191c21; --ink: #eceef1; --soft: #a0a6b0;
  --line: #2d3138; --ours: #6ea2ff; --peer: #d9a766; --direct: #7b7f8a; --good: #4cc38a; --bad: #ff8078; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1240px; padding: 40px 24px 64px; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 8px; letter-spacing: -0.01em; }
h2 { font-size: 20px; margin: 48px 0 6px; }
h3 { font-size: 14px; margin: 0 0 10px; }
h3 small { font-weight: 400; color: var(--soft); margin-left: 6px; }
p { margin: 0 0 12px; max-width: 78ch; color: var(--soft); }
.lead { color: var(--ink); font-size: 17px; }
.facts { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: 16px 0 0; padding: 0; list-style: none; color: var(--soft); }
.facts b { color: var(--ink); font-weight: 600; }
.key { display: flex; flex-wrap: wrap; gap: 4px 22px; padding: 0; list-style: none; margin: 14px 0 0; font-size: 14px; }
.key i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 7px; }
.key .verdict { color: var(--soft); } b.met { color: var(--good); } b.missed { color: var(--bad); }
.ours i { background: var(--ours); } .peer i { background: var(--peer); } .direct i { background: var(--direct); }
.targets i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 9px; }
.targets td:nth-child(2) { text-align: left; width: 100%; white-space: normal; }
code { font: 12px/1.5 ui-monospace, monospace; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 500px), 1fr)); gap: 16px; margin-top: 16px; }
.card, .wide { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; }
.wide { margin-top: 16px; overflow-x: auto; }
svg { display: block; width: 100%; height: auto; font: 12.5px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .tick { fill: var(--soft); font-size: 11px; } svg .value { font-variant-numeric: tabular-nums; font-weight: 600; }
.ours rect, .ours circle { fill: var(--ours); } .peer rect, .peer circle { fill: var(--peer); } .direct rect, .direct circle { fill: var(--direct); }
rect.range { opacity: 0.35; } .whisker { fill: none; stroke: var(--ink); stroke-width: 1.2; opacity: 0.55; }
.grid { stroke: var(--line); } .one { stroke: var(--soft); stroke-dasharray: 3 3; } .bound { stroke: var(--ink); stroke-width: 2; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: right; padding: 6px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; font-variant-numeric: tabular-nums; }
tr:last-child td { border-bottom: 0; } th:first-child, td:first-child, .goals td:nth-child(-n+4), .goals th:nth-child(-n+4), .goals .why { text-align: left; }
.goals .why, .goals td:nth-child(2) { white-space: normal; } .goals .why { color: var(--soft); }
th { font-weight: 600; color: var(--soft); } td small, th small { display: block; color: var(--soft); font-size: 11.5px; }
.all { font-size: 13px; } .all td:first-child { white-space: normal; min-width: 150px; } .all th, .all td { padding: 5px 5px; } .all td small { font-size: 10.5px; }
.all tr.group td { text-align: left; padding-top: 18px; font-weight: 600; } .met td b, .met .value { color: var(--good); fill: var(--good); } .missed td b, .missed .value { color: var(--bad); fill: var(--bad); } .open b { color: var(--soft); }
`;
