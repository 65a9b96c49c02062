import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Import } from '../../../scripts/lib/check/scan.ts';
import { scan } from '../../../scripts/lib/check/scan.ts';

const importsOf = (text: string): Import[] => [...scan('a.ts', text).imports];
const briefly = (text: string): string[] =>
  importsOf(text).map(({ kind, typeOnly, specifier, line }) =>
    `${line} ${kind}${typeOnly ? ' type' : ''} ${specifier}`
  );

test('every form of import is seen, with its line', () => {
  const text = `import './a.ts';
import b, { type B } from './b.ts';
import type { C } from './c.ts';
import {
  d,
  e as f,
} from './d.ts';
import * as g from "./g.ts";
import type from './type.ts';
export * from './h.ts';
export * as i from './i.ts';
export type { J } from './j.ts';
const k = await import('./k.ts');
type L = import('./l.ts').L;
const m = require('./m.ts');
new URL('./n.ts', import.meta.url);
import(o);
`;
  assert.deepEqual(briefly(text), [
    '1 static ./a.ts',
    '2 static ./b.ts',
    '3 static type ./c.ts',
    '7 static ./d.ts',
    '8 static ./g.ts',
    '9 static ./type.ts',
    '10 reexport ./h.ts',
    '11 reexport ./i.ts',
    '12 reexport type ./j.ts',
    '13 dynamic ./k.ts',
    '14 dynamic ./l.ts',
    '15 dynamic ./m.ts',
    '16 url ./n.ts',
    '17 dynamic ',
  ]);
});

test('what only looks like an import is none', () => {
  const text = `// import './a.ts';
/* import b from './b.ts'; */
const c = "import './c.ts'";
const d = \`import './d.ts'; \${"import './e.ts'"} \`;
export const from = 'f';
loader.import('./g.ts');
new URL('http://h.ts');
const url = import.meta.url;
`;
  assert.deepEqual(briefly(text), []);
});

test('the code keeps its length and lines, and loses comments and the insides of literals', () => {
  const text =
    "const a = 'x\\'y'; // Bun\nconst b = /[/'\"]/g.test(a) ? `p ${a + `q ${'r'}` + { s: 1 }.s} t` : 8 / 2 / 1;\n";
  const { code } = scan('a.ts', text);
  assert.equal(code.length, text.length);
  assert.equal(
    code.replace(/ +/g, ' '),
    "const a = ' '; \nconst b = / g.test(a) ? ` {a + ` {' '}` + { s: 1 }.s} ` : 8 / 2 / 1;\n",
  );
});
