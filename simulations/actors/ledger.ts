/** Actors that live as long as their host: they take notes and answer questions, some of them slowly, and crash now and then. */
import type { ActorRef, ActorSystem } from "@parley/actors";
import type { Manner, Sent } from "./chronicle.ts";
import type { Life } from "./host.ts";
import type { LedgerMessage } from "./messages.ts";
import type { World } from "./world.ts";

export function openLedgers(world: World, life: Life, system: ActorSystem): void {
  const { ledgers } = world.plan;
  const trouble = troubles(world, life, "ledgers");
  const take = async (message: LedgerMessage): Promise<void> => {
    if (message.type === "question") {
      await trouble();
      message.replyTo.tell(message.name);
      return;
    }
    const { sent } = message;
    world.note("taken", life.name, sent.from, sent.to, sent.manner, sent.sequence);
    world.see({ type: "taken", sent, by: life.name });
    await trouble();
    world.note("handled", life.name, sent.from, sent.to, sent.manner, sent.sequence);
    world.see({ type: "handled", sent, by: life.name });
  };
  const accepts = acceptsLedgerMessages(world);
  for (let ledger = 0; ledger < ledgers; ledger += 1) {
    const mailbox = world.plan.mailboxOf(ledger);
    system.spawn<LedgerMessage>(() => take, { name: `ledger-${ledger}`, mailbox, accepts });
  }
}

/** What may befall a handler: it takes long, or crashes. */
export function troubles(world: World, life: Life, purpose: string): () => Promise<void> {
  const { faults } = world.plan;
  const random = world.random.fork(`${purpose}/${life.name}`);
  const wait = (delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      life.clock.after(delayMs, resolve);
    });
  return async () => {
    if (world.isHealed) return;
    if (faults.has("slow-handlers") && random.chance(0.2)) await wait(random.oneOf(1, 10, 100, 1_000) * random.next());
    if (faults.has("crashing-handlers") && random.chance(0.05)) throw new Error("a crash that was drawn");
  };
}

export function acceptsLedgerMessages(world: World): (message: unknown) => LedgerMessage {
  return world.library.actors.messageKinds<LedgerMessage>("ledger", {
    note: (message) => ({ type: "note", sent: sentIn(message) }),
    question: (message) => questionIn(message),
  });
}

function sentIn(message: unknown): Sent {
  const sent = field(message, "sent");
  const [from, to, sequence] = [field(sent, "from"), field(sent, "to"), field(sent, "sequence")];
  const manner = field(sent, "manner");
  if (!isManner(manner)) throw new TypeError("it was sent in no known manner");
  if (typeof from !== "string" || typeof to !== "string" || typeof sequence !== "number")
    throw new TypeError("bad field");
  return { manner, from, to, sequence };
}

function questionIn(message: unknown): Extract<LedgerMessage, { readonly type: "question" }> {
  const [name, replyTo] = [field(message, "name"), field(message, "replyTo")];
  if (typeof name !== "string" || !isTeller(replyTo)) throw new TypeError("bad field");
  return { type: "question", name, replyTo };
}

function isManner(value: unknown): value is Manner {
  return value === "tell" || value === "offer" || value === "acknowledged";
}

function isTeller(value: unknown): value is ActorRef<string> {
  return typeof value === "object" && value !== null && "tell" in value;
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) throw new TypeError("it is no object");
  const found: unknown = Reflect.get(value, name);
  return found;
}
