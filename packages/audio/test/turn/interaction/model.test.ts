import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SimulatedClock, createActor, getNextTransitions } from "xstate";
import { createInteraction, interactionOptions } from "../../../src/turn/index.ts";
import { interactionMachine } from "../../../src/turn/interaction/machine.ts";
import type { Actor, AnyStateNode } from "xstate";
import type { InteractionEffect, InteractionOptions } from "../../../src/turn/index.ts";
import { referenceConversation } from "./reference.ts";
import { watchRules } from "./rules.ts";
import { LONG_MS, SHORT, eventOf, isEventType, options, steps, way } from "./walk.ts";
import type { Step } from "./walk.ts";

/** A transition of the machine's own definition, by where it starts, what causes it and its place among its like. */
interface Taken {
  readonly source: { readonly id: string };
  readonly eventType: string;
}

/** Every transition that the machine has, and a name for each. */
const TRANSITIONS = new Map<Taken, string>();

function list(node: AnyStateNode): void {
  for (const alike of [...node.transitions.values(), node.always ?? []]) {
    for (const [index, one] of alike.entries())
      TRANSITIONS.set(one, `${node.id} ${one.eventType || "always"} ${index}`);
  }
  for (const child of Object.values(node.states)) list(child);
}

list(interactionMachine.root);

/** The same walk by XState's own interpreter and clock. */
function interpreter(chosen: Partial<InteractionOptions>, taken: Set<Taken>) {
  const clock = new SimulatedClock();
  const effects: InteractionEffect[] = [];
  const actor = createActor(interactionMachine, {
    clock,
    input: interactionOptions(chosen),
    inspect: (inspected) => {
      if (inspected.type === "@xstate.microstep") for (const one of inspected._transitions) taken.add(one);
    },
  });
  actor.on("*", (effect) => effects.push(effect));
  actor.start();
  return { clock, actor, effects };
}

/** One of the events that the machine has transitions for where it is; timers less often. */
function definedHere(actor: Actor<typeof interactionMachine>, pick: number): string {
  const kinds = [...new Set(getNextTransitions(actor.getSnapshot()).map((one) => one.eventType))];
  const [events, timers] = [kinds.filter(isEventType), kinds.filter((kind) => !isEventType(kind))];
  // Timers lead back to where nothing happens: seldom.
  if (timers.length > 0 && pick >= 0.92) return timers[Math.floor((timers.length * (pick - 0.92)) / 0.08)] ?? "";
  return events[Math.floor((events.length * pick) / (timers.length > 0 ? 0.92 : 1))] ?? "";
}

function walk(chosen: Partial<InteractionOptions>, steps: readonly Step[], taken: Set<Taken>): void {
  const conversation = createInteraction(chosen);
  const other = interpreter(chosen, taken);
  const reference = referenceConversation(interactionOptions(chosen));
  const rules = watchRules();
  let nowMs = 0;
  const agree = (effects: readonly InteractionEffect[]): void => {
    for (const effect of effects) rules.see(effect);
    rules.agree(conversation.state, conversation.turn);
    const others = other.effects.splice(0);
    // Asking first is a hundred times as fast as an expectation that holds.
    if (JSON.stringify(others) !== JSON.stringify(effects)) expect(others).toEqual(effects);
    if (conversation.state !== reference.state) expect(conversation.state).toBe(reference.state);
  };
  const pass = (toMs: number): void => {
    // A simulated clock that jumps over a timer starts those that follow from it too late.
    for (let dueMs = conversation.nextDueMs; dueMs !== undefined && dueMs <= toMs; dueMs = conversation.nextDueMs) {
      other.clock.set(dueMs);
      reference.advance(dueMs);
      agree(conversation.advance(dueMs));
    }
    other.clock.set(toMs);
    reference.advance(toMs);
    agree(conversation.advance(toMs));
    nowMs = toMs;
  };
  for (const step of steps) {
    pass(nowMs + step.waitMs);
    const what = step.what === "defined" ? definedHere(other.actor, step.pick) : step.what;
    if (!isEventType(what)) {
      // A timer: it is run out.
      pass(conversation.nextDueMs ?? nowMs);
      continue;
    }
    const event = eventOf(what, step, rules.generation, nowMs);
    other.actor.send({ ...event, nowMs });
    reference.send(event, nowMs);
    agree(conversation.send(event, nowMs));
  }
  // Nothing more comes: every wait has a deadline.
  pass(nowMs + LONG_MS);
  expect(conversation.state).toBe("idle");
  expect(conversation.nextDueMs).toBeUndefined();
  other.actor.stop();
}

/** Ways that together take every transition. */
const SPEAKING = "wake won speech-start ended transcript audio";
const WAYS: readonly (readonly [Partial<InteractionOptions>, string])[] = [
  [{}, "wake won speech-start may-end nothing ended"],
  [{ mode: "open" }, "speech-start may-end nothing ended"],
  [{ mode: "open" }, "speech-start may-end nothing hotkey"],
  [{}, "wake won speech-start may-end nothing hotkey"],
  [{}, "wake won speech-start may-end transcript answered ended"],
  [{ followUpMs: 0 }, "wake won speech-start may-end transcript answered ended"],
  [{ followUpMs: 0 }, "wake won speech-start may-end transcript answered hotkey"],
  [{}, "wake won speech-start may-end transcript answered hotkey"],
  [{}, "wake won speech-start may-end transcript audio ended"],
  [{}, "wake won speech-start may-end transcript audio hotkey"],
  [{}, "wake won speech-start may-end transcript text ended"],
  [{}, "wake won speech-start may-end transcript text hotkey"],
  [{}, "wake won speech-start may-end half ended"],
  [{}, "wake won speech-start may-end half hotkey"],
  [{}, "wake won speech-start may-end failed ended"],
  [{}, "wake won speech-start may-end transcript hotkey"],
  [{ maxUtteranceMs: 80 }, `${SPEAKING} answered timer`],
  [
    { maxUtteranceMs: 80, mode: "open", interruptions: "wake-word" },
    "speech-start timer barge-in transcript text barge-in",
  ],
  [{ maxUtteranceMs: 80 }, "wake won speech-start timer transcript text barge-in"],
  [{ maxUtteranceMs: 80 }, "press timer transcript barge-in"],
  [{ maxUtteranceMs: 80 }, "press timer barge-in transcript"],
  [{}, "wake cancel"],
  [{}, "wake won lost"],
  [{}, "hotkey press speech-start timer"],
  [{ maxUtteranceMs: 80 }, "hotkey timer"],
  [{}, "wake won speech-start may-end goes-on may-end speech-start may-end ended failed"],
  [{}, "wake won speech-start may-end hotkey wake won ended cancel"],
  [{ capture: "window" }, "hotkey timer"],
  [{}, "wake won speech-start ended barge-in ended hotkey"],
  [{}, "wake won speech-start ended wake"],
  [{}, "wake won speech-start ended transcript barge-in"],
  [{}, "wake won speech-start ended won lost"],
  [{}, "wake won speech-start ended transcript text lost"],
  [{}, "wake won speech-start ended cancel"],
  [{}, "wake speech-start ended won"],
  [{}, "wake press +30 release transcript press"],
  [{}, "wake hotkey hotkey"],
  [{ mode: "open" }, "speech-start wake won ended transcript text wake won cancel"],
  [{}, "press release"],
  [{}, "wake won speech-start ended barge-in ended press"],
  [{}, "wake won speech-start ended nothing"],
  [{}, "wake won speech-start ended transcript press"],
  [{}, "wake won speech-start ended transcript text press"],
  [{}, "wake won speech-start ended transcript text hotkey"],
  [{}, "wake won speech-start ended transcript text failed"],
  [{}, "wake won speech-start ended transcript text won cancel"],
  [{}, "wake won speech-start ended transcript text audio hotkey stopped~ stopped"],
  [{}, "wake won speech-start may-end transcript ended"],
  [{ mode: "open" }, "speech-start ended nothing"],
  [{}, "wake won speech-start ended transcript~ transcript answered~ answered"],
  [{ followUpMs: 0 }, "wake won speech-start ended transcript answered"],
  [{}, "wake won speech-start ended transcript text answered~ text progress barge-in"],
  [{}, "wake won speech-start ended transcript text answered"],
  [{ followUpMs: 0 }, "wake won speech-start ended transcript text answered"],
  [{}, `${SPEAKING} progress duck progress restore answered~ answered`],
  [{ followUpMs: 0 }, `${SPEAKING} duck timer answered`],
  [{}, `${SPEAKING} failed timer`],
  [{}, `${SPEAKING} timer timer`],
  [{ capture: "window" }, "hotkey speech-start timer transcript audio answered timer"],
  [{}, `${SPEAKING} press release`],
  [{}, `${SPEAKING} press +30 release`],
  [{}, `${SPEAKING} press release release`],
  [{}, `${SPEAKING} barge-in release`],
  [{}, `${SPEAKING} barge-in wake`],
  [{}, `${SPEAKING} barge-in press`],
  [{}, `${SPEAKING} barge-in hotkey`],
  [{}, `${SPEAKING} barge-in cancel`],
  [{}, `${SPEAKING} cancel wake`],
  [{}, `${SPEAKING} cancel press`],
  [{}, `${SPEAKING} cancel hotkey`],
  [{}, `${SPEAKING} cancel release stopped`],
  [{}, `${SPEAKING} wake lost stopped`],
  [{}, `${SPEAKING} wake won stopped`],
  [{}, `${SPEAKING} wake stopped lost`],
  [{}, `${SPEAKING} wake speech-start ended won stopped`],
  [{}, `${SPEAKING} goes-on-late stopped ended transcript audio answered`],
  [{}, `${SPEAKING} goes-on-late stopped timer transcript answered`],
  [{}, "wake won speech-start may-end transcript ended audio goes-on-late stopped hotkey transcript answered"],
  [{}, `${SPEAKING} goes-on-late cancel stopped`],
  [{}, `${SPEAKING} goes-on-late lost stopped`],
  [{}, "wake won speech-start ended transcript text answered barge-in ended"],
  [{}, "wake won speech-start ended transcript text answered timer"],
  [{ followUpMs: 0 }, "wake won speech-start ended transcript answered timer"],
  [{}, "wake won speech-start ended transcript answered wake"],
  [{}, "wake won speech-start ended transcript answered press"],
  [{}, "wake won speech-start ended transcript answered hotkey"],
  [{}, "wake won speech-start ended transcript answered lost"],
  [{}, "wake won speech-start ended transcript answered cancel"],
  [{ maxUtteranceMs: 80 }, "wake won speech-start ended transcript answered +90 barge-in"],
  [{ joinGraceMs: 0 }, "wake won speech-start may-end transcript answered ended"],
  [{ joinGraceMs: 0 }, "wake won speech-start may-end transcript answered hotkey"],
  [{ joinGraceMs: 0, followUpMs: 0 }, "wake won speech-start may-end transcript answered ended"],
  [{ joinGraceMs: 0, followUpMs: 0 }, "wake won speech-start may-end transcript answered hotkey"],
  [{ joinGraceMs: 0 }, "wake won speech-start ended transcript answered"],
  [{ joinGraceMs: 0 }, "wake won speech-start ended transcript text answered"],
  [{ joinGraceMs: 0, followUpMs: 0 }, "wake won speech-start ended transcript answered"],
  [{ joinGraceMs: 0, followUpMs: 0 }, "wake won speech-start ended transcript text answered"],
  [{}, `${SPEAKING} barge-in progress speech-start ended stopped`],
  [{}, "resume text audio goes-on-late stopped speech-start ended transcript"],
];

describe("whatever comes, whenever", () => {
  test("the rules hold, and the conversation is where plain reasoning and XState's interpreter say", () => {
    fc.assert(
      // From anywhere: chance alone seldom gets as far as a reply.
      fc.property(options, fc.constantFrom(...WAYS), steps, (chosen, [, script], walked) =>
        walk(chosen, [...way(script), ...walked], new Set()),
      ),
      { numRuns: 400 },
    );
  });

  test("scripted ways take every transition of the machine's definition", () => {
    const taken = new Set<Taken>();
    for (const [chosen, script] of WAYS) walk({ ...SHORT, ...chosen }, way(script), taken);
    const never = [...TRANSITIONS].filter(([one]) => !taken.has(one)).map(([, name]) => name);
    expect(never).toEqual([]);
  });
});
