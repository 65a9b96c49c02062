/**
 * What Deno's own sockets cost: a bare relay, with one buffer for each direction and a promise for each call.
 *
 *   deno run --allow-net scripts/lib/bench/relays/deno.ts LISTEN_PORT SERVER_PORT     both on 127.0.0.1
 */
interface TcpConn {
  read(bytes: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  setNoDelay(isOn: boolean): void;
  close(): void;
}

interface Place {
  readonly hostname: string;
  readonly port: number;
}

/** The types of all three runtimes together contradict each other. */
declare const Deno: {
  readonly args: readonly string[];
  listen(place: Place): AsyncIterable<TcpConn>;
  connect(place: Place): Promise<TcpConn>;
};

const [port, serverPort] = Deno.args.map(Number) as [number, number];
const hostname = '127.0.0.1';

for await (const client of Deno.listen({ hostname, port })) {
  relay(client).catch(() => close(client));
}

async function relay(client: TcpConn): Promise<void> {
  const server = await Deno.connect({ hostname, port: serverPort });
  client.setNoDelay(true);
  server.setNoDelay(true);
  await Promise.race([pass(client, server), pass(server, client)]).catch(() => {});
  for (const end of [client, server]) close(end);
}

async function pass(from: TcpConn, to: TcpConn): Promise<void> {
  const bytes = new Uint8Array(65_536);
  for (let length = await from.read(bytes); length !== null; length = await from.read(bytes)) {
    for (let sent = 0; sent < length;) sent += await to.write(bytes.subarray(sent, length));
  }
}

/** Closing twice throws. */
function close(end: TcpConn): void {
  try {
    end.close();
  } catch {
    // It was.
  }
}
