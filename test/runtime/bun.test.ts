import { bunRuntime } from '../../src/runtime/bun.ts';
import { runtimeSuite } from './suite.ts';

runtimeSuite('bun', bunRuntime);
