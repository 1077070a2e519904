/** Who lives at an address of this host. */
import type { ActorAddress } from "./address.ts";
import type { BaseRef } from "./base-ref.ts";
import type { Cell } from "./cell.ts";
import type { Children } from "./children.ts";
import { TEMPORARY_ROOT, type Temporaries } from "./temporaries.ts";

export class Directory {
  readonly #top: Children<Cell>;
  readonly #temporaries: Temporaries;

  constructor(top: Children<Cell>, temporaries: Temporaries) {
    this.#top = top;
    this.#temporaries = temporaries;
  }

  /** The actor there; undefined when it is none, or another incarnation of it. */
  actor({ path: [first = "", ...rest], incarnation }: ActorAddress): Cell | undefined {
    let cell = this.#top.get(first);
    for (const name of rest) cell = cell?.child(name);
    return incarnation === undefined || cell?.incarnation === incarnation ? cell : undefined;
  }

  /** The actor, the reply or the end of a stream there. */
  find(address: ActorAddress): BaseRef<never> | undefined {
    const [first, name = ""] = address.path;
    if (first === TEMPORARY_ROOT) return address.path.length === 2 ? this.#temporaries.find(name) : undefined;
    return this.actor(address)?.ref;
  }
}
