export const style = `
:root { color-scheme: light dark; --back: #fbfbfa; --card: #fff; --ink: #1c2024; --soft: #60646c; --line: #e4e4e2;
  --ours: #2563c9; --peer: #a9783b; --direct: #8b8d98; --floor: #7a4fb5; --good: #1a7f4b; --bad: #c13a32; }
@media (prefers-color-scheme: dark) { :root { --back: #111317; --card: #191c21; --ink: #eceef1; --soft: #a0a6b0;
  --line: #2d3138; --ours: #6ea2ff; --peer: #d9a766; --direct: #7b7f8a; --floor: #b794f4; --good: #4cc38a; --bad: #ff8078; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1240px; padding: 40px 24px 64px; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 8px; letter-spacing: -0.01em; }
h2 { font-size: 20px; margin: 48px 0 6px; }
h3 { font-size: 14px; margin: 0 0 10px; }
h3 small { font-weight: 400; color: var(--soft); margin-left: 4px; }
p { margin: 0 0 12px; max-width: 90ch; color: var(--soft); }
p.lead { color: var(--ink); font-size: 17px; font-weight: 600; margin-bottom: 4px; } p.busy { color: var(--bad); }
.facts { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: 16px 0 0; padding: 0; list-style: none; color: var(--soft); }
.facts b { color: var(--ink); font-weight: 600; }
.key { display: flex; flex-wrap: wrap; gap: 4px 22px; padding: 0; list-style: none; margin: 14px 0 0; font-size: 14px; }
.key i, .targets i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 8px; }
.key .verdict { color: var(--soft); } b.met { color: var(--good); } b.missed { color: var(--bad); }
.ours { --hue: var(--ours); } .peer { --hue: var(--peer); } .direct { --hue: var(--direct); } .floor { --hue: var(--floor); }
.key i, .targets i { background: var(--hue); }
.targets td:nth-child(2) { text-align: left; width: 100%; white-space: normal; min-width: 150px; }
code { font: 12px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 500px), 1fr)); gap: 16px; margin-top: 16px; }
.card, .wide { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; }
.wide { margin-top: 16px; overflow-x: auto; }
.card p.why { margin: 0; font-size: 13px; }
.chart { list-style: none; margin: 0; padding: 0; font-size: 13px; font-variant-numeric: tabular-nums; }
.chart li { display: grid; grid-template-columns: 150px 1fr 146px; column-gap: 12px; align-items: center; min-height: 25px; }
.chart small { color: var(--soft); font-size: 11px; white-space: nowrap; }
.name { text-align: right; } .value { font-weight: 600; display: flex; justify-content: space-between; align-items: baseline; gap: 8px; } .value small { font-weight: 400; }
.plot { position: relative; align-self: stretch; min-height: 25px; }
.plot i { position: absolute; top: 0; bottom: 0; }
.plot .bar { left: 0; top: calc(50% - 6.5px); height: 13px; border-radius: 2px; background: var(--hue); }
.plot .range { top: calc(50% - 3.5px); height: 7px; border-radius: 3px; background: var(--hue); opacity: 0.35; min-width: 2px; }
.dot { width: 10px; height: 10px; margin: auto 0 auto -5px; border-radius: 50%; background: var(--hue); }
.plot .whisker { top: calc(50% - 4.5px); height: 9px; border: 1px solid var(--ink); border-width: 0 1px; opacity: 0.55; min-width: 2px; }
.whisker::before { content: ""; position: absolute; top: calc(50% - 0.5px); width: 100%; border-top: 1px solid var(--ink); }
.grid { border-left: 1px solid var(--line); } .one { border-left: 1px dashed var(--soft); } .bound { border-left: 2px solid var(--ink); margin: 3px 0 3px -1px; }
.chart li.axis { min-height: 16px; } .axis .plot { grid-column: 2; min-height: 16px; }
.axis b { position: absolute; transform: translateX(-50%); font-size: 11px; font-weight: 400; color: var(--soft); }
.absent .why { grid-column: 2 / 4; color: var(--soft); font-style: italic; font-size: 12px; line-height: 1.3; max-height: 2.6em; overflow: hidden; overflow-wrap: anywhere; }
.met .value, .met td b { color: var(--good); } .missed .value, .missed td b { color: var(--bad); } .open td b { color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: right; padding: 6px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; font-variant-numeric: tabular-nums; vertical-align: top; }
tr:last-child td { border-bottom: 0; } th:first-child, td:first-child, .goals td:nth-child(-n+4), .goals th:nth-child(-n+4), .goals .why { text-align: left; }
.goals .why, .goals td:nth-child(2) { white-space: normal; } .goals .why { color: var(--soft); } .goals td:nth-child(2) { min-width: 150px; } .goals td.why { min-width: 220px; }
th { font-weight: 600; color: var(--soft); } td small, th small { display: block; color: var(--soft); font-size: 11.5px; font-weight: 400; }
.all { font-size: 13px; } .all td:first-child { white-space: normal; min-width: 150px; } .all th, .all td { padding: 5px 5px; } .all td small, .all th small { font-size: 10.5px; }
.all tr.group td { text-align: left; padding-top: 18px; font-weight: 600; } .none { color: var(--soft); }
.reasons { margin: 14px 0 0; padding-left: 30px; font-size: 13px; color: var(--soft); overflow-wrap: anywhere; } .reasons li::marker { content: "[" counter(list-item) "] "; }
.left-out { padding-left: 20px; color: var(--soft); overflow-wrap: anywhere; }
@media (max-width: 620px) {
  body { padding: 24px 12px 40px; } h1 { font-size: 24px; } .card, .wide { padding: 12px; }
  .chart li { grid-template-columns: 1fr auto; padding-bottom: 6px; } .name { text-align: left; } .value { grid-area: 1 / 2; }
  .chart .plot, .absent .why { grid-column: 1 / 3; min-height: 22px; }
  .goals, .goals tbody, .goals tr, .goals td { display: block; } .goals tr:first-child { display: none; }
  .goals tr { padding: 9px 0; border-bottom: 1px solid var(--line); } .goals td { text-align: left; padding: 0; border: 0; white-space: normal; }
  .goals td:nth-child(n+4):not(.why) { display: inline; } .goals td:nth-child(5):not(.why)::before { content: "; median "; } .goals td:nth-child(6)::before { content: ", "; }
  .goals td:nth-child(7)::before { content: "; rounds: "; }
}
`;
