import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { acceptsJobMessage, ActorError, createActorSystem, isActorRef } from "../../src/index.ts";
import { acceptsRegister } from "../../src/placement/coordinator.ts";
import { acceptsAnswer, regionMessages } from "../../src/placement/region-protocol.ts";

test("whatever other hosts send, it is a whole message or a typed refusal", () => {
  const system = createActorSystem({ peer: "here" });
  onTestFinished(() => system.stop());
  const ref = system.resolve<never>("parley://there/x");
  const value = fc.oneof(fc.anything(), fc.constant(ref), fc.nat(), fc.string(), fc.boolean());
  const type = fc.constantFrom(
    "send",
    "deliver",
    "hand-off",
    "leave",
    "register",
    "start",
    "cancel",
    "follow",
    "inspect",
  );
  const fields = [
    "entity",
    "message",
    "isAcknowledged",
    "outcomeTo",
    "timeoutMs",
    "shard",
    "epoch",
    "id",
    "sender",
    "run",
  ];
  const more = ["index", "term", "replyTo", "region", "givenUp", "kind", "to", "isLeaving", "isFree"];
  const message = fc.oneof(
    fc.anything(),
    fc
      .tuple(type, fc.dictionary(fc.constantFrom(...fields, ...more), value, { maxKeys: 12 }))
      .map(([kind, rest]) => ({ ...rest, type: kind })),
  );
  const region = regionMessages("session", (inner) => inner);
  fc.assert(
    fc.property(message, (each) => {
      for (const accepts of [region, acceptsJobMessage, acceptsRegister]) {
        try {
          const { type: kind, ...rest } = accepts(each) as unknown as Record<string, unknown>;
          expect(typeof kind).toBe("string");
          for (const name of ["outcomeTo", "replyTo", "to", "region"]) {
            expect(rest[name] === undefined || isActorRef(rest[name])).toBe(true);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ActorError);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test("an answer of a region is one of those there are", () => {
  for (const outcome of ["done", "moved", "again"]) expect(() => acceptsAnswer({ outcome })).not.toThrow();
  expect(() => acceptsAnswer({ outcome: "failed", code: "mailbox-full", text: "" })).not.toThrow();
  for (const bad of [undefined, 7, {}, { outcome: "perhaps" }, { outcome: "failed", code: 7, text: "" }]) {
    expect(() => acceptsAnswer(bad)).toThrow(TypeError);
  }
});
