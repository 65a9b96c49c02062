/** The outcomes of all stages as one JUnit XML: a suite for each file on each stage, with what failed; and back. Pure. */
import { type Outcome, readJUnit } from './junit.ts';

/** One test file on one stage; or one step, whose file is its command. */
export interface Suite {
  readonly stage: string;
  readonly file: string;
  readonly seconds: number;
  readonly outcomes: readonly Outcome[];
}

export function toJUnit(suites: readonly Suite[]): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n${
    suites.map(suiteText).join('')
  }</testsuites>\n`;
}

function suiteText({ stage, file, seconds, outcomes }: Suite): string {
  const count = (state: Outcome['state']) => outcomes.filter((outcome) => outcome.state === state).length;
  // Readers of JUnit take the class for the place of a test, and the suite for a heading.
  const head =
    `name="${escape(`${stage} ${file}`)}" tests="${outcomes.length}" failures="${count('failed')}" ` +
    `skipped="${count('skipped')}" time="${seconds.toFixed(3)}"`;
  const cases = outcomes.map(({ name, state, detail }) => {
    const test = `  <testcase classname="${escape(stage)}" name="${escape(name)}"`;
    if (state === 'passed') return `${test}/>\n`;
    const element = state === 'failed' ? 'failure' : 'skipped';
    return `${test}><${element} message="${escape(detail)}"/></testcase>\n`;
  });
  return `<testsuite ${head}>\n${cases.join('')}</testsuite>\n`;
}

/** What `toJUnit` has written. Throws an error for people where it is something else. */
export function fromJUnit(xml: string): Suite[] {
  const suites = [
    ...xml.matchAll(/^<testsuite name="(\S+) ([^"]*)".* time="([\d.]+)">$([^]*?)^<\/testsuite>$/gm),
  ];
  if (suites.length === 0) throw new Error('there is no suite in it as scripts/test --junit writes them');
  return suites.map(([, stage = '', file = '', seconds, body = '']) => ({
    stage,
    file: file.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
    seconds: Number(seconds),
    outcomes: readJUnit(body),
  }));
}

/** Line breaks as references, or a reader makes blanks of them; control characters are not allowed in XML at all. */
function escape(text: string): string {
  return text
    // deno-lint-ignore no-control-regex -- they are what is replaced
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, '\u{fffd}')
    .replace(/[&<>"\n\r\t]/g, (char) => `&#${char.charCodeAt(0)};`);
}
