/**
 * Addresses for what is no actor: replies that are waited for, ends of streams. They get one only when somebody asks for
 * it, that is when they leave this host.
 */
import { formatAddress } from "./address.ts";
import { type BaseRef, baseOf } from "./base-ref.ts";
import type { ActorRef } from "./ref.ts";
import type { Naming } from "./runtime.ts";

/** The first name of their paths; no actor may be called so. */
export const TEMPORARY_ROOT = "$";

export class Temporaries implements Naming {
  readonly #peer: string;
  readonly #nonce: string;
  readonly #refs = new Map<string, BaseRef<never>>();
  #count = 0;

  /** @param nonce differs from that of any earlier life of this host */
  constructor(peer: string, nonce: string) {
    this.#peer = peer;
    this.#nonce = nonce;
  }

  /** How many have an address now. */
  get size(): number {
    return this.#refs.size;
  }

  /** Gives `ref` a name, by which {@link find} finds it until {@link remove}. */
  add(ref: ActorRef<never>): string {
    this.#count += 1;
    const name = `${this.#nonce}.${this.#count.toString(36)}`;
    this.#refs.set(name, baseOf(ref));
    return name;
  }

  remove(name: string): void {
    this.#refs.delete(name);
  }

  find(name: string): BaseRef<never> | undefined {
    return this.#refs.get(name);
  }

  addressOf(name: string): string {
    return formatAddress({ peer: this.#peer, path: [TEMPORARY_ROOT, name] });
  }
}
