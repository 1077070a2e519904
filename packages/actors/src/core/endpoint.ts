/** One end of a stream as something to send to: no actor, no mailbox, told at once. */
import { ActorError } from "../errors.ts";
import { BaseRef, isActorRef, type Watcher } from "./base-ref.ts";
import type { Terminated } from "./ref.ts";
import type { Runtime } from "./runtime.ts";

export class Endpoint<Message> extends BaseRef<Message> {
  /** Looks at what comes from other hosts. */
  readonly accepts: (message: unknown) => boolean;
  readonly #receive: (message: Message) => void;
  #name: string | undefined;
  #watchers: Set<Watcher> | undefined;
  #isClosed = false;

  /** @param receive must not throw */
  constructor(runtime: Runtime, accepts: (message: unknown) => boolean, receive: (message: Message) => void) {
    super(runtime);
    this.accepts = accepts;
    this.#receive = receive;
  }

  override get address(): string {
    if (this.#name === undefined) {
      this.#name = this.runtime.temporaries.add(this);
      if (this.#isClosed) this.runtime.temporaries.remove(this.#name);
    }
    return this.runtime.temporaries.addressOf(this.#name);
  }

  override tell(message: Message): ActorError | undefined {
    if (this.#isClosed) return new ActorError("no-such-actor", "this end of the stream is closed");
    this.#receive(message);
    return undefined;
  }

  override watch(watcher: Watcher): void {
    if (this.#isClosed) watcher.terminated(this.#end());
    else (this.#watchers ??= new Set()).add(watcher);
  }

  override unwatch(watcher: Watcher): void {
    this.#watchers?.delete(watcher);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#name !== undefined) this.runtime.temporaries.remove(this.#name);
    for (const watcher of this.#watchers ?? []) watcher.terminated(this.#end());
    this.#watchers = undefined;
  }

  #end(): Terminated {
    return { ref: this, reason: "stopped" };
  }
}

/** Whether `message` comes from the end that reads. */
export function isSourceMessage(message: unknown): boolean {
  if (!isTyped(message)) return false;
  switch (message.type) {
    case "open":
      return "credit" in message && isCount(message.credit) && "sink" in message && isActorRef(message.sink);
    case "credit":
      return "credit" in message && isCount(message.credit);
    case "cancel":
      return true;
    default:
      return false;
  }
}

/** Whether `message` comes from the end that has the items. */
export function isSinkMessage(message: unknown): boolean {
  if (!isTyped(message)) return false;
  switch (message.type) {
    case "item":
      return "item" in message && "sequence" in message && isCount(message.sequence);
    case "end":
      return "sequence" in message && isCount(message.sequence);
    case "broken":
      return "reason" in message && typeof message.reason === "string";
    default:
      return false;
  }
}

function isTyped(message: unknown): message is { readonly type: unknown } {
  return typeof message === "object" && message !== null && "type" in message;
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
