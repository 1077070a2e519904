/** A conversation that goes from one device of an account to another on purpose: real sockets, one peer. */
import * as z from "zod";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { connect, type ConnectOptions, type ParleyClient, type TurnEvent } from "@parley/sdk";
import { createPeer, eventually, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../../support.ts";

const SENTENCES = ["One is first.", "Two comes next.", "Three is after that.", "Four is the last."];
const ANSWER = SENTENCES.join(" ");

let peer: Peer;
let ending: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const folder = await temporaryFolder();
  const sources = fixedDelaySources({ llmMs: 1, tokenMs: 40, ttsMs: 1, replies: [ANSWER] });
  peer = await createPeer({ config: testConfig(folder.path, { "llm.tools": "off" }), sources, patient: true });
  ending = [() => peer.close(), () => folder.remove()];
}, 60_000);

afterAll(async () => {
  for (const end of ending) await end();
});

async function device(clientId: string, more: Partial<ConnectOptions> = {}): Promise<ParleyClient> {
  const url = `${peer.url.replace(/^http/, "ws")}/ws`;
  const client = await connect({ url, token: peer.token, clientId, ...more });
  onTestFinished(() => client.close());
  return client;
}

const api = async (path: string, method = "GET", token = peer.token): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${peer.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: await response.json() };
};

const listed = z.object({
  sessions: z.array(z.looseObject({ sessionId: z.string(), clientId: z.string().optional(), doing: z.string() })),
});

async function sessionOf(clientId: string): Promise<z.output<typeof listed>["sessions"][number]> {
  const { body } = await api("/sessions/house");
  const found = listed.parse(body).sessions.find((each) => each.clientId === clientId);
  if (found === undefined) throw new Error(`${clientId} has no session`);
  return found;
}

const textOf = (events: readonly TurnEvent[]): string =>
  events.map((event) => (event.type === "text" ? event.delta : "")).join("");
const numbersOf = (events: readonly TurnEvent[]): readonly number[] =>
  events.flatMap((event) => (event.type === "sentence" ? [event.index] : []));

describe("a conversation that goes on at another device", { timeout: 30_000 }, () => {
  it("takes the answer along: its text whole, its sound from where it was, and the device before is told", async () => {
    const phone = await device("phone");
    const told: string[] = [];
    const ends: string[] = [];
    phone.on("event", ({ type }) => told.push(type));
    phone.on("disconnected", ({ error, willReconnect }) => ends.push(`${error.message} ${willReconnect}`));
    const before: TurnEvent[] = [];
    const asking = (async () => {
      for await (const event of phone.ask({ text: "Count." }, { speak: true })) before.push(event);
    })();
    const cutOff = asking.catch((error: unknown) => error);
    await eventually(() => numbersOf(before).length >= 2).toBe(true);
    const { sessionId, doing } = await sessionOf("phone");
    expect(doing).toBe("asking");

    const terminal = await device("terminal", { continue: sessionId });
    expect(await cutOff).toMatchObject({ code: "connection-lost" });
    expect(told).toEqual(["session-continued"]);
    await eventually(() => ends).toEqual(["the session goes on at another connection false"]);
    const { clientId, answer } = terminal.continued ?? {};
    expect(clientId).toBe("phone");
    if (answer === undefined) throw new Error("there is nothing to go on with");
    expect(answer).toMatchObject({ kind: "ask", question: "Count." });
    expect(ANSWER.startsWith(answer.text.trim())).toBe(true);

    const after: TurnEvent[] = [];
    for await (const event of terminal.goOn(answer, { speak: true })) after.push(event);
    expect(after[0]).toEqual({ type: "question", text: "Count." });
    expect(textOf(after).trim()).toBe(ANSWER);
    expect(numbersOf(after)).toEqual([0, 1, 2, 3].filter((index) => index >= answer.index));
    expect(answer.spoken).toBe(SENTENCES.slice(0, answer.index).join(" ").length);
    const now = await sessionOf("terminal");
    expect(now).toMatchObject({ sessionId, state: "visited", doing: "idle" });
    expect(now["handOvers"]).toEqual([expect.objectContaining({ from: "phone", to: "terminal", why: "continued" })]);
    expect(JSON.stringify(now)).not.toContain("Count");
  });

  it("is refused where there is no such session: a client that had one stays there", async () => {
    const refused = { code: "refused", remoteCode: "TARGET_NOT_FOUND" };
    await expect(device("nobody", { continue: crypto.randomUUID() })).rejects.toMatchObject(refused);
    const desk = await device("desk");
    for await (const event of desk.ask({ text: "Hello." })) void event;
    const { sessionId } = await sessionOf("desk");
    await expect(desk.continueSession(crypto.randomUUID())).rejects.toMatchObject(refused);
    for await (const event of desk.ask({ text: "Still there?" })) void event;
    expect(await sessionOf("desk")).toMatchObject({ sessionId, turns: 2 });
  });

  it("is the account's own: others are refused, and do not see it", async () => {
    const mine = await device("mine");
    for await (const event of mine.ask({ text: "Hello." })) void event;
    const { sessionId } = await sessionOf("mine");
    const response = await fetch(`${peer.url}/api/v1/clients`, {
      method: "POST",
      headers: { authorization: `Bearer ${peer.token}`, "content-type": "application/json" },
      body: JSON.stringify({ name: "mallory", role: "member" }),
    });
    const { token } = z.object({ token: z.string() }).parse(await response.json());
    const refused = { code: "refused", remoteCode: "AUTHORIZATION_DENIED" };
    await expect(device("mallory", { token, continue: sessionId })).rejects.toMatchObject(refused);
    expect((await api("/sessions/house", "GET", token)).body).toMatchObject({ sessions: [] });
    expect((await api(`/sessions/house/${sessionId}`, "DELETE", token)).status).toBe(404);
    expect((await sessionOf("mine")).sessionId).toBe(sessionId);
  });

  it("may go by a wish of a client that is there already, and be ended by who looks after the house", async () => {
    const tablet = await device("tablet");
    for await (const event of tablet.ask({ text: "Hello." })) void event;
    const { sessionId } = await sessionOf("tablet");
    const laptop = await device("laptop");
    expect(await laptop.continueSession(sessionId)).toMatchObject({ clientId: "tablet", turns: 1 });
    expect(await sessionOf("laptop")).toMatchObject({ sessionId });
    const ends: string[] = [];
    laptop.on("disconnected", ({ error, willReconnect }) => ends.push(`${error.message} ${willReconnect}`));
    expect((await api(`/sessions/house/${sessionId.slice(0, 13)}`, "DELETE")).body).toEqual({ ended: true });
    await eventually(() => ends).toEqual(["the session was ended by somebody who looks after the house false"]);
    expect((await api(`/sessions/house/${sessionId}`)).status).toBe(404);
  });
});
