import { denoRuntime } from '../../src/runtime/deno.ts';
import { runtimeSuite } from './suite.ts';

runtimeSuite('deno', denoRuntime);
