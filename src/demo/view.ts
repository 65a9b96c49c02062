/** What the frame shows, as plain values: all that it takes from servers, gateway and writer. */
import type { Scene, SceneEvent } from './scene.ts';
import { lagOf, primaryOf, type Role, textOf } from './watch.ts';
import type { WriterState } from './writer.ts';

export interface View {
  readonly elapsedMs: number;
  readonly psql: string;
  readonly url: string;
  /** The status page of the gateway. */
  readonly page: string;
  /** What to type to be told more. */
  readonly explain: string;
  readonly servers: readonly ServerView[];
  readonly gateway: GatewayView;
  readonly writer: WriterState;
  /** The server that took the last write. */
  readonly taker: string | undefined;
  /** The server that keys act on, where one was chosen. */
  readonly chosen: string | undefined;
  /** What is being done. */
  readonly busy: string | undefined;
  readonly events: readonly SceneEvent[];
}

export interface ServerView {
  readonly name: string;
  readonly address: string;
  /** What it says of itself, asked directly. */
  readonly role: Role;
  readonly timeline: number | undefined;
  readonly lsn: string;
  readonly lag: string;
  /** Where the gateway sends new clients. */
  readonly isRoute: boolean;
  /** Where the gateway's verdict put it, and why; undefined while the gateway says nothing. */
  readonly verdict: { readonly standing: string; readonly note: string } | undefined;
}

export type GatewayView =
  | { readonly trouble: string }
  | {
    readonly trouble?: undefined;
    /** The name of the server that it routes to. */
    readonly to: string | undefined;
    readonly epoch: number;
    readonly clients: number;
    /** The last verdict in a sentence. */
    readonly why: string;
  };

export function viewOf(scene: Scene): View {
  const writer = scene.writer.state;
  const primary = primaryOf(scene.servers);
  return {
    elapsedMs: scene.elapsedMs,
    psql: scene.psql,
    url: scene.url,
    page: scene.page,
    explain: scene.explain,
    servers: scene.servers.map((state): ServerView => {
      const { server: { name, address }, role, timeline, lsn } = state;
      const verdict = scene.gatewayStatus?.candidates.find((candidate) => candidate.name === address);
      return {
        name,
        address,
        role,
        timeline,
        lsn: textOf(lsn),
        lag: lagOf(state, primary),
        isRoute: scene.gatewayStatus?.route.primary?.address === address,
        verdict: verdict && { standing: verdict.standing, note: named(verdict.note, scene) },
      };
    }),
    gateway: gatewayOf(scene),
    writer,
    taker: writer.last && scene.nameAtPort(writer.last.port),
    chosen: scene.chosen?.name,
    busy: scene.busy,
    events: scene.events,
  };
}

function gatewayOf(scene: Scene): GatewayView {
  if (!scene.gateway.isUp) return { trouble: `is down: ${scene.gateway.log.split('\n').at(-1) ?? ''}` };
  if (!scene.gatewayStatus) return { trouble: 'does not answer on its metrics port' };
  const { route: { primary, epoch, reason, rule }, clients } = scene.gatewayStatus;
  return {
    to: scene.nameAt(primary?.address),
    epoch,
    clients: clients.active,
    why: `${named(reason, scene)}${rule === null ? '' : ` (rule: ${rule})`}`,
  };
}

/** The gateway knows addresses; the names are ours, and shorter. */
function named(text: string, { cluster }: Scene): string {
  return cluster.servers.reduce(
    (text, { name, address, host, port }) =>
      text.replaceAll(address, name).replaceAll(`${host} port ${port}`, name),
    text,
  );
}
