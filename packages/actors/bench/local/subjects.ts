/** What is measured side by side: each brings `count` messages to one receiver and waits until it has seen them all. */
import * as nact from "nact";
import { createActor, setup } from "xstate";
import { type ActorRef, type ActorSystem, createActorSystem } from "../../src/index.ts";
import { Ring } from "../../src/core/ring.ts";

/** Messages in one go: fewer than the mailbox of 1,000 holds, so that none is refused. */
export const BURST = 500;

export interface Subject {
  readonly name: string;
  /** @throws Error when the receiver has not seen exactly `count` */
  run(count: number): Promise<void>;
  close(): Promise<void>;
}

interface Add {
  readonly type: "add";
  readonly by: number;
}

/** As nact types the reference of a reply. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- nact's own types are such
type NactRef = nact.Ref<number>;

/** From one actor to another: bounded mailboxes, both supervised and watched. */
export function parleyTell(): Subject {
  const system = createActorSystem({ peer: "bench" });
  let sum = 0;
  let left = 0;
  let finished: () => void = () => undefined;
  system.spawn<"ended">(
    (context) => {
      const receiver = context.spawn<Add>(
        () => (message) => {
          sum += message.by;
          if (sum % BURST === 0) sender.tell("more");
        },
        { name: "receiver" },
      );
      const sender: ActorRef<"more"> = context.spawn<"more">(
        () => () => {
          if (left === 0) return finished();
          left -= BURST;
          for (let i = 0; i < BURST; i += 1) receiver.tell({ type: "add", by: 1 });
        },
        { name: "sender" },
      );
      for (const child of [receiver, sender]) context.watch(child, () => "ended");
      return () => {
        throw new Error("an actor of the bench has ended");
      };
    },
    { name: "supervisor", supervision: { strategy: "one-for-all" } },
  );
  const start = system.resolve<"more">("parley://bench/supervisor/sender");
  return {
    name: "parley",
    run: async (count) => {
      sum = 0;
      left = count;
      await new Promise<void>((resolve) => {
        finished = resolve;
        // The supervisor sets its children up in its first turn.
        setImmediate(() => start.tell("more"));
      });
      mustBe(sum, count);
    },
    close: () => system.stop(),
  };
}

export function nactTell(): Subject {
  const system = nact.start();
  let sum = 0;
  let onBurst: () => void = () => undefined;
  const receiver = nact.spawnStateless(system, (message: Add) => {
    sum += message.by;
    if (sum % BURST === 0) onBurst();
  });
  return {
    name: "nact",
    run: async (count) => {
      sum = 0;
      let left = count;
      await new Promise<void>((resolve) => {
        onBurst = () => {
          if (left === 0) return resolve();
          left -= BURST;
          for (let i = 0; i < BURST; i += 1) nact.dispatch(receiver, { type: "add", by: 1 });
        };
        onBurst();
      });
      mustBe(sum, count);
    },
    close: async () => nact.stop(system),
  };
}

const ADD: Add = { type: "add", by: 1 };

/** Without a mailbox: `send` runs the machine at once. */
export function xstateTell(): Subject {
  let sum = 0;
  const count = ({ event }: { readonly event: Add }): void => {
    sum += event.by;
  };
  const counting = setup({ types: { events: ADD }, actions: { count } }).createMachine({
    on: { add: { actions: "count" } },
  });
  return {
    name: "xstate",
    run: async (messages) => {
      sum = 0;
      const actor = createActor(counting).start();
      for (let i = 0; i < messages; i += 1) actor.send({ type: "add", by: 1 });
      actor.stop();
      mustBe(sum, messages);
    },
    close: async () => undefined,
  };
}

/** The least that sending can be: our ring, a micro-task, and a loop. No bounds, no supervision, nobody addressed. */
export function bareRing(): Subject {
  let sum = 0;
  const ring = new Ring<Add>();
  return {
    name: "bare ring",
    run: async (count) => {
      sum = 0;
      for (let left = count; left > 0; left -= BURST) {
        await new Promise<void>((resolve) => {
          queueMicrotask(() => {
            while (ring.length > 0) sum += ring.shift().by;
            resolve();
          });
          for (let i = 0; i < BURST; i += 1) ring.push({ type: "add", by: 1 });
        });
      }
      mustBe(sum, count);
    },
    close: async () => undefined,
  };
}

export function parleyAsk(): Subject {
  const system = createActorSystem({ peer: "bench" });
  const doubler = system.spawn<{ readonly n: number; readonly replyTo: ActorRef<number> }>(() => ({ n, replyTo }) => {
    replyTo.tell(n * 2);
  });
  return {
    name: "parley",
    run: (count) => askInBursts(count, (n) => doubler.ask((replyTo) => ({ n, replyTo }), { timeoutMs: 5000 })),
    close: () => system.stop(),
  };
}

export function nactAsk(): Subject {
  const system = nact.start();
  const doubler = nact.spawnStateless(system, ({ n, replyTo }: { readonly n: number; readonly replyTo: NactRef }) =>
    nact.dispatch(replyTo, n * 2),
  );
  return {
    name: "nact",
    run: (count) => askInBursts(count, (n) => nact.query(doubler, (replyTo: NactRef) => ({ n, replyTo }), 5000)),
    close: async () => nact.stop(system),
  };
}

/** From inside, items of an async generator through a stream with its credit. */
export function parleyStream(): Subject {
  const system: ActorSystem = createActorSystem({ peer: "bench" });
  async function* numbers(count: number): AsyncGenerator<number> {
    for (let n = 0; n < count; n += 1) yield n;
  }
  return {
    name: "parley",
    run: async (count) => {
      let seen = 0;
      for await (const n of system.readStream(system.offerStream(numbers(count)), { window: 64 }))
        seen += n >= 0 ? 1 : 0;
      mustBe(seen, count);
    },
    close: () => system.stop(),
  };
}

async function askInBursts(count: number, ask: (n: number) => Promise<number>): Promise<void> {
  let sum = 0;
  for (let left = count; left > 0; left -= BURST) {
    const asked = Array.from({ length: BURST }, (_, n) => ask(n));
    for (const answer of await Promise.all(asked)) sum += answer;
  }
  mustBe(sum, (count / BURST) * BURST * (BURST - 1));
}

function mustBe(seen: number, sent: number): void {
  if (seen !== sent) throw new Error(`${seen} arrived instead of ${sent}`);
}
