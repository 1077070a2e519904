/** The inside of the gossip library, which tells nobody what it sends. What looks otherwise than expected is an error. */
import type { GossipSub } from "@libp2p/gossipsub";

export class GossipInside {
  readonly beatEveryMs: number;
  sent = 0;
  sentBytes = 0;
  received = 0;
  readonly #gossip: GossipSub;

  /** Before it has any stream: what goes either way is counted from the first one on. */
  constructor(gossip: GossipSub) {
    this.#gossip = gossip;
    const { heartbeatInterval } = record(Reflect.get(gossip, "opts"));
    if (typeof heartbeatInterval !== "number") throw changed("its heartbeat's pace");
    this.beatEveryMs = heartbeatInterval;
    const streams = mapOf(gossip, "streamsOutbound");
    const set = streams.set.bind(streams);
    streams.set = (peer, stream) => {
      this.#watch(record(stream));
      return set(peer, stream);
    };
    const receive: unknown = Reflect.get(gossip, "handleReceivedRpc");
    if (typeof receive !== "function") throw changed("its way in");
    Reflect.set(gossip, "handleReceivedRpc", async (...given: readonly unknown[]) => {
      this.received += 1;
      await Reflect.apply(receive, gossip, given);
    });
  }

  /** Whether it has a stream to so many others, and one from each of them. */
  isLinked(others: number): boolean {
    return (
      mapOf(this.#gossip, "streamsOutbound").size >= others && mapOf(this.#gossip, "streamsInbound").size >= others
    );
  }

  /** From now on its heart beats only when it is told to. */
  stopClock(): void {
    const { heartbeatTimeout } = record(Reflect.get(this.#gossip, "status"));
    if (!(heartbeatTimeout instanceof Object)) throw changed("its heartbeat's timer");
    clearTimeout(heartbeatTimeout as NodeJS.Timeout);
  }

  async beat(): Promise<void> {
    const beat: unknown = Reflect.get(this.#gossip, "heartbeat");
    if (typeof beat !== "function") throw changed("its heartbeat");
    await Reflect.apply(beat, this.#gossip, []);
  }

  #watch(stream: Record<string, unknown>): void {
    const push = stream["pushPrefixed"];
    if (typeof push !== "function") throw changed("its way out");
    stream["pushPrefixed"] = (data: { readonly byteLength: number }) => {
      Reflect.apply(push, stream, [data]);
      this.sent += 1;
      this.sentBytes += data.byteLength;
    };
  }
}

function mapOf(gossip: GossipSub, name: string): Map<unknown, unknown> {
  const found: unknown = Reflect.get(gossip, name);
  if (found instanceof Map) return found;
  throw changed(name);
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw changed("its inside");
}

function changed(what: string): TypeError {
  return new TypeError(`the gossip library keeps ${what} elsewhere than it did`);
}
