/** The lines `bind`, `server` and `server-template` of a section. Pure. */
import { parseCandidates } from '../../cluster/candidate.ts';
import { bracketed } from '../../runtime/addresses.ts';
import { addressOf } from './addresses.ts';
import { type Parameters, parametersOf } from './parameters.ts';
import { type Directive, directive, directives, type Problem, type Section } from './sections.ts';
import { expanded, type Lookup } from './words.ts';

export interface Bind {
  readonly line: number;
  /** An address of this machine, or the folder of a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly parameters: Parameters;
}

export interface BackendServer {
  readonly line: number;
  readonly name: string;
  /** As in CANDIDATES, in its full form; a service is `srv+NAME`. */
  readonly candidate: string;
  /** Where it is, without the port. */
  readonly host: string;
  /** Its own line has no port: HAProxy takes the one that the client came to. */
  readonly isPortOfClient: boolean;
  /** It is one line for several servers. */
  readonly isTemplate: boolean;
  readonly parameters: Parameters;
}

/** Tells every word of it that has a variable which is not set: HAProxy would put nothing there. */
export function unsetIn({ line, words, unset }: Directive, env: Lookup): Problem[] {
  const missing = new Set([...unset, ...words.slice(0, 4).flatMap((word) => expanded(word, env).unset)]);
  return [...missing].map((name) => ({
    line,
    what: `the environment has no ${name}: run the command with ${name}=... before it`,
  }));
}

/** All addresses of all `bind` lines; those that the gateway cannot listen on go to `unusable`. */
export function bindsOf(section: Section, env: Lookup, problems: Problem[], unusable: Problem[]): Bind[] {
  return directives(section, 'bind').flatMap((directive) => {
    const { line, words } = directive;
    problems.push(...unsetIn(directive, env));
    const parameters = parametersOf(line, words.slice(2));
    return expanded(words[1] ?? '', env).words[0]!.split(',').flatMap((text) => {
      const address = addressOf(text);
      const complain = (what: string) => {
        unusable.push({ line, what: `bind "${text}" ${what}` });
        return [];
      };
      if ('problem' in address) return complain(address.problem);
      if (address.kind === 'folder') {
        return [{ line, host: address.folder, port: address.port, parameters }];
      }
      const { host, port } = address;
      if (port === undefined) return complain('has no port');
      if (port < 1 || port > 65_535) return complain('has no port between 1 and 65535');
      return [{ line, host: host === '' || host === '*' ? '0.0.0.0' : host, port, parameters }];
    });
  });
}

/** `clientPort` is the only port of the section's clients; undefined: there are several, or none. */
export function serversOf(
  section: Section,
  env: Lookup,
  clientPort: number | undefined,
  problems: Problem[],
): BackendServer[] {
  const defaults = directives(section, 'default-server').reduce<Parameters>(
    (before, { line, words }) => parametersOf(line, words.slice(1), before),
    new Map(),
  );
  const lines = section.own.filter(({ words: [keyword] }) =>
    keyword === 'server' || keyword === 'server-template'
  );
  const names = new Set<string>();
  return lines.flatMap((line) => {
    const isTemplate = line.words[0] === 'server-template';
    const [, name = '', ...rest] = line.words;
    const [text = '', ...more] = isTemplate ? rest.slice(1) : rest;
    problems.push(...unsetIn(line, env));
    const found = candidateOf(expanded(text, env).words[0]!, clientPort);
    if ('problem' in found) {
      problems.push({ line: line.line, what: `server "${text}" ${found.problem}` });
      return [];
    }
    if (names.has(name)) problems.push({ line: line.line, what: `there are two servers called ${name}` });
    names.add(name);
    return [{
      line: line.line,
      name,
      ...found,
      isTemplate,
      parameters: parametersOf(line.line, more, defaults),
    }];
  });
}

type Found = Pick<BackendServer, 'candidate' | 'host' | 'isPortOfClient'>;

function candidateOf(text: string, clientPort: number | undefined): Found | { readonly problem: string } {
  const address = addressOf(text);
  if ('problem' in address) return address;
  if (address.kind === 'folder') {
    const { folder, port } = address;
    return checked({ candidate: `${folder}:${port}`, host: folder, isPortOfClient: false });
  }
  const { host } = address;
  // A name of SRV records.
  if (/^_[\w-]+\._tcp\./.test(host)) {
    return checked({ candidate: `srv+${host}`, host, isPortOfClient: false });
  }
  const port = address.port ?? clientPort;
  if (port === undefined) {
    return { problem: 'has no port: HAProxy takes that of the client, and there are several' };
  }
  return checked({
    candidate: `${bracketed(host)}:${port}`,
    host,
    isPortOfClient: address.port === undefined,
  });
}

function checked(found: Found): Found | { readonly problem: string } {
  const list = parseCandidates(found.candidate);
  if ('problem' in list) return { problem: `cannot be a candidate: ${list.problem}` };
  return { ...found, candidate: list.candidates[0]!.name };
}

/** Whether a server gets clients only when the others are down. */
export function isBackup({ parameters }: BackendServer): boolean {
  return parameters.has('backup');
}

/** Of `resolvers NAME`: the name servers, and how long an answer counts. */
export interface Resolvers {
  readonly line: number;
  /** Numeric, with a port. */
  readonly nameServers: readonly { readonly line: number; readonly address: string }[];
  readonly valid: Directive | undefined;
}

export function resolversOf(section: Section, env: Lookup): Resolvers {
  const nameServers = directives(section, 'nameserver').map((one) => {
    return {
      line: one.line,
      address: expanded(one.words[2] ?? '', env).words[0]!.replace(/^(?:udp|ipv[46])@/, ''),
    };
  });
  return { line: section.line, nameServers, valid: directive(section, 'hold', 'valid') };
}
