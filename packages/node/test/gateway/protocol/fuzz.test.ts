/** Every type of message and every kind of frame, whole, damaged and made up, through a real socket against a real gateway. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AudioError } from "@parley/audio";
import { parseMessage, requestSchema, type Message } from "@parley/sdk";
import { toFlat } from "../../../src/gateway/dialect/flat.ts";
import type { EngineSource } from "../../../src/services/engine-source.ts";
import { eventually } from "../../support.ts";
import { anyMessage, anyOf } from "../dialect/messages.ts";
import { managed, TOKEN, type Managed } from "../management/managed.ts";
import { Raw } from "./raw.ts";

const nothing: EngineSource = {
  choose: () => Promise.reject(new AudioError("model-missing", "there is no model", { nextStep: "Fetch one." })),
  fetch: () => Promise.reject(new Error("nothing was chosen")),
};
const sources = { vad: nothing, stt: nothing, tts: nothing, llm: nothing };

/** Who is there, so that targets are sometimes found. */
const NAMES = ["anna", "bert", "tablet"];
const target = fc.oneof(
  fc.constantFrom(...NAMES, "nobody").map((clientId) => ({ clientId })),
  fc.constant({ group: "lamps" }),
  fc.constant({ channel: "news" }),
  fc.constant({ all: true }),
);

/** A message as the client `from` would send it, if it kept to the protocol. */
const fitting = (from: string): fc.Arbitrary<object> =>
  fc.oneof(
    fc.tuple(anyMessage(), fc.option(target, { nil: undefined })).map(([message, to]) => ({
      ...message,
      version: "1.0",
      source: { clientId: from },
      expiresAt: undefined,
      target: to,
    })),
    fc.tuple(anyMessage("COMMAND"), anyOf(requestSchema)).map(([message, request]) => {
      return { ...message, version: "1.0", source: { clientId: from }, target: undefined, payload: request };
    }),
  );

/** The same with something else in one place, or without it. */
const damaged = (whole: fc.Arbitrary<object>): fc.Arbitrary<object> =>
  fc.tuple(whole, fc.nat(), fc.jsonValue(), fc.boolean()).map(([message, at, value, isGone]) => {
    const copy: unknown = JSON.parse(JSON.stringify(message));
    const places = placesIn(copy);
    const place = places[at % Math.max(1, places.length)];
    if (place === undefined) return message;
    if (isGone) delete place.object[place.key];
    else place.object[place.key] = value;
    return copy as object;
  });

const header = fc
  .tuple(fc.constantFrom(0x50, 0x51), fc.constantFrom(1, 2, 3, 9), fc.uint8Array({ minLength: 0, maxLength: 60 }))
  .map(([magic, kind, rest]) => Uint8Array.from([magic, kind, ...rest]));

const frame = (from: string, isFlat: boolean): fc.Arbitrary<string | Uint8Array> => {
  const whole = fitting(from);
  const text = (message: object): string => JSON.stringify(isFlat ? flatOf(message) : message);
  return fc.oneof(
    { weight: 6, arbitrary: whole.map(text) },
    { weight: 4, arbitrary: damaged(whole).map(text) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string() },
    { weight: 1, arbitrary: header },
    { weight: 1, arbitrary: fc.constant('{"type":"encrypted_message","sessionId":"s","data":"AAAA"}') },
  );
};

interface Place {
  readonly object: Record<string, unknown>;
  readonly key: string;
}

function placesIn(value: unknown): readonly Place[] {
  if (typeof value !== "object" || value === null) return [];
  const object = value as Record<string, unknown>;
  return Object.keys(object).flatMap((key) => [{ object, key }, ...placesIn(object[key])]);
}

function flatOf(message: object): object {
  try {
    return toFlat(message as Message);
  } catch {
    // Damaged beyond what can be said in the dialect.
    return message;
  }
}

/** One client, all of its frames, and its end. */
async function run(
  { gateway }: Managed,
  name: string,
  isFlat: boolean,
  frames: readonly (string | Uint8Array)[],
): Promise<void> {
  const raw = await Raw.open(gateway.url, name);
  if (isFlat) raw.send({ type: "register", client_id: name, auth_token: TOKEN, client_type: "web", groups: ["lamps"] });
  else
    raw.say("REGISTER", { clientId: name, authToken: TOKEN, clientType: "web", groups: ["lamps"], channels: ["news"] });
  for (const each of frames) raw.send(each);
  // Answered after all that came before it, unless one of them has ended the connection.
  const asked = { type: "QUERY", queryType: "get_status", id: crypto.randomUUID() };
  if (isFlat) raw.send({ type: "query", query_type: asked.queryType, message_id: asked.id });
  else raw.say("QUERY", { queryType: asked.queryType }, { messageId: asked.id });
  const isAnswered = (): boolean => raw.texts.some((text) => text.includes(asked.id));
  await eventually(() => raw.socket.readyState !== raw.socket.OPEN || isAnswered()).toBe(true);
  if (isFlat) for (const flat of raw.flat) expect(flat["type"]).toMatch(/^[a-z_]+$/);
  else for (const text of raw.texts) expect(parseMessage(text)).toMatchObject({ ok: true });
  if (raw.socket.readyState !== raw.socket.OPEN) {
    expect([1002, 4401]).toContain(await raw.closed);
    expect(raw.texts.filter((text) => /INVALID_MESSAGE|AUTHENTICATION_FAILED/.test(text))).not.toEqual([]);
  }
  raw.socket.close();
  await raw.closed;
}

/** In use when all is quiet, in bytes. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
  return process.memoryUsage().heapUsed;
}

describe("a gateway that is told anything at all", () => {
  it("answers with typed errors, serves on, and holds on to nothing", { timeout: 240_000 }, async () => {
    const house = await managed({ sources });
    const { gateway, clients } = house;
    const kinds = NAMES.map((name) => ({ name, isFlat: name === "tablet" }));
    const round = async (seed: number, numRuns: number): Promise<void> => {
      const whoever = fc.constantFrom(...kinds).chain(({ name, isFlat }) =>
        fc.record({
          name: fc.constant(name),
          isFlat: fc.constant(isFlat),
          frames: fc.array(frame(name, isFlat), { minLength: 1, maxLength: 12 }),
        }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(whoever, { minLength: 1, maxLength: 3 }), async (all) => {
          await Promise.all(all.map(({ name, isFlat, frames }) => run(house, name, isFlat, frames)));
        }),
        { numRuns, seed },
      );
    };
    const quiet = async (): Promise<{ readonly heap: number; readonly timers: number }> => {
      await eventually(() => gateway.clients).toBe(0);
      await eventually(() => clients.hub.directory.connected.length).toBe(0);
      await eventually(() => clients.sessions.list().every(({ state }) => state === "DISCONNECTED")).toBe(true);
      await eventually(() => clients.hub.underWay).toBe(0);
      const timers = process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
      return { heap: heapBytes(), timers };
    };
    await round(1, 30);
    const before = await quiet();
    await round(2, 60);
    const after = await quiet();
    expect(after.timers - before.timers).toBeLessThanOrEqual(2);
    // Twice the work, and what is kept of it is bounded: mail that waits, statuses, sessions that ended.
    expect(after.heap - before.heap).toBeLessThan(16 * 1024 * 1024);
    const raw = await Raw.registered(gateway.url, TOKEN, "cleo");
    await raw.settle();
  });

  it("ends a connection that sends more than a message may have, with the code for that", async () => {
    const { gateway } = await managed({ sources });
    const raw = await Raw.registered(gateway.url, TOKEN, "anna");
    raw.say("MESSAGE", { content: "x".repeat(1_048_577) });
    expect(await raw.closed).toBe(1009);
  });

  it("lets nobody in who has not said who they are, whatever they say", { timeout: 60_000 }, async () => {
    const house = await managed({ sources });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(frame("anna", false), frame("anna", true)).filter((each) => !String(each).includes(TOKEN)),
        async (first) => {
          const raw = await Raw.open(house.gateway.url, "anna");
          raw.send(first);
          expect(await raw.closed).toBe(4401);
          expect(raw.texts).toHaveLength(1);
          expect(raw.texts[0]).toContain("AUTHENTICATION_FAILED");
          expect(house.clients.hub.directory.connected).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
