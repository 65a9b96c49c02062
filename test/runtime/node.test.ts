import { nodeRuntime } from '../../src/runtime/node.ts';
import { runtimeSuite } from './suite.ts';

runtimeSuite('node', nodeRuntime);
