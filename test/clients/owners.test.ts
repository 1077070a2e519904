/** Two whole peers as processes are killed and started again: whose is which id, who is away, and what waits is known as before. */
import { connect, type ParleyClient } from "@parley/sdk";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { Household, untilUnited, type LivePeer } from "@parley/node/testing";
import { doorOf, SECRET, socketUrl, until } from "./house.ts";

let household: Household;
let peers: readonly [LivePeer, LivePeer];

const united = (): Promise<unknown> => untilUnited(peers, { voters: 2, timeoutMs: 120_000 });

beforeAll(async () => {
  household = await Household.open({ joinSecret: SECRET });
  const [one, other] = await household.addAll(2, { engines: undefined });
  if (one === undefined || other === undefined) throw new Error("two were added");
  peers = [one, other];
  await Promise.all(peers.map((peer) => peer.start()));
  await united();
}, 200_000);
afterAll(() => household?.close());

it("what waits for who is away stays theirs when all peers were killed", { timeout: 200_000 }, async () => {
  const [one, other] = peers;
  const door = doorOf(one, other, 2);
  const tokens = {
    anna: await door.newClient("anna", "member", ["family"]),
    bert: await door.newClient("bert", "member", ["family"]),
    guest: await door.newClient("guest", "guest"),
  };
  const clientAt = async (peer: LivePeer, who: keyof typeof tokens, clientId: string): Promise<ParleyClient> => {
    const about = { url: socketUrl(peer), token: tokens[who], clientId, groups: ["family"], reconnect: false } as const;
    const client = await connect(about);
    onTestFinished(() => client.close());
    return client;
  };
  (await clientAt(other, "bert", "bert-phone")).close();
  const anna = await clientAt(one, "anna", "anna");
  expect((await anna.send({ clientId: "bert-phone" }, "one")).status).toBe("queued");

  await Promise.all(peers.map((peer) => peer.kill()));
  await Promise.all(peers.map((peer) => peer.start()));
  await united();
  for (const peer of peers) {
    await expect(clientAt(peer, "guest", "bert-phone")).rejects.toMatchObject({ code: "refused" });
  }
  const again = await clientAt(one, "anna", "anna");
  expect(await again.send({ group: "family" }, "two")).toMatchObject({ status: "queued", clientId: "bert-phone" });
  const heard: string[] = [];
  const phone = await clientAt(other, "bert", "bert-phone");
  phone.onMessage(({ content }) => void heard.push(content));
  await until("both are there", async () => heard.length === 2);
  expect(heard).toEqual(["one", "two"]);
});
