/** One attempt to make a link: both connections are dialled at once, and the other side answers on both. */
import { PeerError, isPeerError, messageOf } from "../../errors.ts";
import type { MeshHost } from "../host/mesh-host.ts";
import { LINK_PROTOCOL, type Greeting, type Hello, type LinkKind, type Welcome } from "./greeting.ts";
import { LinkWire, type WireEvents } from "./link-wire.ts";

/** The two connections of a link. */
export interface Wires {
  readonly prompt: LinkWire;
  readonly bulk: LinkWire;
}

export interface AttemptOptions {
  readonly host: MeshHost;
  readonly peer: string;
  readonly addresses: readonly string[];
  readonly hello: Omit<Hello, "kind">;
  readonly timeoutMs: number;
}

/** `twin`: it was declined because there is a link with another process of this peer's identity. */
export type Failure = "broken" | "declined" | "twin";

/** How it went: `offered` at most once, then one of the others, unless it is cancelled. */
export interface AttemptEvents {
  offered(): void;
  welcomed(wires: Wires, welcome: Welcome): void;
  failed(error: PeerError, why: Failure): void;
}

export class DialAttempt implements WireEvents {
  readonly #options: AttemptOptions;
  readonly #events: AttemptEvents;
  readonly #control = new AbortController();
  readonly #deadline: NodeJS.Timeout;
  readonly #wires = new Map<LinkKind, LinkWire>();
  readonly #welcomed = new Set<LinkWire>();
  #hasOffered = false;
  #isOver = false;

  constructor(options: AttemptOptions, events: AttemptEvents) {
    this.#options = options;
    this.#events = events;
    this.#deadline = setTimeout(() => this.#fail(late(options)), options.timeoutMs);
    for (const kind of ["prompt", "bulk"] as const) {
      this.#open(kind).catch((error: unknown) => {
        this.#fail(isPeerError(error) ? error : broken(messageOf(error), error));
      });
    }
  }

  /** Nothing is heard of it any more. */
  cancel(): void {
    this.#end(broken("another link came first"));
  }

  greeted(wire: LinkWire, greeting: Greeting): void {
    if (this.#isOver) return;
    if (greeting.say === "decline") {
      return this.#fail(broken(`it declined: ${greeting.reason}`), greeting.isTwin === true ? "twin" : "declined");
    }
    if (greeting.say !== "welcome") throw broken("it said hello to a hello");
    this.#welcomed.add(wire);
    const [prompt, bulk] = [this.#wires.get("prompt"), this.#wires.get("bulk")];
    if (this.#welcomed.size < 2 || prompt === undefined || bulk === undefined) return;
    this.#isOver = true;
    clearTimeout(this.#deadline);
    this.#events.welcomed({ prompt, bulk }, greeting);
  }

  closed(_wire: LinkWire, error: PeerError): void {
    this.#fail(error);
  }

  async #open(kind: LinkKind): Promise<void> {
    const { host, peer, addresses, hello } = this.#options;
    const { signal } = this.#control;
    const connection = await host.dial(peer, addresses, { force: true, signal });
    signal.addEventListener("abort", () => connection.abort("the attempt is over"), { once: true });
    if (signal.aborted) return connection.abort("the attempt is over");
    const wire = new LinkWire(connection, await connection.openStream(LINK_PROTOCOL, signal), this, kind);
    this.#wires.set(kind, wire);
    wire.greet({ ...hello, kind });
    if (this.#hasOffered) return;
    this.#hasOffered = true;
    this.#events.offered();
  }

  #fail(error: PeerError, why: Failure = "broken"): void {
    if (this.#isOver) return;
    this.#end(error);
    this.#events.failed(error, why);
  }

  #end(error: PeerError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#deadline);
    for (const wire of this.#wires.values()) wire.abort(error);
    this.#control.abort(error);
  }
}

function late({ peer, timeoutMs }: AttemptOptions): PeerError {
  return broken(`${peer} did not answer within ${timeoutMs} ms`);
}

function broken(why: string, cause?: unknown): PeerError {
  return new PeerError("unreachable", `no link came about: ${why}`, {
    nextStep: "Wait: peers try again by themselves.",
    cause,
  });
}
