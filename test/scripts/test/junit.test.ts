import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJUnit } from '../../../scripts/lib/test/junit.ts';

const briefly = (xml: string): string[] =>
  readJUnit(xml).map(({ name, state, detail }) => `${state} ${name}${detail && ` (${detail})`}`);

test('a test is passed, failed, or skipped, and its group is not counted', () => {
  const xml = `<testsuites><testsuite name="group" tests="3" failures="1" skipped="1">
    <testcase name="one" time="0.1"/>
    <testcase name="two"><failure type="Error" message="bad&#10;worse">at two</failure></testcase>
    <testcase name="three"><skipped type="skipped" message="no epoll"/></testcase>
  </testsuite></testsuites>`;
  assert.deepEqual(briefly(xml), ['passed one', 'failed two (bad\nworse)', 'skipped three (no epoll)']);
});

test('an attribute may hold a bare > and a quote that was escaped twice', () => {
  const xml = `<testcase name="a > b &amp;quot;c&amp;quot; &lt;d>" time="1"/><testcase name="e"></testcase>`;
  assert.deepEqual(briefly(xml), ['passed a > b "c" <d>', 'passed e']);
});

test('a failure without a message tells its text, and a skip without a reason none', () => {
  const xml = `<testcase name="a"><error>gone &#x2192; away</error></testcase>
    <testcase name="b"><skipped/></testcase><testcase name="c"><skipped message="true"/></testcase>`;
  assert.deepEqual(briefly(xml), ['failed a (gone → away)', 'skipped b', 'skipped c']);
});

test('groups that Deno lists beside their tests are left out', () => {
  const xml = `<testsuites name="deno test"><testcase name="g"><failure message="1 step failed"/></testcase>
    <testcase name="g > a"></testcase><testcase name="g > b"><failure message="bad"/></testcase>
    <testcase name="gx"></testcase></testsuites>`;
  assert.deepEqual(briefly(xml), ['passed g > a', 'failed g > b (bad)', 'passed gx']);
});

test('a group of Deno that failed by itself is a failure', () => {
  const xml = `<testsuites name="deno test"><testcase name="g"><failure message="after hook"/></testcase>
    <testcase name="g > a"></testcase></testsuites>`;
  assert.deepEqual(briefly(xml), ['failed g (after hook)', 'passed g > a']);
});
