/** What is changed of a client at one peer reaches its open connections at another one. */
import type { Message } from "@parley/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, fixedDelaySources, type Peer } from "../../support.ts";
import { unitedPeers, type UnitedPeers } from "../../united-peers.ts";
import { Raw } from "../protocol/raw.ts";

let house: UnitedPeers | undefined;
let attic: Peer;
let cellar: Peer;

beforeAll(async () => {
  house = await unitedPeers(["attic", "cellar"], () => fixedDelaySources({}));
  const [one, other] = house.peers;
  if (one === undefined || other === undefined) throw new Error("two");
  [attic, cellar] = [one, other];
}, 120_000);

afterAll(() => house?.close());

const ask = (peer: Peer, method: string, path: string, token: string): Promise<Response> =>
  fetch(`${peer.url}${path}`, { method, headers: { authorization: `Bearer ${token}` } });

/** Asks the attic's management. */
async function manage(method: string, path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> {
  const authorization = `Bearer ${attic.token}`;
  const answer = await fetch(`${attic.url}/api/v1${path}`, {
    method,
    ...(body === undefined
      ? { headers: { authorization } }
      : { headers: { authorization, "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  expect(answer.ok).toBe(true);
  return (await answer.json()) as Readonly<Record<string, unknown>>;
}

interface About {
  readonly groups?: readonly string[];
  readonly expiresInMs?: number;
}

let made = 0;
/** A client of the house that is connected to the cellar, under the name that it has. */
async function client(about: About = {}): Promise<Raw & { readonly token: string }> {
  made += 1;
  const name = `client-${made}`;
  const { token } = await manage("POST", "/clients", { name, role: "member", groups: ["family"], ...about });
  const { groups = ["family"] } = about;
  await eventually(async () => (await ask(cellar, "GET", "/status", String(token))).status).toBe(200);
  const raw = await Raw.registered(cellar.url, String(token), name, { groups: [...groups], channels: ["news"] });
  return Object.assign(raw, { token: String(token) });
}

describe("an open connection at another peer", () => {
  it.each([
    ["locked", (name: string) => manage("PATCH", `/clients/${name}`, { isActive: false }), "locked"],
    ["taken away", (name: string) => manage("DELETE", `/clients/${name}`), "removed"],
    ["given a new token", (name: string) => manage("POST", `/clients/${name}/token`, {}), "renewed"],
  ])("is ended, and told why, when its client is %s", async (_what, change, reason) => {
    const raw = await client();
    await change(raw.clientId);
    expect(await raw.closed).toBe(4401);
    const error = await raw.next("ERROR");
    expect(error.payload).toMatchObject({ errorCode: "AUTHENTICATION_FAILED", details: { reason } });
  });

  it("is ended when its client's time is over, though it says nothing", async () => {
    const raw = await client({ expiresInMs: 4_000 });
    expect(await raw.closed).toBe(4401);
    expect((await raw.next("ERROR")).payload).toMatchObject({ details: { reason: "expired" } });
  });

  it("may send what its client may now, and no more", async () => {
    const other = await Raw.registered(cellar.url, cellar.token, "porch");
    const raw = await client();
    const write = (): string => raw.say("MESSAGE", { content: "hi" }, { target: { clientId: "porch" } });
    expect((await answerTo(raw, write())).type).toBe("EVENT");
    await manage("PATCH", `/clients/${raw.clientId}`, { targets: ["nobody"] });
    await eventually(async () => (await answerTo(raw, write())).type).toBe("ERROR");
    await manage("PATCH", `/clients/${raw.clientId}`, { targets: ["*"] });
    await eventually(async () => (await answerTo(raw, write())).type).toBe("EVENT");
    await manage("PATCH", `/clients/${raw.clientId}`, { role: "guest" });
    await eventually(async () => (await answerTo(raw, write())).type).toBe("ERROR");
    other.socket.close();
  });

  it("hears groups and channels no more that its client may not belong to", async () => {
    const speaker = await Raw.registered(cellar.url, cellar.token, "speaker");
    const choir = { groups: ["choir"] };
    const [out, guest] = [await client(choir), await client(choir)];
    const say = async (): Promise<unknown> => {
      const sent = speaker.say("MESSAGE", { content: "for the choir" }, { target: { group: "choir" } });
      const { type, payload } = await answerTo(speaker, sent);
      return type === "ERROR" ? payload.errorCode : type;
    };
    expect(await say()).toBe("EVENT");
    await manage("PATCH", `/clients/${out.clientId}`, { groups: [] });
    await manage("PATCH", `/clients/${guest.clientId}`, { role: "guest" });
    await eventually(say).toBe("TARGET_NOT_FOUND");
    const news = speaker.say("BROADCAST", { channel: "news", content: "all" });
    await answerTo(speaker, news);
    expect(out.messages.map(({ type }) => type)).toContain("BROADCAST");
    expect(guest.messages.map(({ type }) => type)).not.toContain("BROADCAST");
  });
});

async function answerTo(raw: Raw, id: string): Promise<Message> {
  const find = (): Message | undefined => raw.messages.find(({ inReplyTo }) => inReplyTo === id);
  await eventually(find).toBeDefined();
  const answer = find();
  if (answer === undefined) throw new Error("no answer");
  return answer;
}
