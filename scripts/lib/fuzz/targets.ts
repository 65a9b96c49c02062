/** All that is fuzzed. */
import type { Target } from './target.ts';
import { configEnv, configLine, configToml, setting } from './targets/config.ts';
import { dns } from './targets/dns.ts';
import { evidence } from './targets/evidence.ts';
import { firstBytes } from './targets/first-bytes.ts';
import { haproxy } from './targets/haproxy.ts';
import { command, controlSocket, metricsPort } from './targets/http.ts';
import { loginScan } from './targets/login-scan.ts';
import { messages } from './targets/messages.ts';
import { passfile } from './targets/passfile.ts';
import { probeAnswer } from './targets/probe-answer.ts';
import { probeSession } from './targets/probe-session.ts';
import { refusal } from './targets/refusal.ts';
import { status } from './targets/status.ts';
import { text } from './targets/text.ts';

export const targets: readonly Target[] = [
  ...[firstBytes, loginScan, messages, probeAnswer, refusal, passfile, text],
  ...[configEnv, configToml, configLine, setting, haproxy, evidence, status, command],
  ...[controlSocket, metricsPort, probeSession, dns],
];
