/** Whose is which id, whatever peers forget, and who gets what waits under it. */
import { afterEach, describe, expect, it } from "vitest";
import { HUB } from "../../../src/gateway/hub/times.ts";
import { Client, Street, type Manner } from "./house.ts";

const PEERS = ["attic", "cellar", "study"] as const;

let street: Street;
afterEach(() => street.close());

/** A client of `account`. */
const clientOf = (account: string, id: string, manner: Manner = {}): Client =>
  new Client(street, id, { ...manner, account });

/** A house of three in which these were let in. */
async function houseOf(...accounts: readonly string[]): Promise<void> {
  street = await Street.of(...PEERS);
  for (const account of accounts) street.letIn.add(account);
}

/** All peers die, and begin anew. */
async function beginAnew(): Promise<void> {
  const peers = [...street.houses.keys()];
  for (const peer of peers) await street.kill(peer);
  for (const peer of peers) await street.start(peer);
  await street.clock.pass(5_000);
}

const idsKept = (): number => street.agreement.keys.filter((key) => key.startsWith("parley/id/")).length;

describe("an id", () => {
  it("stays its owner's, however many a guest invents", { timeout: 60_000 }, async () => {
    street = await Street.of("attic");
    for (const account of ["bert", "guest"]) street.letIn.add(account);
    // More than a peer remembers, and more than an account may have written down.
    for (const [id, manner, many] of [
      ["visit", { isPassing: true }, 4_200],
      ["phone", {}, 200],
    ] as const) {
      clientOf("bert", id, manner).connect("attic").disconnect();
      await street.clock.pass(1_000);
      for (let n = 0; n < many; n += 1) clientOf("guest", `${id} ${n}`, manner).connect("attic").disconnect();
      await street.clock.pass(1_000);
      expect(street.house("attic").hub.ownerOf(id)).toBe("bert");
    }
    await street.clock.pass(150_000);
    expect(idsKept()).toBe(HUB.idsPerAccount + 1);
    await beginAnew();
    expect(street.house("attic").hub.ownerOf("phone")).toBe("bert");
  });

  it("that waits for mail, or was in use, is its owner's after all peers began anew; who takes it all the same gets nothing", async () => {
    await houseOf("anna", "bert", "guest");
    const anna = clientOf("anna", "anna").connect("attic");
    for (const [id, manner] of [
      ["tablet", {}],
      ["visit", { isPassing: true }],
    ] as const) {
      clientOf("bert", id, manner).connect("cellar").disconnect();
      await street.clock.pass(1_000);
      anna.write({ clientId: id }, `for ${id}`);
    }
    await street.clock.pass(5_000);
    expect(anna.events).toEqual(["message_queued tablet", "message_queued visit"]);
    anna.disconnect();
    await beginAnew();
    for (const peer of PEERS) {
      for (const id of ["tablet", "visit"]) expect(street.house(peer).hub.ownerOf(id)).toBe("bert");
    }
    const thief = clientOf("guest", "visit").connect("attic");
    await street.clock.pass(3_000);
    expect(thief.given).toEqual([]);
    for (const id of ["tablet", "visit"]) {
      const owner = clientOf("bert", id).connect("study");
      await street.clock.pass(3_000);
      expect(owner.texts).toEqual([`for ${id}`]);
    }
  });

  it("is not its borrower's, who is given what waits: this machine's own programs may go by any", async () => {
    await houseOf("anna", "bert");
    clientOf("bert", "tablet").connect("attic").disconnect();
    await street.clock.pass(1_000);
    const borrower = clientOf("this machine", "tablet").connect("attic");
    await street.clock.pass(1_000);
    borrower.disconnect();
    clientOf("anna", "anna").connect("cellar").write({ clientId: "tablet" }, "hi");
    await street.clock.pass(5_000);
    expect(street.house("attic").hub.ownerOf("tablet")).toBe("bert");
    borrower.connect("study");
    await street.clock.pass(3_000);
    expect(borrower.texts).toEqual(["hi"]);
    expect(street.house("study").hub.ownerOf("tablet")).toBe("bert");
  });

  it("that two accounts come by at peers that are cut off is one's in the end, and the other is put out", async () => {
    await houseOf("bert", "guest");
    street.network.partition(["attic"], ["cellar", "study"]);
    const [attic] = [street.house("attic")];
    attic.pairs.hasQuorum = false;
    const guest = clientOf("guest", "tablet").connect("attic");
    const owner = clientOf("bert", "tablet").connect("cellar");
    await street.clock.pass(5_000);
    expect(guest.isExpelled).toBe(false);
    street.network.heal();
    attic.pairs.hasQuorum = true;
    street.agreement.settle(attic.pairs);
    await street.clock.pass(10_000);
    expect([guest.isExpelled, owner.isExpelled]).toEqual([true, false]);
    expect(attic.hub.ownerOf("tablet")).toBe("bert");
  });

  it("is written down once, and not when its client comes again; that of a client's own name, or for a visit, never", async () => {
    await houseOf("bert");
    const clients = [clientOf("bert", "bert"), clientOf("bert", "visit", { isPassing: true })];
    for (const each of clients) each.connect("attic");
    await street.clock.pass(5_000);
    expect(street.agreement.revision).toBe(0);
    const phone = clientOf("bert", "phone").connect("attic");
    await street.clock.pass(5_000);
    expect(street.agreement.revision).toBe(1);
    for (const peer of [...PEERS, ...PEERS]) {
      phone.connect(peer);
      await street.clock.pass(1_000);
    }
    expect(street.agreement.revision).toBe(1);
  });

  it("is written down later where the house could not agree, and held up nobody", async () => {
    await houseOf("bert");
    for (const peer of PEERS) Object.assign(street.house(peer).pairs, { hasQuorum: false, hopesMs: 5_000 });
    clientOf("bert", "phone").connect("attic");
    await street.clock.pass(20_000);
    expect(idsKept()).toBe(0);
    for (const peer of PEERS) street.house(peer).pairs.hasQuorum = true;
    await street.clock.pass(60_000);
    expect(idsKept()).toBe(1);
  });

  it("and what waits for it go with their account", async () => {
    await houseOf("anna", "bert");
    const anna = clientOf("anna", "anna").connect("attic");
    clientOf("bert", "phone").connect("cellar").disconnect();
    await street.clock.pass(2_000);
    anna.write({ clientId: "phone" }, "hi");
    await street.clock.pass(2_000);
    expect([idsKept(), street.agreement.mail.length]).toEqual([1, 1]);
    street.letIn.delete("bert");
    street.accountsChanged();
    await street.clock.pass(5_000);
    expect([idsKept(), street.agreement.mail.length]).toEqual([0, 0]);
    expect(anna.events).toEqual(["message_queued phone", "message_failed phone"]);
    expect(anna.write({ clientId: "phone" }, "hi").refused).toMatchObject({ code: "TARGET_NOT_FOUND" });
  });
});

describe("who is away", () => {
  it("is known, with its groups, after all peers began anew", async () => {
    await houseOf("anna", "bert");
    clientOf("bert", "bert", { groups: ["family"] })
      .connect("cellar")
      .disconnect();
    clientOf("bert", "bert-phone", { groups: ["family"] })
      .connect("cellar")
      .disconnect();
    clientOf("bert", "bert-lamp").connect("cellar").disconnect();
    await street.clock.pass(5_000);
    await beginAnew();
    const anna = clientOf("anna", "anna").connect("attic");
    expect(anna.write({ group: "family" }, "tea").refused).toBe(undefined);
    expect(anna.write({ clientId: "bert-lamp" }, "on").refused).toBe(undefined);
    await street.clock.pass(5_000);
    const queued = ["message_queued bert", "message_queued bert-lamp", "message_queued bert-phone"];
    expect(anna.events.toSorted()).toEqual(queued);
  });

  it("gets nothing of groups that it has left, or may not belong to any more", async () => {
    await houseOf("anna", "bert", "cleo");
    const inGroup = { groups: ["family"] };
    const bert = clientOf("bert", "bert-phone", inGroup).connect("cellar");
    clientOf("cleo", "cleo-phone", inGroup).connect("study").disconnect();
    await street.clock.pass(5_000);
    bert.belong({ groups: [], channels: [] });
    bert.disconnect();
    street.barred.add("cleo family");
    await street.clock.pass(5_000);
    const anna = clientOf("anna", "anna").connect("attic");
    expect(anna.write({ group: "family" }, "tea").refused).toMatchObject({ code: "TARGET_NOT_FOUND" });
    await beginAnew();
    anna.connect("attic");
    expect(anna.write({ group: "family" }, "tea").refused).toMatchObject({ code: "TARGET_NOT_FOUND" });
  });
});

describe("what waits", () => {
  const noQuorum = (): void => {
    for (const peer of PEERS) Object.assign(street.house(peer).pairs, { hasQuorum: false, hopesMs: 5_000 });
  };

  it("at the sender's peer, while the house cannot agree, is given to who is back at once", async () => {
    await houseOf();
    const [anna, bert] = [new Client(street, "anna").connect("attic"), new Client(street, "bert").connect("attic")];
    await street.clock.pass(2_000);
    bert.disconnect();
    noQuorum();
    for (const text of ["one", "two"]) anna.write({ clientId: "bert" }, text);
    await street.clock.pass(500);
    bert.connect("attic");
    await street.clock.pass(100);
    expect(bert.texts).toEqual(["one", "two"]);
    for (const peer of PEERS) street.house(peer).pairs.hasQuorum = true;
    await street.clock.pass(60_000);
    // What was written down after all has nobody left to wait for.
    expect(street.agreement.mail).toEqual([]);
    expect(bert.texts).toEqual(["one", "two"]);
    expect(anna.events).toEqual(["message_delivered bert", "message_delivered bert"]);
  });

  it.each([[true], [false]])(
    "and is asked, ends when its asker has given up, whether the house can agree: %s",
    async (can) => {
      await houseOf();
      const [anna, bert] = [new Client(street, "anna").connect("attic"), new Client(street, "bert").connect("cellar")];
      await street.clock.pass(2_000);
      bert.disconnect();
      await street.clock.pass(1_000);
      if (!can) noQuorum();
      anna.say("QUERY", { queryType: "colour", timeout: 2_000 }, { clientId: "bert" });
      await street.clock.pass(1_900);
      expect(anna.events).not.toContain("MESSAGE_EXPIRED");
      await street.clock.pass(200);
      expect(anna.events).toContain("MESSAGE_EXPIRED");
    },
  );

  it("is never more than may, though many write at once at several peers", async () => {
    await houseOf();
    const bert = new Client(street, "bert").connect("cellar");
    const writers = Array.from({ length: 12 }, (_, n) => new Client(street, `writer ${n}`).connect(PEERS[n % 3] ?? ""));
    await street.clock.pass(10_000);
    bert.disconnect();
    await street.clock.pass(1_000);
    for (let n = 0; n < 30; n += 1) for (const writer of writers) writer.write({ clientId: "bert" }, `${n}`);
    await street.clock.pass(60_000);
    expect(street.agreement.mail).toHaveLength(HUB.mailMax);
    const events = writers.flatMap((writer) => writer.events);
    expect(events.filter((event) => event === "message_queued bert")).toHaveLength(HUB.mailMax);
    expect(events.filter((event) => event === "message_failed bert")).toHaveLength(360 - HUB.mailMax);
  });
});
