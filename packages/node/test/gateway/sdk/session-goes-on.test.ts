/** Sessions of clients of two peers of one house, over their sockets. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixedDelaySources, type Peer } from "../../support.ts";
import { unitedPeers, type UnitedPeers } from "../../united-peers.ts";
import { Raw } from "../protocol/raw.ts";

let house: UnitedPeers | undefined;
let attic: Peer;
let cellar: Peer;

beforeAll(async () => {
  house = await unitedPeers(["attic", "cellar"], (name) =>
    fixedDelaySources({ llmMs: 1, replies: [`${name}: {messages}`] }),
  );
  const [first, second] = house.peers;
  if (first === undefined || second === undefined) throw new Error("two were asked for");
  [attic, cellar] = [first, second];
}, 120_000);

afterAll(() => house?.close());

async function ask(raw: Raw, content: string): Promise<string> {
  const { payload } = await raw.next("MESSAGE", raw.say("MESSAGE", { content }));
  return payload.content;
}

/** Lets a client in; both peers know it then. */
async function newClient(name: string): Promise<string> {
  const ask = async (peer: Peer, body?: object): Promise<unknown> => {
    const headers = { authorization: `Bearer ${peer.token}`, "content-type": "application/json" };
    const init = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
    return (await fetch(`${peer.url}/api/v1/clients`, init)).json();
  };
  const { token } = (await ask(attic, { name, role: "member" })) as { readonly token: string };
  const known = async (): Promise<string> => JSON.stringify(await ask(cellar));
  await expect.poll(known, { timeout: 10_000 }).toContain(`"${name}"`);
  return token;
}

async function conversationsOf({ url, token }: Peer): Promise<readonly Record<string, unknown>[]> {
  const response = await fetch(`${url}/api/v1/sessions`, { headers: { authorization: `Bearer ${token}` } });
  return ((await response.json()) as { readonly conversations: readonly Record<string, unknown>[] }).conversations;
}

describe("a client that comes to another peer", { timeout: 60_000 }, () => {
  it("goes on with its session: the same id, what was said before, and nobody else at it", async () => {
    const before = await Raw.registered(attic.url, await newClient("anna"), "anna");
    const { payload: welcome } = await before.next("REGISTER_ACK");
    await ask(before, "The key is under the pot.");
    const after = await Raw.open(cellar.url, "anna");
    const resumeToken = welcome.resumeToken ?? "";
    after.say("REGISTER", { clientId: "anna", resumeToken, clientType: "api" });
    expect((await after.next("REGISTER_ACK")).payload.sessionId).toBe(welcome.sessionId);
    expect(await before.closed).toBe(4409);
    expect(await ask(after, "Where is it?")).toContain("The key is under the pot.");
    const about = { sessionId: welcome.sessionId, host: attic.cluster.peerId, clientId: "anna", turns: 2 };
    expect(await conversationsOf(attic)).toEqual([expect.objectContaining(about)]);
    expect(await conversationsOf(cellar)).toEqual([]);
    const paths = (attic.cluster.actors?.inspect() ?? []).flatMap(({ children }) => children.map(({ path }) => path));
    expect(paths).toContain(`/sessions/${welcome.sessionId}`);
  });
});
