/** A program's own commands, as clients of its peer give them. */
import { connect, ParleyError, type ParleyClient } from "@parley/sdk";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import * as z from "zod";
import { CommandError, createPeer, defineCommand, type EmbeddedPeer } from "../../src/index.ts";
import { Raw } from "../gateway/protocol/raw.ts";
import { eventually, temporaryFolder } from "../support.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let peer: EmbeddedPeer;
/** Told when a command that waits was ended. */
let ended = Promise.withResolvers<string>();
let begun = Promise.withResolvers<void>();

const waits = defineCommand({
  parameters: z.object({}),
  timeoutMs: 200,
  run: (_, { signal }) =>
    new Promise<void>((_resolve, reject) => {
      begun.resolve();
      signal.addEventListener("abort", () => {
        ended.resolve("ended");
        reject(new Error("told to end"));
      });
    }),
});

beforeAll(async () => {
  folder = await temporaryFolder();
  peer = await createPeer({
    home: folder.path,
    port: 0,
    clustering: false,
    config: { listen: { host: "127.0.0.1" }, models: { download: false } },
    extend: {
      commands: {
        count: defineCommand({
          parameters: z.object({ to: z.int().min(1).max(9) }),
          run: async ({ to }, { emit, client }) => {
            for (let n = 1; n <= to; n += 1) await emit("counted", { n });
            return { to, account: client.account };
          },
        }),
        look: defineCommand({ parameters: z.object({}), right: "look", run: () => undefined }),
        greet: defineCommand({ parameters: z.object({}), right: "converse", run: () => ({ said: "hello" }) }),
        refuse: defineCommand({
          parameters: z.object({}),
          run: () => {
            throw new CommandError("no-lamp", "there is no lamp", { nextStep: "Buy one." });
          },
        }),
        crash: defineCommand({ parameters: z.object({}), run: () => JSON.parse("{") }),
        huge: defineCommand({ parameters: z.object({}), run: () => ({ text: "x".repeat(600_000) }) }),
        big: defineCommand({ parameters: z.object({}), run: () => ({ number: 1n }) }),
        "wait.short": waits,
        "wait.long": { ...waits, timeoutMs: 60_000 },
      },
    },
  });
});
afterAll(async () => {
  await peer?.close();
  await folder?.remove();
});

async function clientAs(role: string): Promise<ParleyClient> {
  const answer = await fetch(`${peer.url}/api/v1/clients`, {
    method: "POST",
    headers: { authorization: `Bearer ${peer.token}`, "content-type": "application/json" },
    body: JSON.stringify({ name: `one-${role}`, role }),
  });
  const { token } = z.object({ token: z.string() }).parse(await answer.json());
  const client = await connect({ url: peer.socketUrl, token });
  onTestFinished(() => client.close());
  return client;
}

const failureOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe("a program's own command", () => {
  it("gives its client what it comes to, and before that, in order, what happens on its way", async () => {
    const client = await peer.client();
    const told: unknown[] = [];
    const result = await client.run("count", { to: 3 }, { onEvent: (event) => told.push(event) });
    expect(result).toEqual({ to: 3, account: "this machine" });
    expect(told).toEqual([1, 2, 3].map((n) => ({ type: "counted", data: { n } })));
  });

  it.for([
    ["count", { to: 10 }, { code: "refused", remoteCode: "INVALID_MESSAGE", message: expect.stringContaining("to: ") }],
    ["count", {}, { code: "refused", remoteCode: "INVALID_MESSAGE" }],
    ["dance", {}, { code: "refused", message: expect.stringContaining("known commands are ask, ") }],
    ["dance", {}, { message: expect.stringContaining("wait.short") }],
    ["refuse", {}, { code: "work-failed", remoteCode: "no-lamp", message: "there is no lamp", nextStep: "Buy one." }],
    ["crash", {}, { code: "work-failed", remoteCode: "extension-failed" }],
    ["huge", {}, { code: "work-failed", remoteCode: "extension-failed" }],
    ["big", {}, { code: "work-failed", remoteCode: "extension-failed" }],
    ["wait.short", {}, { code: "work-failed", remoteCode: "timed-out" }],
  ] as const)("fails by name, and alone: %s %o", async ([name, parameters, error]) => {
    const client = await peer.client();
    expect(await failureOf(client.run(name, parameters))).toMatchObject(error);
    expect(await client.run("look")).toEqual({});
  });

  it("is ended when its client wants no more of it, and when it is gone", async () => {
    for (const leave of [
      (over: AbortController) => over.abort(),
      (_: AbortController, client: ParleyClient) => client.close(),
    ]) {
      ended = Promise.withResolvers();
      begun = Promise.withResolvers();
      const client = await connect({ url: peer.socketUrl, token: peer.token });
      onTestFinished(() => client.close());
      const over = new AbortController();
      const running = failureOf(client.run("wait.long", {}, { signal: over.signal }));
      await begun.promise;
      leave(over, client);
      expect(await running).toBeInstanceOf(ParleyError);
      expect(await ended.promise).toBe("ended");
    }
  });

  it("is one of at most eight of a client at once", async () => {
    const raw = await Raw.registered(peer.url, peer.token, "bare");
    for (let n = 0; n < 9; n += 1) raw.say("COMMAND", { command: "wait.short", parameters: {} });
    expect(await raw.error()).toBe("RATE_LIMIT_EXCEEDED");
    const ends = (): unknown[] => raw.messages.filter(({ type }) => type === "COMMAND_RESULT");
    await eventually(ends).toHaveLength(8);
    // Who asks through the SDK has the ninth done as well, once there is room.
    const client = await peer.client();
    const failures = await Promise.all(Array.from({ length: 9 }, () => failureOf(client.run("wait.short"))));
    const codes = failures.map((error) => (error instanceof ParleyError ? error.remoteCode : ""));
    expect(codes).toEqual(Array(9).fill("timed-out"));
  });

  it("takes the right that it names", async () => {
    const guest = await clientAs("guest");
    expect(await guest.run("greet")).toEqual({ said: "hello" });
    for (const name of ["count", "look"]) {
      expect(await failureOf(guest.run(name, { to: 1 }))).toMatchObject({ remoteCode: "AUTHORIZATION_DENIED" });
    }
    const bridge = await clientAs("bridge");
    expect(await bridge.run("count", { to: 1 })).toEqual({ to: 1, account: "one-bridge" });
    expect(await failureOf(bridge.run("greet"))).toMatchObject({ remoteCode: "AUTHORIZATION_DENIED" });
  });
});
