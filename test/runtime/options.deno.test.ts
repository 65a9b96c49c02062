import { optionsSuite } from './options-suite.ts';

optionsSuite();
