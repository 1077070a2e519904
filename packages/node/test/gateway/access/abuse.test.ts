/** What somebody can do who has a token and means no good, or has none, over real sockets. */
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { createMessage, encodeAudioFrame, type Payload } from "@parley/sdk";
import { Entry } from "../../../src/gateway/guard.ts";
import { managed, TOKEN, type Managed } from "../management/managed.ts";
import { Raw } from "../protocol/raw.ts";
import { eventually } from "../../support.ts";

const LIMITS = { messagesPerMinute: 40, audioBytesPerMinute: 1_000_000 };

/** Comes with these headers, and registers. @returns what it was answered, by type or code */
async function register(url: string, payload: Partial<Payload<"REGISTER">>, headers: Record<string, string> = {}) {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws`, { headers });
  onTestFinished(() => socket.terminate());
  const raw = new Raw(socket, payload.clientId ?? "tester");
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  const { clientId } = raw;
  raw.send(createMessage("REGISTER", { clientId, clientType: "api", ...payload }, { from: clientId }));
  await eventually(() => raw.messages[0]).toBeDefined();
  const [answer] = raw.messages;
  if (answer?.type === "REGISTER_ACK") return { raw, answer: answer.type, resume: answer.payload.resumeToken };
  return { raw, answer: answer?.type === "ERROR" ? answer.payload.errorCode : answer?.type, resume: undefined };
}

async function member(house: Managed, name = "tablet", role: "member" | "guest" | "admin" = "member"): Promise<string> {
  return (await house.book.add({ name, role, by: "x" })).token;
}

const status = async ({ gateway }: Managed, token: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${gateway.url}/status`, { headers: { authorization: `Bearer ${token}`, ...headers } });

/** The first answer that says that there was too much: while a test runs, some comes back. */
async function untilRefused(ask: () => Promise<Response>): Promise<Response> {
  for (let times = 0; times < 50; times += 1) {
    const answer = await ask();
    if (answer.status === 429) return answer;
  }
  throw new Error("nothing was refused");
}

describe("the token of this machine", () => {
  const forwarded = { "x-forwarded-for": "192.0.2.7" };

  it("lets nobody in who is elsewhere, or comes by a proxy of this machine, named or not", async () => {
    const entry = new Entry({ isProxy: (address) => address === "127.0.0.1" });
    for (const options of [{}, { gateway: { entry } }]) {
      const house = await managed(options);
      expect((await status(house, TOKEN)).status).toBe(200);
      for (const headers of [
        forwarded,
        { "x-forwarded-for": "127.0.0.1" },
        { forwarded: "for=_x" },
        { via: "1.1 p" },
      ]) {
        const refused = await status(house, TOKEN, headers);
        expect([headers, refused.status]).toEqual([headers, 401]);
        expect(await refused.text()).toContain("on the peer's own machine only");
        const { answer } = await register(house.gateway.url, { clientId: "admin", authToken: TOKEN }, headers);
        expect([headers, answer]).toEqual([headers, "AUTHENTICATION_FAILED"]);
      }
    }
  });

  it("gives a resume token that is good for no more than it is, and at that peer only", async () => {
    const [house, other] = [await managed({ key: KEY }), await managed({ key: KEY })];
    const { resume, raw } = await register(house.gateway.url, { clientId: "cli", authToken: TOKEN });
    raw.socket.terminate();
    const again = { clientId: "cli", resumeToken: resume };
    expect((await register(house.gateway.url, again, forwarded)).answer).toBe("AUTHENTICATION_FAILED");
    expect((await register(other.gateway.url, again)).answer).toBe("AUTHENTICATION_FAILED");
    expect((await register(house.gateway.url, again)).answer).toBe("REGISTER_ACK");
  });

  it("does not take from what a client can do wherever it is", async () => {
    const house = await managed({ key: KEY });
    const token = await member(house);
    const { resume } = await register(house.gateway.url, { clientId: "tablet", authToken: token }, forwarded);
    const { answer } = await register(house.gateway.url, { clientId: "tablet", resumeToken: resume }, forwarded);
    expect(answer).toBe("REGISTER_ACK");
  });
});

describe("groups and channels in REGISTER", () => {
  it("are joined only by who may join them", async () => {
    const house = await managed();
    const wanted = { groups: ["family"], channels: ["clients", "secret"] };
    for (const [role, channels] of [
      ["guest", []],
      ["member", ["clients", "secret"]],
    ] as const) {
      const token = await member(house, role, role);
      await register(house.gateway.url, { clientId: role, authToken: token, ...wanted });
      expect(house.clients.hub.directory.placeOf(role)?.seat.channels ?? []).toEqual(channels);
      expect(house.clients.hub.directory.placeOf(role)?.seat.groups ?? []).toEqual([]);
    }
  });
});

describe("who sends too much", () => {
  const query = (from: string) => createMessage("QUERY", { queryType: "get_active_nodes" }, { from });
  /** Of which codes how many came back. */
  const codes = (raw: Raw): readonly string[] =>
    raw.messages.flatMap((each) => (each.type === "ERROR" ? [each.payload.errorCode] : []));

  it("is told so, whatever ids it goes by, and by HTTP as well; others are not", async () => {
    const house = await managed({ limits: LIMITS });
    const token = await member(house);
    let answered = 0;
    for (let id = 0; id < 5; id += 1) {
      const { raw } = await register(house.gateway.url, { clientId: `tablet-${id}`, authToken: token });
      for (let sent = 0; sent < 20; sent += 1) raw.send(query(raw.clientId));
      await eventually(() => raw.messages.length).toBe(21);
      expect(new Set(codes(raw))).toEqual(new Set(id < 2 ? [] : ["RATE_LIMIT_EXCEEDED"]));
      answered += 20 - codes(raw).length;
    }
    // 38 for all, 2 of each client's own, and what has come back meanwhile.
    expect(answered).toBeGreaterThanOrEqual(46);
    expect(answered).toBeLessThan(80);
    const refused = await untilRefused(() => status(house, token));
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ error: { code: "RATE_LIMIT_EXCEEDED" } });
    expect((await status(house, await member(house, "other"))).status).toBe(200);
    expect((await fetch(`${house.gateway.url}/health`)).status).toBe(200);
  });

  it("is told so when what it sends is no message, may not be said, or is a REGISTER again", async () => {
    const house = await managed({ limits: LIMITS });
    const wrong: Readonly<Record<string, (id: string) => unknown>> = {
      invalid: () => ({ messageId: crypto.randomUUID(), type: "MESSAGE", payload: {} }),
      register: (id) => createMessage("REGISTER", { clientId: id, clientType: "api" }, { from: id }),
      "foreign name": () => query("somebody"),
      denied: (id) => createMessage("COMMAND", { command: "status", parameters: {} }, { from: id }),
      encrypted: () => ({ type: "encrypted_message", sessionId: "s", data: "AAAA" }),
    };
    for (const [how, make] of Object.entries(wrong)) {
      const token = await member(house, how.replace(" ", "-"), "guest");
      const { raw } = await register(house.gateway.url, { clientId: how.replace(" ", "-"), authToken: token });
      for (let sent = 0; sent < 60; sent += 1) raw.send(JSON.stringify(make(raw.clientId)));
      await eventually(() => codes(raw).length).toBe(60);
      const refused = codes(raw).filter((code) => code === "RATE_LIMIT_EXCEEDED").length;
      expect(refused, how).toBeGreaterThan(5);
      expect(refused, how).toBeLessThanOrEqual(20);
    }
  });

  it("is not read from for a while, also when it sends frames without a sound, and then goes on", async () => {
    const house = await managed({ limits: { ...LIMITS, audioBytesPerMinute: 600_000 } });
    const { raw } = await register(house.gateway.url, { clientId: "tablet", authToken: await member(house) });
    const frame = encodeAudioFrame({
      stream: 1,
      sequence: 0,
      timestampMs: 0,
      sampleRateHz: 16_000,
      samples: new Float32Array(0),
    });
    // Ten a second, sixty at once.
    for (let sent = 0; sent < 80; sent += 1) raw.send(frame);
    const sentMs = performance.now();
    await pause(50);
    raw.send(query("tablet"));
    await raw.next("RESPONSE");
    expect(performance.now() - sentMs).toBeGreaterThan(200);
    expect(codes(raw)).toEqual([]);
  });

  it("comes in no more often than is due, and is told when it may again", async () => {
    const house = await managed({ limits: { ...LIMITS, messagesPerMinute: 1 } });
    const token = await member(house);
    for (let times = 0; times < 10; times += 1) {
      expect((await register(house.gateway.url, { clientId: "tablet", authToken: token })).answer).toBe("REGISTER_ACK");
    }
    const { raw, answer } = await register(house.gateway.url, { clientId: "tablet", authToken: token });
    expect(answer).toBe("RATE_LIMIT_EXCEEDED");
    expect(await raw.closed).toBe(1013);
  });
});

describe("who has no right token", () => {
  it("is told after some that there were too many, while a right one from the same address opens at once", async () => {
    const house = await managed();
    const token = await member(house);
    const statuses: number[] = [];
    for (let times = 0; times < 20; times += 1) statuses.push((await status(house, "guess")).status);
    expect(statuses).toEqual(Array<number>(20).fill(401));
    const refused = await untilRefused(() => status(house, "guess"));
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    const guesses = [0, 1, 2, 3].map(() => register(house.gateway.url, { clientId: "x", authToken: "guess" }));
    const slowed = (await Promise.all(guesses)).find(({ answer }) => answer === "RATE_LIMIT_EXCEEDED");
    expect(await slowed?.raw.closed).toBe(1013);
    expect((await status(house, token)).status).toBe(200);
    expect((await register(house.gateway.url, { clientId: "tablet", authToken: token })).answer).toBe("REGISTER_ACK");
  });

  it("is counted where it is, not where the proxy is; without any token nobody is", async () => {
    const house = await managed({ gateway: { entry: new Entry({ isProxy: (address) => address === "127.0.0.1" }) } });
    const from = (address: string): Promise<Response> => status(house, "guess", { "x-forwarded-for": address });
    for (let times = 0; times < 20; times += 1) await from(`2001:db8::${times + 1}`);
    await untilRefused(() => from("2001:db8::ffff"));
    expect((await from("2001:db8:0:1::1")).status).toBe(401);
    for (let times = 0; times < 30; times += 1) {
      expect((await fetch(`${house.gateway.url}/status`)).status).toBe(401);
    }
  });
});

describe("the audit log", () => {
  const lines = async ({ audit, refusals }: Managed): Promise<readonly string[]> => {
    refusals.flush();
    const entries = await audit.read(100);
    return entries
      .toReversed()
      .map(({ actor, action, target, outcome, details }) =>
        [actor, action, target, outcome, JSON.stringify(details)].join(" "),
      );
  };

  it("tells what was made of a client, and what it was before", async () => {
    const house = await managed();
    const added = await house.ask("POST", "/clients", { name: "tablet", role: "guest", groups: ["family"] });
    await house.ask("PATCH", "/clients/tablet", { role: "admin", groups: [], targets: ["lamp-*", "all"] });
    await house.ask("PATCH", "/clients/tablet", { isActive: false, role: "admin", targets: null });
    expect(house.book.get("tablet").targets).toBeUndefined();
    await house.ask("POST", "/clients/tablet/token");
    await house.ask("DELETE", "/clients/tablet");
    await house.ask("DELETE", "/clients/tablet");
    const told = await lines(house);
    expect(told).toEqual([
      'this machine client.add tablet done {"role":"guest","groups":"family","remembers":false}',
      'this machine client.change tablet done {"role":"admin","roleBefore":"guest","groups":"","groupsBefore":"family","targets":"lamp-*, all","targetsBefore":null}',
      'this machine client.change tablet done {"targets":null,"targetsBefore":"lamp-*, all","isActive":false,"isActiveBefore":true}',
      'this machine client.renew tablet done {"role":"admin"}',
      'this machine client.remove tablet done {"role":"admin","groups":""}',
      'this machine client.remove tablet failed {"code":"no-such-client"}',
    ]);
    expect(told.join()).not.toContain((added.body as { token: string }).token);
  });

  it("tells what was done to the house besides, without a code or a text that is secret", async () => {
    const house = await managed();
    await house.ask("POST", "/pairing");
    await house.ask("POST", "/peers/revoke", { peer: "cellar" });
    await house.ask("POST", "/join", { code: "ABCD-EFGH", address: "192.0.2.7" });
    await house.ask("PUT", "/settings", { key: "kitchen.volume", value: "7" });
    await house.ask("GET", "/pairing");
    const told = await lines(house);
    expect(told.map((line) => line.split(" ").slice(2, 4).join(" "))).toEqual([
      "pairing.open house",
      "peer.revoke cellar",
      "house.join 192.0.2.7",
      "setting.change kitchen.volume",
    ]);
    expect(told.join()).not.toContain("EFGH");
  });

  it("tells who was refused what, and where wrong tokens came from, in few lines", async () => {
    const house = await managed();
    const token = await member(house, "tablet", "guest");
    const as = { authorization: `Bearer ${token}` };
    for (let times = 0; times < 50; times += 1) await house.ask("POST", "/clients", { name: "x", role: "admin" }, as);
    await house.ask("DELETE", "/clients/other", undefined, as);
    const { raw } = await register(house.gateway.url, { clientId: "tablet", authToken: token });
    await raw.error(raw.say("COMMAND", { command: "join", parameters: { channels: ["secret"] } }));
    for (let times = 0; times < 40; times += 1) await status(house, "guess-what");
    const told = await lines(house);
    expect(told).toHaveLength(6);
    expect(told.slice(0, 4)).toEqual([
      "tablet client.add house refused {}",
      "tablet client.remove other refused {}",
      'tablet COMMAND join peer refused {"why":"a client of the role guest may not write to other clients"}',
      'nobody token.refused 127.0.0.1 refused {"why":"wrong token"}',
    ]);
    expect(told[4]).toBe('tablet client.add house refused {"more":49}');
    expect(told[5]).toBe('nobody token.refused 127.0.0.1 refused {"why":"wrong token","more":39}');
    expect(told.join()).not.toContain("guess-what");
  });
});

const KEY = new Uint8Array(32).fill(7);
