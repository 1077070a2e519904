/** Nodes with a transport and nothing else, on loopback. */
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { message } from "../../../src/core/types.ts";
import type { Message, NodeId } from "../../../src/core/types.ts";
import type { TransportReceiver } from "../../../src/driver/transport.ts";
import { TcpTransport } from "../../../src/testing/tcp/tcp-transport.ts";
import type { TcpLimits } from "../../../src/testing/tcp/limits.ts";

const DEADLINE_MS = 20_000;

/** Remembers what it is told, and lets tests wait for it. */
export class Recorder implements TransportReceiver {
  readonly messages: Message[] = [];
  readonly events: string[] = [];
  /** What is done with snapshots. */
  onSnapshot: TransportReceiver["receiveSnapshot"] = () => Promise.reject(new Error("no use for it"));
  readonly #waiting = new Set<() => void>();

  receive(received: Message): void {
    this.messages.push(received);
    this.#changed();
  }

  receiveSnapshot(received: Message, contentBytes: number, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    return this.onSnapshot(received, contentBytes, chunks);
  }

  unreachable(peer: NodeId): void {
    this.events.push(`unreachable ${peer}`);
    this.#changed();
  }

  gone(peer: NodeId): void {
    this.events.push(`gone ${peer}`);
    this.#changed();
  }

  /** Names of the read requests that came. */
  get names(): string[] {
    return this.messages.map(({ context }) => Buffer.from(context ?? []).toString());
  }

  async until(condition: () => boolean): Promise<void> {
    const late = AbortSignal.timeout(DEADLINE_MS);
    while (!condition()) {
      await new Promise<void>((resolve, reject) => {
        const fail = (): void =>
          reject(new Error(`waited in vain; heard ${this.events.join(", ")}; ${this.names.join(" ")}`));
        if (late.aborted) fail();
        late.addEventListener("abort", fail, { once: true });
        this.#waiting.add(() => {
          late.removeEventListener("abort", fail);
          resolve();
        });
      });
    }
  }

  #changed(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

/** Waits for what no event tells. */
export async function eventually(condition: () => boolean): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface TestNode {
  readonly id: NodeId;
  readonly port: number;
  readonly transport: TcpTransport;
  readonly heard: Recorder;
}

/** Nodes of one test; all are closed at its end. */
export class Nodes implements AsyncDisposable {
  readonly #nodes: TestNode[] = [];

  async start(id: NodeId, limits: Partial<TcpLimits> = {}, port = 0): Promise<TestNode> {
    const transport = new TcpTransport({ cluster: "test", id, limits });
    const heard = new Recorder();
    const node = { id, transport, heard, port: await transport.listen({ port }) };
    this.#nodes.push(node);
    await transport.start(heard);
    return node;
  }

  /** Two that know each other and are connected. */
  async pair(limits: Partial<TcpLimits> = {}): Promise<[TestNode, TestNode]> {
    const one = await this.start(1, limits);
    const two = await this.start(2, limits);
    introduce(one, two);
    introduce(two, one);
    await connected(one, 2);
    await connected(two, 1);
    return [one, two];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map(({ transport }) => transport.close()));
  }
}

export function introduce(node: TestNode, peer: TestNode): void {
  node.transport.setPeer(peer.id, { host: "127.0.0.1", port: peer.port });
}

/** Once pings are answered. */
export async function connected(node: TestNode, peer: NodeId): Promise<void> {
  await eventually(() => node.transport.roundTripMs(peer) !== undefined);
}

/** A read request: the smallest message that has a name. */
export function named(name: string, from: NodeId, to: NodeId): Message {
  return message({ type: "read-index", from, to, context: new Uint8Array(Buffer.from(name)) });
}

/** A peer by hand. */
export async function dial(port: number): Promise<{ readonly socket: Socket; readonly closed: Promise<unknown> }> {
  const socket = connect({ host: "127.0.0.1", port });
  const closed = new Promise((resolve) => {
    socket.once("close", resolve);
    // Closing with unread bytes is a reset, which is as good.
    socket.once("error", resolve);
  });
  socket.resume();
  await once(socket, "connect");
  return { socket, closed };
}
