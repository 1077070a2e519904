/** The clients of a peer that drains, told one by one to go elsewhere; each once: who comes again all the same is served. */
import type { DrainedClients } from "../services/drain/drain.ts";

/** A client's connection. */
export interface Leaver {
  /** Undefined before it has said who it is. */
  readonly clientId: string | undefined;
  /** Ends it, with a word that the client goes elsewhere by. */
  goAway(): void;
}

export class SendingAway implements DrainedClients {
  readonly #users: ReadonlySet<Leaver>;
  readonly #told = new Set<string>();

  constructor(users: ReadonlySet<Leaver>) {
    this.#users = users;
  }

  get count(): number {
    return this.#users.size;
  }

  get untold(): number {
    return this.#untold().length;
  }

  sendOne(): void {
    const [next] = this.#untold();
    if (next !== undefined) this.tell(next);
  }

  /** This one now: its session has gone elsewhere. */
  tell(leaver: Leaver): void {
    if (leaver.clientId !== undefined) this.#told.add(leaver.clientId);
    leaver.goAway();
  }

  forgetTold(): void {
    this.#told.clear();
  }

  #untold(): readonly Leaver[] {
    return [...this.#users].filter(({ clientId }) => clientId !== undefined && !this.#told.has(clientId));
  }
}
