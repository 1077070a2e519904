/** Links that other peers offer: an offer is whole when its hello has come on two connections. */
import { PeerError } from "../../errors.ts";
import type { Wires } from "./dial-attempt.ts";
import type { Greeting, Hello, LinkKind } from "./greeting.ts";
import type { LinkWire, WireEvents } from "./link-wire.ts";

export const LINK_VERSION = 1;

export interface WholeOffer {
  readonly peer: string;
  readonly hello: Hello;
  readonly wires: Wires;
}

export interface OffersOptions {
  readonly timeoutMs: number;
  readonly maxPerPeer: number;
  readonly whole: (offer: WholeOffer) => void;
}

interface Partial {
  readonly peer: string;
  readonly link: string;
  readonly wires: Map<LinkKind, LinkWire>;
}

export class Offers implements WireEvents {
  readonly #options: OffersOptions;
  /** Each closes its connection when nothing has come of it. */
  readonly #deadlines = new Map<LinkWire, NodeJS.Timeout>();
  readonly #partial = new Map<LinkWire, Partial>();

  constructor(options: OffersOptions) {
    this.#options = options;
  }

  /** A stream of the link's protocol has come in. */
  expect(wire: LinkWire): void {
    const deadline = setTimeout(() => wire.abort(bad("its offer took too long")), this.#options.timeoutMs);
    this.#deadlines.set(wire, deadline);
  }

  greeted(wire: LinkWire, greeting: Greeting): void {
    if (greeting.say !== "hello" || wire.kind !== undefined) throw bad(`${greeting.say} does not belong here`);
    wire.kind = greeting.kind;
    if (greeting.version !== LINK_VERSION) {
      wire.greet({ say: "decline", reason: `this peer speaks version ${LINK_VERSION} of links` });
      return wire.end();
    }
    const offer = this.#partialOf(wire.connection.peer, greeting.link);
    if (offer.wires.has(greeting.kind)) throw bad(`two ${greeting.kind} connections of one link`);
    offer.wires.set(greeting.kind, wire);
    this.#partial.set(wire, offer);
    const [prompt, bulk] = [offer.wires.get("prompt"), offer.wires.get("bulk")];
    if (prompt === undefined || bulk === undefined) return;
    this.#settle(prompt);
    this.#settle(bulk);
    this.#options.whole({ peer: offer.peer, hello: greeting, wires: { prompt, bulk } });
  }

  closed(wire: LinkWire, error: PeerError): void {
    const offer = this.#partial.get(wire);
    this.#settle(wire);
    for (const other of offer?.wires.values() ?? []) if (this.#partial.has(other)) other.abort(error);
  }

  close(): void {
    for (const [wire, deadline] of this.#deadlines) {
      clearTimeout(deadline);
      wire.abort(bad("this peer stops"));
    }
    this.#deadlines.clear();
  }

  #partialOf(peer: string, link: string): Partial {
    const ofPeer = new Set([...this.#partial.values()].filter((offer) => offer.peer === peer));
    for (const offer of ofPeer) if (offer.link === link) return offer;
    if (ofPeer.size >= this.#options.maxPerPeer) throw bad("too many offers at once");
    return { peer, link, wires: new Map() };
  }

  #settle(wire: LinkWire): void {
    clearTimeout(this.#deadlines.get(wire));
    this.#deadlines.delete(wire);
    this.#partial.delete(wire);
  }
}

function bad(why: string): PeerError {
  return new PeerError("bad-frame", `a link was not offered as it should be: ${why}`, {
    nextStep: "Check that both peers run the same version.",
  });
}
