/** Beside actors that write to each other: events for whom they may concern, background work, and machines. */
import { createActorSystem, createEventBus, defineJob, type JobAnswer, jobRunner } from "@parley/actors";
import { machineBehavior } from "@parley/actors/xstate";
import { setup } from "xstate";

type Events = {
  readonly STTEvent: { readonly text: string };
  readonly LLMReply: { readonly text: string };
};

/** Any validator will do: `(event) => schema.parse(event)`. */
function withText(event: unknown): { readonly text: string } {
  if (typeof event === "object" && event !== null && "text" in event && typeof event.text === "string") {
    return { text: event.text };
  }
  throw new TypeError("it has no text");
}

const sweep = defineJob({
  accepts: Number,
  timeoutMs: 60_000, // for one attempt
  run: async (pages, job) => {
    for (let done = 0; done < pages && !job.signal.aborted; done += 1) {
      job.report({ done, total: pages });
      await new Promise(setImmediate);
    }
    job.signal.throwIfAborted();
    return `${pages} pages`;
  },
});

const PRESS: { readonly type: "press" } = { type: "press" };
const light = setup({ types: { events: PRESS } }).createMachine({
  initial: "off",
  states: { off: { on: { press: "on" } }, on: { on: { press: "off" }, after: { 60_000: "off" } } },
});

export async function beside(say: (line: string) => void): Promise<void> {
  const system = createActorSystem({ peer: "kitchen" });

  const bus = createEventBus<Events>(system, { STTEvent: withText, LLMReply: withText });
  const screen = system.spawn<string>(() => say, { name: "screen" });
  bus.subscribe(["STTEvent", "LLMReply"], screen, ({ kind, event }) => `${kind}: ${event.text}`);
  bus.publish("STTEvent", { text: "lights on" });
  const refused = bus.publish("LLMReply", JSON.parse('{"text": 7}'));
  await screen.offer(`an LLMReply with a number is refused: ${refused?.code}`, { acknowledged: true });

  const jobs = system.spawn(jobRunner({ kinds: { sweep } }), { name: "jobs" });
  jobs.tell({ type: "start", kind: "sweep", input: 1_000_000, id: "spring" });
  const answer = await jobs.ask<JobAnswer>((replyTo) => ({ type: "cancel", id: "spring", replyTo }));
  if (answer.type !== "job") throw new Error(answer.text);
  say(`the job ${answer.job.id} is ${answer.job.state}`);

  const lamp = system.spawn(machineBehavior(light, { onSnapshot: ({ value }) => say(`the light is ${value}`) }));
  await lamp.offer(PRESS, { acknowledged: true });
  await system.stop();
}
