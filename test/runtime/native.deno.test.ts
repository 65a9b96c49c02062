import { nativeInALoop } from './native-runtime.ts';
import { runtimeSuite } from './suite.ts';

runtimeSuite('deno', nativeInALoop(), 'native');
