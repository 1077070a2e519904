import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { ZodError } from "zod";
import { createActorSystem, createRemoting, isActorError, systemClock, type ActorSystem } from "@parley/actors";
import { createMessage, MAX_FRAME_BYTES } from "@parley/sdk";
import { readReport } from "../../../src/services/session/report.ts";
import { acceptsSessionMessage, readIn, readOpened, readOut } from "../../../src/services/session/wire.ts";
import { eventually } from "../../support.ts";
import { Street } from "./street.ts";

const system = createActorSystem({ peer: "a" });
const other = createActorSystem({ peer: "b" });
const refAt = (at: ActorSystem) => at.resolve<never>(`parley://${at.peer}/x`);
const visit = { visitId: "v", clientId: "c", account: "anna", remembers: false, streams: true };
const ask = { command: "ask", parameters: { stream: 1, speak: false, input: { kind: "text", text: "hello" } } };
const question = createMessage("MESSAGE", { content: "hello", contentType: "text/plain" }, { from: "c" });

describe("what hosts of sessions say to each other", () => {
  it("is taken as it was sent", () => {
    const open = { type: "open", visit, input: refAt(system), replyTo: refAt(system) };
    expect(acceptsSessionMessage(open)).toEqual(open);
    const items = [
      { type: "command", commandId: "1", request: ask },
      { type: "remark", request: { command: "cancel", parameters: { commandId: crypto.randomUUID() } } },
      { type: "question", message: question },
      { type: "audio", bytes: new Uint8Array(4) },
    ];
    for (const item of items) expect(readIn(item)).toEqual(item);
    const said = createMessage("COMMAND_RESULT", { commandId: crypto.randomUUID(), success: true }, { from: "server" });
    const outs = [
      { type: "message", message: said },
      { type: "audio", bytes: new Uint8Array(4) },
      { type: "refused", refusal: { code: "INVALID_MESSAGE", reason: "no" } },
      { type: "over" },
    ];
    for (const item of outs) expect(readOut(item)).toEqual(item);
    // Newer software has more to say of the same.
    expect(acceptsSessionMessage({ ...open, mood: "calm", visit: { ...visit, mood: "calm" } })).toEqual(open);
    for (const item of items.slice(0, 2)) expect(readIn({ ...item, mood: "calm" })).toEqual(item);
    expect(readOut({ type: "over", mood: "calm" })).toEqual({ type: "over" });
  });

  it("has nothing in it that is somebody else's to say, too long, or of another kind", () => {
    const joined = { command: "join", parameters: { groups: ["kitchen"] } };
    const wrong = [
      { type: "command", commandId: "1", request: joined },
      { type: "remark", request: ask },
      { type: "command", commandId: "1", request: { ...ask, parameters: { stream: 0 } } },
      { type: "question", message: createMessage("HEARTBEAT", { timestamp: 1, status: "idle" }, { from: "c" }) },
      { type: "audio", bytes: new Uint8Array(MAX_FRAME_BYTES + 1) },
      { type: "audio", bytes: "AAAA" },
      { type: "over" },
    ];
    for (const item of wrong) expect(() => readIn(item)).toThrow(TypeError);
    const register = createMessage("REGISTER", { clientId: "c", clientType: "api" }, { from: "c" });
    for (const item of [
      { type: "message", message: register },
      { type: "question", message: question },
    ])
      expect(() => readOut(item)).toThrow(TypeError);
  });

  it("leads to one peer only: nobody has another one read, or told", () => {
    for (const given of [
      { type: "open", visit, input: refAt(system), replyTo: refAt(other) },
      { type: "open", visit, input: "parley://a/x", replyTo: refAt(system) },
      { type: "open", visit: { ...visit, account: "" }, input: refAt(system), replyTo: refAt(system) },
      { type: "look" },
    ]) {
      expect(() => acceptsSessionMessage(given)).toThrow(expect.objectContaining({ code: "bad-message" }));
    }
  });

  it("may be anything at all: it is taken, or refused with a typed error", () => {
    const almost = fc.record(
      {
        type: fc.constantFrom("open", "look", "command", "remark", "question", "audio", "message", "refused", "over"),
        visit: fc.oneof(fc.constant(visit), fc.anything()),
        input: fc.oneof(fc.constant(refAt(system)), fc.anything()),
        replyTo: fc.oneof(fc.constant(refAt(system)), fc.anything()),
        out: fc.anything(),
        commandId: fc.oneof(fc.string(), fc.anything()),
        request: fc.oneof(fc.constant(ask), fc.anything()),
        message: fc.oneof(fc.constant(question), fc.anything()),
        bytes: fc.oneof(fc.uint8Array(), fc.anything()),
        refusal: fc.anything(),
      },
      { requiredKeys: ["type"] },
    );
    const typed = (read: (given: unknown) => unknown, given: unknown): void => {
      try {
        read(given);
      } catch (error) {
        const isTyped = isActorError(error, "bad-message") || error instanceof TypeError || error instanceof ZodError;
        expect(isTyped, String(error)).toBe(true);
      }
    };
    fc.assert(
      fc.property(fc.oneof(almost, fc.anything()), (given) => {
        for (const read of [acceptsSessionMessage, readIn, readOut, readOpened, readReport]) typed(read, given);
      }),
    );
  });
});

describe("a session that is told nonsense by another host", () => {
  it("ends that visit, and nothing else", async () => {
    const street = new Street(["a", "b"]);
    const [a] = await street.build();
    if (a === undefined) throw new Error("there is nobody");
    // A member whose software is broken, or not what it says.
    const clock = systemClock();
    const remoting = createRemoting({ transport: street.network.transport("broken"), clock });
    const broken = createActorSystem({ peer: "broken", clock, remoting: remoting.remoting });
    await remoting.start();
    onTestFinished(() => broken.stop());
    const id = a.house.newId();
    const region = broken.resolve<unknown>("parley://a/sessions");
    const nonsense = Promise.withResolvers<void>();
    const items = (async function* () {
      await nonsense.promise;
      yield { type: "command", commandId: 7 };
    })();
    const opened = await region.ask<{ readonly out: never }>((replyTo) => ({
      type: "send",
      entity: id,
      isAcknowledged: false,
      message: { type: "open", visit, input: broken.offerStream(items), replyTo },
      outcomeTo: replyTo,
    }));
    const out = Array.fromAsync(broken.readStream<unknown>(opened.out)).catch(() => []);
    await eventually(() => a.house.list().length).toBe(1);
    nonsense.resolve();
    // In order, or with the session, which has nothing to stay for.
    expect((await out).length).toBe(0);
    // Nothing was said in it.
    await eventually(() => a.house.list().length).toBe(0);
  });
});
