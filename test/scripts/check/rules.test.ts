import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCycles } from '../../../scripts/lib/check/cycles.ts';
import { fileRules, importRules, judge, maxLines } from '../../../scripts/lib/check/rules.ts';
import { scan } from '../../../scripts/lib/check/scan.ts';

type Tree = Readonly<Record<string, string>>;

/** `path:line rule` for all that is wrong with a tree. */
function strikes(tree: Tree): string[] {
  const sources = Object.entries(tree).map(([path, text]) => scan(path, text));
  return [...sources.flatMap(judge), ...findCycles(sources)].map(({ path, line, rule }) =>
    `${path}:${line} ${rule}`
  );
}

/** For each rule: trees that it strikes, with where, and trees that pass all rules. */
const cases: Readonly<Record<string, { strikes: readonly [Tree, ...string[]][]; passes: readonly Tree[] }>> =
  {
    layers: {
      strikes: [
        [{ 'src/control/r.ts': "import type { S } from '../admin/status.ts';" }, 'src/control/r.ts:1'],
        [{ 'src/probe/p.ts': "import { c } from '../config/config.ts';" }, 'src/probe/p.ts:1'],
        [{ 'src/admin/a.ts': "import { g } from '../gateway.ts';" }, 'src/admin/a.ts:1'],
      ],
      passes: [
        {
          'src/gateway.ts': "import { p } from './admin/pages.ts';",
          'src/cli/a.ts': "import '../gateway.ts';",
        },
        { 'src/version.ts': "import pkg from '../package.json' with { type: 'json' };" },
      ],
    },
    'pure-cluster': {
      strikes: [
        [{ 'src/cluster/a.ts': "import { log } from '../log.ts';" }, 'src/cluster/a.ts:1'],
        [{ 'src/cluster/a.ts': "\nimport type { Stats } from 'node:fs';" }, 'src/cluster/a.ts:2'],
      ],
      passes: [{
        'src/cluster/a.ts': "import { b } from './b.ts';",
        'src/control/r.ts': "import 'node:fs';",
      }],
    },
    'pure-protocol': {
      strikes: [
        [{ 'src/protocol/a.ts': "import { createHash } from 'node:crypto';" }, 'src/protocol/a.ts:1'],
        [{ 'src/protocol/a.ts': "import type { L } from '../cluster/lsn.ts';" }, 'src/protocol/a.ts:1'],
      ],
      passes: [{ 'src/protocol/a.ts': "import { b } from './b.ts';" }],
    },
    'types-only': {
      strikes: [
        [{ 'src/data/pump.ts': "import { at } from '../contract/counters.ts';" }, 'src/data/pump.ts:1'],
        [{ 'src/data/pump.ts': "import { type A } from './a.ts';" }, 'src/data/pump.ts:1'],
      ],
      passes: [
        { 'src/data/pump.ts': "import type { Conn } from '../runtime/runtime.ts';" },
        { 'src/data/session.ts': "import { at } from '../contract/counters.ts';" },
      ],
    },
    'contract-is-a-leaf': {
      strikes: [[{ 'src/contract/a.ts': "import { b } from '../runtime/b.ts';" }, 'src/contract/a.ts:1']],
      passes: [{
        'src/contract/a.ts': "import type { A } from '../runtime/runtime.ts';\nimport { b } from './b.ts';",
      }],
    },
    'planes-apart': {
      strikes: [
        [{ 'src/data/s.ts': "import type { P } from '../probe/prober.ts';" }, 'src/data/s.ts:1'],
        [{ 'src/data/s.ts': "import { messageOf } from '../errors.ts';" }, 'src/data/s.ts:1'],
      ],
      passes: [{
        'src/data/s.ts': "import { m } from '../contract/messages.ts';\nimport 'node:worker_threads';",
      }],
    },
    'page-in-a-browser': {
      strikes: [[{ 'src/admin/page/a.ts': "import { json } from '../http.ts';" }, 'src/admin/page/a.ts:1']],
      passes: [{
        'src/admin/page/a.ts': "import type { Status } from '../status.ts';\nimport { b } from './b.ts';",
        'src/admin/page/charts.ts': "import uPlot from 'uplot';",
      }],
    },
    'runtime-modules': {
      strikes: [
        [{ 'src/probe/q.ts': "import type { Socket } from 'node:net';" }, 'src/probe/q.ts:1'],
        [{ 'src/probe/w.ts': "const { dlopen } = await import('bun:ffi');" }, 'src/probe/w.ts:1'],
      ],
      passes: [
        { 'src/runtime/node.ts': "import { connect } from 'node:net';" },
        { 'test/e2e/a.test.ts': "import { connect } from 'node:net';" },
      ],
    },
    'package-owner': {
      strikes: [
        [{ 'src/control/r.ts': "import postgres from 'postgres';" }, 'src/control/r.ts:1'],
        [{ 'src/admin/http.ts': "import { consola } from 'consola';" }, 'src/admin/http.ts:1'],
        [{ 'src/log.ts': "import left from '@left/pad/deep';" }, 'src/log.ts:1'],
      ],
      passes: [
        { 'src/cli/serve.ts': "import 'citty';" },
        { 'src/log.ts': "import { a } from 'consola/basic';", 'src/main.ts': "import { b } from 'citty';" },
        { 'src/refusal-server/certificate.ts': "import forge from 'node-forge';" },
        { 'test/support/cluster.ts': "import postgres from 'postgres';" },
      ],
    },
    'src-stands-alone': {
      strikes: [[{ 'src/a.ts': "import { until } from '../test/support/wait-for.ts';" }, 'src/a.ts:1']],
      passes: [{ 'src/a.ts': "import pkg from '../package.json' with { type: 'json' };" }],
    },
    extension: {
      strikes: [
        [{ 'src/a.ts': "export { b } from './b';\nconst c = 1;" }, 'src/a.ts:1'],
        [{ 'test/a.test.ts': "import { b } from '../src/b.js';" }, 'test/a.test.ts:1'],
      ],
      passes: [{ 'src/a.ts': "import { b } from './b.ts';" }],
    },
    'literal-import': {
      strikes: [[{ 'src/a.ts': 'const m = await import(name);' }, 'src/a.ts:1']],
      passes: [{ 'src/a.ts': "const m = await import('./b.ts');", 'test/a.test.ts': 'await import(name);' }],
    },
    'worker-url': {
      strikes: [[
        { 'src/control/worker-pool.ts': "const w = new URL('./worker.ts', import.meta.url);" },
        'src/control/worker-pool.ts:1',
      ]],
      passes: [{ 'src/gateway.ts': "const w = new URL('./data/worker.ts', import.meta.url);" }, {
        'src/admin/page.ts': "const page = new URL('./page.html', import.meta.url);",
      }],
    },
    'runtime-names': {
      strikes: [
        [{ 'src/a.ts': '// Bun\nconst v = Bun.version;' }, 'src/a.ts:2'],
        [{ 'src/a.ts': 'const t = `in ${typeof Deno}`;' }, 'src/a.ts:1'],
      ],
      passes: [
        { 'src/a.ts': "/* Bun */ const s = 'Deno'; const t = `Bun ${s}`; const r = /Bun's/; // Deno" },
        { 'src/a.ts': 'const half = total / 2; const BunLike = 1;', 'src/runtime/bun.ts': 'Bun.listen();' },
      ],
    },
    'node-20': {
      strikes: [
        [{ 'src/a.ts': 'const { promise } = Promise.withResolvers<void>();' }, 'src/a.ts:1'],
        [{ 'src/a.ts': '\nconst groups = Map.groupBy(items, keyOf);' }, 'src/a.ts:2'],
      ],
      passes: [{ 'test/a.test.ts': 'Promise.withResolvers();', 'src/a.ts': 'Map.prototype; // Map.groupBy' }],
    },
    'monotonic-clock': {
      strikes: [
        [{ 'src/data/a.ts': 'const now = Date.now;' }, 'src/data/a.ts:1'],
        [{ 'src/cluster/a.ts': '\nconst date = new Date();' }, 'src/cluster/a.ts:2'],
      ],
      passes: [
        { 'src/control/journal.ts': 'const time = new Date();' },
        { 'src/data/a.ts': 'const date = new Date(1_000); // not Date.now()' },
      ],
    },
    'no-default-export': {
      strikes: [
        [{ 'src/a.ts': '\n\nexport default 1;' }, 'src/a.ts:3'],
        [{ 'src/a.ts': 'const a = 1;\nexport { a as default };' }, 'src/a.ts:2'],
      ],
      passes: [{
        'src/a.ts': "import { default as x } from './b.ts';\nexport const a = x; // export default",
      }],
    },
    'no-barrel': {
      strikes: [
        [
          { 'src/a.ts': "/** All. */\nexport * from './b.ts';\nexport type { C } from './c.ts';" },
          'src/a.ts:1',
        ],
        [{ 'src/a.ts': "import { b } from './b.ts';\nexport { b };" }, 'src/a.ts:1'],
      ],
      passes: [
        { 'src/a.ts': "export { b } from './b.ts';\nexport const c = 1;" },
        { 'src/main.ts': "import './b.ts';" },
      ],
    },
    'file-length': {
      strikes: [[{ 'src/a.ts': 'f();\n'.repeat(maxLines + 1) }, `src/a.ts:${maxLines + 1}`]],
      passes: [{ 'src/a.ts': 'f();\n'.repeat(maxLines), 'test/a.ts': 'f();\n'.repeat(maxLines + 1) }],
    },
    'honest-skip': {
      strikes: [[{ 'test/a.test.ts': "test('a', (t) => {\n  t.skip('no');\n});" }, 'test/a.test.ts:2']],
      passes: [{ 'test/a.test.ts': "test('a', { skip: 'no epoll' }, () => {});" }],
    },
    'import-cycle': {
      strikes: [
        [{
          'src/a.ts': "import './b.ts';",
          'src/b.ts': "import './c/c.ts';",
          'src/c/c.ts': "\nimport '../b.ts';",
        }, 'src/b.ts:1'],
        [{ 'src/a.ts': "import './a.ts';" }, 'src/a.ts:1'],
      ],
      passes: [
        { 'src/a.ts': "import './b.ts';\nimport './c.ts';", 'src/b.ts': "import './c.ts';", 'src/c.ts': '' },
        { 'src/a.ts': "new URL('./b.ts', import.meta.url);", 'src/b.ts': "import './a.ts';" },
      ],
    },
    'type-cycle': {
      strikes: [
        [
          { 'src/a.ts': "import type { B } from './b.ts';", 'src/b.ts': "import { a } from './a.ts';" },
          'src/a.ts:1',
        ],
      ],
      passes: [{ 'src/a.ts': "import type { B } from './b.ts';", 'src/b.ts': '' }],
    },
  };

for (const [rule, { strikes: bad, passes }] of Object.entries(cases)) {
  test(`the rule ${rule} strikes where it should`, () => {
    for (const [tree, ...where] of bad) {
      assert.deepEqual(strikes(tree), where.map((place) => `${place} ${rule}`));
    }
  });
  test(`the rule ${rule} lets pass what is allowed`, () => {
    for (const tree of passes) assert.deepEqual(strikes(tree), []);
  });
}

test('every rule has its cases', () => {
  const names = [...importRules, ...fileRules].map(({ name }) => name);
  assert.deepEqual([...names, 'import-cycle', 'type-cycle'], Object.keys(cases));
});

test('a finding says where, what, and why', () => {
  const [finding] = judge(scan('src/cluster/a.ts', "import { log } from '../log.ts';"));
  assert.equal(
    finding?.message,
    "imports '../log.ts': cluster/ decides and touches nothing; it imports only itself",
  );
});
