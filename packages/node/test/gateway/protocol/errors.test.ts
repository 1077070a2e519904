import { describe, expect, it } from "vitest";
import { encodeAudioFrame, errorCodes, type ProtocolErrorCode } from "@parley/sdk";
import type { Access, Ending, Pass } from "../../../src/gateway/access-port.ts";
import type { MemoryPort } from "../../../src/gateway/queries.ts";
import { PeerError } from "../../../src/errors.ts";
import { managed, TOKEN } from "../management/managed.ts";
import { passOf } from "../passes.ts";
import { AudioError } from "@parley/audio";
import type { EngineSource } from "../../../src/services/engine-source.ts";
import { eventually, fixedDelaySources } from "../../support.ts";
import { Raw } from "./raw.ts";

/** Whoever comes may do what `pass` says. */
function access(pass: Partial<Pass>): Access {
  const whole = passOf(pass);
  return { authenticate: () => whole };
}

const noModel: EngineSource = {
  choose: () => Promise.reject(new AudioError("model-missing", "there is no model", { nextStep: "Fetch one." })),
  fetch: () => Promise.reject(new Error("nothing was chosen")),
};

async function client(id = "anna", options: Parameters<typeof managed>[0] = {}): Promise<Raw> {
  const { gateway } = await managed(options);
  return Raw.registered(gateway.url, TOKEN, id);
}

/** How each code is provoked; a code that is missing here does not compile. */
const provoked: Readonly<Record<ProtocolErrorCode, () => Promise<string>>> = {
  INVALID_MESSAGE: async () => {
    const raw = await client();
    return raw.error(raw.say("COMMAND", { command: "explode", parameters: {} }));
  },
  AUTHENTICATION_FAILED: async () => {
    const { gateway } = await managed();
    const raw = await Raw.open(gateway.url, "anna");
    const id = raw.say("REGISTER", { clientId: "anna", authToken: "guess", clientType: "api" });
    const code = await raw.error(id);
    expect(await raw.closed).toBe(4401);
    return code;
  },
  AUTHORIZATION_DENIED: async () => {
    const raw = await client();
    return raw.error(raw.say("MESSAGE", { content: "I am bert" }, { source: { clientId: "bert" } }));
  },
  RATE_LIMIT_EXCEEDED: async () => {
    const raw = await client("anna", { gateway: { access: access({ charge: () => 500 }) } });
    const id = raw.say("QUERY", { queryType: "get_status" });
    expect((await raw.next("ERROR", id)).payload).toMatchObject({
      retryable: true,
      retryAfterMs: 500,
      errorMessage: expect.stringContaining("500 ms"),
    });
    return raw.error(id);
  },
  TARGET_NOT_FOUND: async () => {
    const raw = await client();
    return raw.error(raw.say("MESSAGE", { content: "hi" }, { target: { clientId: "nobody" } }));
  },
  MESSAGE_EXPIRED: async () => {
    const raw = await client();
    const late = { target: { clientId: "anna" }, expiresAt: Date.now() - 1 };
    return raw.error(raw.say("MESSAGE", { content: "hi" }, late));
  },
  INTERNAL_ERROR: async () => {
    const status = (): never => {
      throw new Error("a defect");
    };
    const raw = await client("anna", { gateway: { status } });
    return raw.error(raw.say("COMMAND", { command: "status", parameters: {} }));
  },
  PROVIDER_ERROR: async () => {
    const raw = await client("anna", { sources: { ...fixedDelaySources(), llm: noModel } });
    const id = raw.say("MESSAGE", { content: "What time is it?" });
    expect((await raw.next("ERROR", id)).payload.details).toMatchObject({ code: "model-missing" });
    return raw.error(id);
  },
  MEMORY_ERROR: async () => {
    const raw = await client();
    return raw.error(raw.say("QUERY", { queryType: "recall_memory", query: "colour" }));
  },
  DECRYPTION_FAILED: async () => {
    const raw = await client();
    raw.send({ type: "encrypted_message", sessionId: "s", data: "AAAA" });
    const code = await raw.error();
    await raw.settle();
    return code;
  },
};

describe("an error code", () => {
  it.each(errorCodes)("%s is what a client gets who provokes it", async (code) => {
    expect(await provoked[code]()).toBe(code);
  });
});

describe("a message with a fault is refused by the first stage that finds it", () => {
  it.each([
    ["parse", "{", "INVALID_MESSAGE", 1002],
    ["schema", JSON.stringify({ type: "MESSAGE" }), "INVALID_MESSAGE", 1002],
    ["schema, in a binary frame", new Uint8Array(40), "INVALID_MESSAGE", 1002],
  ])("%s: and what has no id ends the connection", async (_stage, data, code, closed) => {
    const raw = await client();
    raw.send(data);
    expect(await raw.error()).toBe(code);
    expect(await raw.closed).toBe(closed);
  });

  it("schema: what has an id is named, and the connection goes on", async () => {
    const raw = await client();
    const id = raw.say("MESSAGE", { content: "hi" }, { version: "9.0" });
    expect((await raw.next("ERROR", id)).payload.errorMessage).toContain("9.0");
    const wrong = { messageId: crypto.randomUUID(), type: "MESSAGE", payload: {} };
    raw.send(wrong);
    expect(await raw.error(wrong.messageId)).toBe("INVALID_MESSAGE");
    await raw.settle();
  });

  it("authenticate: nothing but REGISTER is heard, sound neither, and the target is never looked for", async () => {
    const { gateway } = await managed();
    const samples = new Float32Array(4);
    const frame = encodeAudioFrame({ stream: 1, sequence: 0, timestampMs: 0, sampleRateHz: 16_000, samples });
    const victim = await Raw.registered(gateway.url, TOKEN, "bert");
    for (const first of ["MESSAGE", "QUERY", "frame", "encrypted", "flat"] as const) {
      const raw = await Raw.open(gateway.url, "anna");
      if (first === "MESSAGE") raw.say("MESSAGE", { content: "hi" }, { target: { clientId: "bert" } });
      if (first === "QUERY") raw.say("QUERY", { queryType: "get_status" });
      if (first === "frame") raw.send(frame);
      if (first === "encrypted") raw.send({ type: "encrypted_message", sessionId: "s", data: "AAAA" });
      if (first === "flat") raw.send({ type: "message", text: "hi", to: "bert" });
      expect(await raw.closed).toBe(4401);
      expect(raw.texts).toHaveLength(1);
      expect(raw.texts[0]).toContain("AUTHENTICATION_FAILED");
    }
    await victim.settle();
    expect(victim.messages.map(({ type }) => type)).toEqual(["REGISTER_ACK", "RESPONSE"]);
  });

  it("authenticate: nobody goes by the id of somebody else's client, whose messages it would get", async () => {
    const { gateway, book } = await managed();
    const tokenOf = async (name: string): Promise<string> =>
      (await book.add({ name, role: "member", by: "this machine" })).token;
    const [anna, bert] = [await tokenOf("anna"), await tokenOf("bert")];
    await Raw.registered(gateway.url, bert, "phone");
    const tries: readonly (readonly [token: string, id: string, may: boolean])[] = [
      [bert, "anna", false],
      [anna, "phone", false],
      [anna, "anna", true],
      [bert, "phone", true],
      [anna, "tablet", true],
      [TOKEN, "phone", true],
    ];
    for (const [authToken, clientId, may] of tries) {
      const raw = await Raw.open(gateway.url, clientId);
      const id = raw.say("REGISTER", { clientId, authToken, clientType: "api" });
      if (may) await raw.next("REGISTER_ACK", id);
      else expect(await raw.error(id)).toBe("AUTHENTICATION_FAILED");
    }
    expect(tries.filter(([, , may]) => !may)).toHaveLength(2);
  });

  it("authorise: before its target is looked for, whatever that is", async () => {
    const denied = access({ refusalOf: ({ type, to }) => (type === "QUERY" ? undefined : `not to ${to.kind}`) });
    const raw = await client("anna", { gateway: { access: denied } });
    const targets = [{ clientId: "nobody" }, { group: "g" }, { channel: "c" }, { all: true }] as const;
    for (const target of targets) {
      const id = raw.say("MESSAGE", { content: "hi" }, { target });
      expect((await raw.next("ERROR", id)).payload.errorCode).toBe("AUTHORIZATION_DENIED");
    }
    const join = raw.say("COMMAND", { command: "join", parameters: { groups: ["g"] } });
    expect(await raw.error(join)).toBe("AUTHORIZATION_DENIED");
  });

  it("authorise: one who was locked out meanwhile may do nothing more", async () => {
    const lock: { ending?: Ending } = {};
    const raw = await client("anna", { gateway: { access: access({ endedBy: () => lock.ending }) } });
    await raw.settle();
    lock.ending = { reason: "locked", why: "this client is locked out" };
    expect(await raw.error(raw.say("QUERY", { queryType: "get_status" }))).toBe("AUTHORIZATION_DENIED");
  });

  it("target: a group without members, an answer that nobody has asked for", async () => {
    const raw = await client();
    expect(await raw.error(raw.say("MESSAGE", { content: "hi" }, { target: { group: "g" } }))).toBe("TARGET_NOT_FOUND");
    const answer = { queryId: crypto.randomUUID(), success: true, processingTime: 1 };
    expect(await raw.error(raw.say("RESPONSE", answer))).toBe("TARGET_NOT_FOUND");
    expect(await raw.error(raw.say("EVENT", { eventType: "x", eventData: {}, timestamp: 1 }))).toBe("INVALID_MESSAGE");
  });

  it("forward: a receiver that takes no message so long", async () => {
    const { gateway } = await managed();
    const anna = await Raw.registered(gateway.url, TOKEN, "anna");
    await Raw.registered(gateway.url, TOKEN, "bert", { capabilities: { maxMessageSize: 1024 } });
    const id = anna.say("MESSAGE", { content: "x".repeat(2000) }, { target: { clientId: "bert" } });
    expect((await anna.next("EVENT", id)).payload).toMatchObject({
      eventType: "message_failed",
      eventData: { clientId: "bert", reason: "the receiver takes at most 1024 bytes" },
    });
  });

  it("persist: what is too long to wait for a receiver that is away", async () => {
    const { gateway } = await managed();
    const anna = await Raw.registered(gateway.url, TOKEN, "anna", { channels: ["clients"] });
    const bert = await Raw.registered(gateway.url, TOKEN, "bert");
    bert.socket.close();
    const left = (): boolean =>
      anna.messages.some((each) => each.type === "EVENT" && each.payload.eventType === "client_disconnected");
    await eventually(left).toBe(true);
    const id = anna.say("MESSAGE", { content: "x".repeat(200_000) }, { target: { clientId: "bert" } });
    expect((await anna.next("EVENT", id)).payload).toMatchObject({
      eventType: "message_failed",
      eventData: { reason: expect.stringContaining("at most 180000 bytes") },
    });
  });
});

describe("what was remembered", () => {
  it("is asked for with all that the query says, and comes with its sources", async () => {
    const asked: unknown[] = [];
    const memory: MemoryPort = {
      recall: async ({ account, query, limit, filter, includeContext }) => {
        asked.push({ account, query, limit, filter, includeContext });
        return { hits: [{ id: "m1", text: "blue" }], sources: [{ threadId: "t1" }] };
      },
    };
    const raw = await client("anna", { memory });
    const query = { queryType: "recall_memory", query: "colour", limit: 3, filter: { since: 1 }, includeContext: true };
    expect((await raw.next("RESPONSE", raw.say("QUERY", query))).payload).toMatchObject({
      success: true,
      data: [{ id: "m1", text: "blue" }],
      sources: [{ threadId: "t1" }],
      processingTime: expect.any(Number),
    });
    expect(asked).toEqual([
      { account: "this machine", query: "colour", limit: 3, filter: { since: 1 }, includeContext: true },
    ]);
  });

  it("is an error of the memory when it fails, and too late when it takes longer than it may", async () => {
    const memory: MemoryPort = {
      recall: ({ query, signal }) => {
        if (query === "broken") return Promise.reject(new PeerError("no-quorum", "not now", { nextStep: "Wait." }));
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error("given up")));
        });
      },
    };
    const raw = await client("anna", { memory });
    const broken = await raw.next("ERROR", raw.say("QUERY", { queryType: "recall_memory", query: "broken" }));
    expect(broken.payload).toMatchObject({ errorCode: "MEMORY_ERROR", details: { code: "no-quorum" } });
    const slow = raw.say("QUERY", { queryType: "recall_memory", query: "slow", timeout: 20 });
    expect((await raw.next("RESPONSE", slow)).payload).toMatchObject({ success: false, error: { code: "timed-out" } });
  });
});
