/** HAProxy with two ports, as the gateway has them. Pure. */

export interface Ports {
  readonly port: number;
  readonly idlePort: number;
  readonly primaryPort: number;
  readonly standInPort: number;
  readonly threads: number;
  readonly sessions: number;
}

/** Why `maxpipes`: see `haproxyConfig` of scripts/lib/bench/configs.ts. */
export function haproxyConfig(ports: Ports): string {
  const { port, idlePort, primaryPort, standInPort, threads, sessions } = ports;
  return `global
  nbthread ${threads}
  maxconn ${sessions}
  maxpipes 64
defaults
  mode tcp
  maxconn ${sessions}
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  option splice-auto
frontend busy
  bind 127.0.0.1:${port}
  default_backend primary
frontend idle
  bind 127.0.0.1:${idlePort}
  default_backend stand-in
backend primary
  server one 127.0.0.1:${primaryPort}
backend stand-in
  server one 127.0.0.1:${standInPort}
`;
}
