import { nativeInALoop } from './native-runtime.ts';
import { runtimeSuite } from './suite.ts';

runtimeSuite('bun', nativeInALoop(), 'native');
