import { afterEach, describe, expect, it } from "vitest";
import { HUB } from "../../../src/gateway/hub/times.ts";
import { Client, EPOCH_MS, Street, type Manner } from "./house.ts";

let street: Street;
afterEach(() => street.close());

/** Clients `anna@attic`, connected and known to all. */
async function clients(...names: readonly (string | readonly [string, Manner])[]): Promise<Client[]> {
  const made = names.map((each) => {
    const [name, manner] = typeof each === "string" ? [each, {}] : each;
    const [id = "", peer = ""] = name.split("@");
    return new Client(street, id, manner).connect(peer);
  });
  await street.clock.pass(1_000);
  return made;
}

describe("clients of a house", () => {
  it("write to each other, at one peer and across peers, and are told that it was handled", async () => {
    street = await Street.of("attic", "cellar");
    const [anna, bert, cleo] = (await clients("anna@attic", "bert@attic", "cleo@cellar")) as [Client, Client, Client];
    for (const receiver of [bert, cleo])
      expect(anna.write({ clientId: receiver.id }, `hi ${receiver.id}`).refused).toBe(undefined);
    await street.clock.pass(1_000);
    expect([bert.texts, cleo.texts]).toEqual([["hi bert"], ["hi cleo"]]);
    expect(anna.events.toSorted()).toEqual(["message_delivered bert", "message_delivered cleo"]);
    expect(street.house("attic").hub.underWay).toBe(0);
  });

  it("are told at once that nobody knows a client, that nobody is in a group, and that its time is over", async () => {
    street = await Street.of("attic", "cellar");
    const [anna] = (await clients("anna@attic", "bert@cellar")) as [Client, Client];
    expect(anna.write({ clientId: "nobody" }, "hi").refused).toMatchObject({ code: "TARGET_NOT_FOUND" });
    expect(anna.write({ group: "lamps" }, "hi").refused).toMatchObject({ code: "TARGET_NOT_FOUND" });
    const late = anna.write({ clientId: "bert" }, "hi", { expiresAt: EPOCH_MS });
    expect(late.refused).toMatchObject({ code: "MESSAGE_EXPIRED" });
  });

  it("reach who came to another peer a moment ago, in the order in which they wrote, and are told soon when nobody did", async () => {
    street = await Street.of("attic", "cellar", "study");
    const [anna] = (await clients("anna@attic")) as [Client];
    street.network.setWeather("cellar", "attic", { delayMs: 40 });
    const bert = new Client(street, "bert", { groups: ["lamps"] }).connect("cellar");
    const written = ["one", "two", "three"].map((text) => anna.deliver({ clientId: "bert" }, text));
    const toGroup = anna.deliver({ group: "lamps" }, "four");
    await street.clock.pass(2_000);
    expect(await Promise.all([...written, toGroup])).toEqual([undefined, undefined, undefined, undefined]);
    expect(bert.texts).toEqual(["one", "two", "three", "four"]);
    const nobody = anna.deliver({ clientId: "nobody" }, "hi");
    await street.clock.pass(600);
    expect(await nobody).toMatchObject({ code: "TARGET_NOT_FOUND" });
    await street.kill("study");
    const still = anna.deliver({ clientId: "nobody" }, "hi");
    await street.clock.pass(600);
    expect(await still).toMatchObject({ code: "TARGET_NOT_FOUND" });
  });

  it("may write to who was let in and never came yet", async () => {
    street = await Street.of("attic", "cellar");
    street.letIn.add("tablet");
    const [anna] = (await clients("anna@attic")) as [Client];
    expect(anna.write({ clientId: "tablet" }, "welcome").refused).toBe(undefined);
    await street.clock.pass(3_000);
    const tablet = new Client(street, "tablet").connect("cellar");
    await street.clock.pass(3_000);
    expect(tablet.texts).toEqual(["welcome"]);
  });

  it("reach a group, wherever its members are, and not themselves", async () => {
    street = await Street.of("attic", "cellar");
    const inGroup = { groups: ["lamps"] };
    const [anna, bert, cleo, dora] = (await clients(
      ["anna@attic", inGroup],
      ["bert@attic", inGroup],
      ["cleo@cellar", inGroup],
      "dora@cellar",
    )) as [Client, Client, Client, Client];
    anna.write({ group: "lamps" }, "on");
    dora.belong({ groups: ["lamps"], channels: [] });
    await street.clock.pass(1_000);
    anna.write({ group: "lamps" }, "off");
    bert.belong({ groups: [], channels: [] });
    await street.clock.pass(1_000);
    anna.write({ group: "lamps" }, "again");
    await street.clock.pass(1_000);
    expect(anna.texts).toEqual([]);
    expect(bert.texts).toEqual(["on", "off"]);
    expect(cleo.texts).toEqual(["on", "off", "again"]);
    expect(dora.texts).toEqual(["off", "again"]);
    // Whoever is told of first, it is known to how many each went.
    const told = anna.told.flatMap(({ type, payload }) => (type === "EVENT" ? [payload.eventData] : []));
    expect(told.map((data) => Number(data["recipients"])).toSorted((a, b) => a - b)).toEqual([2, 2, 2, 2, 3, 3, 3]);
  });

  it("reach who listens to a channel, or everybody, once, and are told how many", async () => {
    street = await Street.of("attic", "cellar");
    const listening = { channels: ["news"] };
    const [anna, bert, cleo, dora] = (await clients(
      ["anna@attic", listening],
      ["bert@attic", listening],
      ["cleo@cellar", listening],
      "dora@cellar",
    )) as [Client, Client, Client, Client];
    const { post } = anna.write({ channel: "news" }, "tea");
    anna.send(post);
    anna.say("BROADCAST", { channel: "news", content: "cake" });
    anna.say("BROADCAST", { channel: "news", content: "fire" }, { all: true });
    await street.clock.pass(1_000);
    expect([bert.texts, cleo.texts]).toEqual([
      ["tea", "BROADCAST", "BROADCAST"],
      ["tea", "BROADCAST", "BROADCAST"],
    ]);
    expect(dora.texts).toEqual(["BROADCAST"]);
    expect(anna.texts).toEqual([]);
    const counts = anna.told.map((message) =>
      message.type === "EVENT" ? message.payload.eventData["recipients"] : undefined,
    );
    expect(counts).toEqual([2, 0, 2, 3]);
  });

  it("hear of each other's coming and going on the channel of clients", async () => {
    street = await Street.of("attic", "cellar");
    const [watcher] = (await clients(["watcher@attic", { channels: ["clients"] }])) as [Client];
    const [bert] = (await clients("bert@cellar")) as [Client];
    bert.disconnect();
    await street.clock.pass(1_000);
    expect(watcher.events.filter((event) => event.endsWith("bert"))).toEqual([
      "client_connected bert",
      "client_disconnected bert",
    ]);
  });

  it("answer who has asked, without knowing where it is", async () => {
    street = await Street.of("attic", "cellar");
    const [anna, bert] = (await clients("anna@attic", "bert@cellar")) as [Client, Client];
    anna.say("QUERY", { queryType: "colour" }, { clientId: "bert" });
    await street.clock.pass(1_000);
    const [query] = bert.handled;
    if (query === undefined) throw new Error("no question came");
    const answer = { queryId: query.messageId, success: true, data: "blue", processingTime: 1 };
    expect(bert.say("RESPONSE", answer)).toBe(undefined);
    const unasked = { ...answer, queryId: crypto.randomUUID() };
    expect(bert.say("RESPONSE", unasked)).toMatchObject({ code: "TARGET_NOT_FOUND" });
    await street.clock.pass(1_000);
    expect(anna.handled.map((post) => post.payload)).toEqual([answer]);
  });

  it("are asked at their newest seat, whatever the clocks of peers say", async () => {
    street = await Street.of("attic", "cellar");
    const [anna] = (await clients("anna@attic")) as [Client];
    const [first, second] = [new Client(street, "bert"), new Client(street, "bert")];
    first.connect("attic");
    await street.clock.pass(1_000);
    second.connect("cellar");
    await street.clock.pass(1_000);
    anna.write({ clientId: "bert" }, "one");
    await street.clock.pass(1_000);
    second.disconnect();
    await street.clock.pass(1_000);
    anna.write({ clientId: "bert" }, "two");
    await street.clock.pass(1_000);
    expect([first.texts, second.texts]).toEqual([["two"], ["one"]]);
  });
});

describe("a message that is not acknowledged", () => {
  it("is given again, and has failed after the last try, with the reason", async () => {
    street = await Street.of("attic", "cellar");
    const [anna, bert] = (await clients("anna@attic", ["bert@cellar", { handle: () => "silent" }])) as [Client, Client];
    const { post } = anna.write({ clientId: "bert" }, "hi");
    await street.clock.pass(120_000);
    expect(bert.given).toHaveLength(HUB.triesMax);
    expect(anna.events).toEqual(["message_failed bert"]);
    const [status] = await street.clock.until(street.house("cellar").hub.statusOf(post.messageId, "anna"));
    expect(status).toMatchObject({
      type: "MESSAGE",
      clientId: "bert",
      status: "FAILED",
      attempts: HUB.triesMax,
      failureReason: "the receiver did not acknowledge it",
    });
  });

  it("has failed at once when the receiver will not handle it, or takes none so long", async () => {
    street = await Street.of("attic");
    const [anna] = (await clients(
      "anna@attic",
      ["bert@attic", { handle: () => "refused" }],
      ["cleo@attic", { maxBytes: 2_000 }],
    )) as [Client];
    anna.write({ clientId: "bert" }, "hi");
    anna.write({ clientId: "cleo" }, "x".repeat(2_000));
    await street.clock.pass(1_000);
    const reasons = anna.told.map((message) =>
      message.type === "EVENT" ? message.payload.eventData["reason"] : undefined,
    );
    expect(new Set(reasons)).toEqual(new Set(["not for me", "the receiver takes at most 2000 bytes"]));
  });

  it("is delivered all the same where the receiver acknowledges nothing", async () => {
    street = await Street.of("attic");
    const [anna, bert] = (await clients("anna@attic", ["bert@attic", { acknowledges: false }])) as [Client, Client];
    anna.write({ clientId: "bert" }, "hi");
    await street.clock.pass(1_000);
    expect([bert.texts, anna.events]).toEqual([["hi"], ["message_delivered bert"]]);
  });

  it("comes once to its handler, though it was sent twice, and is acknowledged twice", async () => {
    street = await Street.of("attic", "cellar");
    const [anna, bert] = (await clients("anna@attic", "bert@cellar")) as [Client, Client];
    const { post } = anna.write({ clientId: "bert" }, "hi");
    anna.send(post);
    await street.clock.pass(1_000);
    expect([bert.texts, bert.given.length]).toEqual([["hi"], 1]);
    expect(anna.events).toEqual(["message_delivered bert", "message_delivered bert"]);
  });
});

describe("a client that was away", () => {
  it("gets what was sent meanwhile on coming back at another peer, in order, and the sender is told twice", async () => {
    street = await Street.of("attic", "cellar", "study");
    const [anna, bert] = (await clients("anna@attic", "bert@cellar")) as [Client, Client];
    bert.disconnect();
    await street.clock.pass(500);
    for (const text of ["one", "two", "three"]) anna.write({ clientId: "bert" }, text);
    await street.clock.pass(1_000);
    expect(anna.events).toEqual(["message_queued bert", "message_queued bert", "message_queued bert"]);
    expect(street.agreement.mail).toHaveLength(3);
    bert.connect("study");
    anna.write({ clientId: "bert" }, "four");
    await street.clock.pass(2_000);
    expect(bert.texts).toEqual(["one", "two", "three", "four"]);
    expect(anna.events.filter((event) => event === "message_delivered bert")).toHaveLength(4);
    expect(street.agreement.mail).toEqual([]);
  });

  it("gets it though its sender has gone, and its sender's peer too", async () => {
    street = await Street.of("attic", "cellar", "study");
    const [anna, bert] = (await clients("anna@attic", "bert@cellar")) as [Client, Client];
    bert.disconnect();
    await street.clock.pass(500);
    anna.write({ clientId: "bert" }, "hi");
    await street.clock.pass(500);
    anna.disconnect();
    await street.kill("attic");
    bert.connect("study");
    await street.clock.pass(2_000);
    expect(bert.texts).toEqual(["hi"]);
    expect(street.agreement.mail).toEqual([]);
  });

  it("gets nothing whose time is over; it is taken away, and the sender is told", async () => {
    street = await Street.of("attic", "cellar");
    const [anna, bert] = (await clients("anna@attic", "bert@cellar")) as [Client, Client];
    bert.disconnect();
    await street.clock.pass(500);
    const { post } = anna.write({ clientId: "bert" }, "hi", { expiresAt: street.nowMs() + 30_000 });
    await street.clock.pass(1_000);
    expect(street.agreement.mail).toHaveLength(1);
    await street.clock.pass(120_000);
    expect(anna.events).toEqual(["message_queued bert", "MESSAGE_EXPIRED"]);
    expect(anna.told.at(-1)).toMatchObject({ inReplyTo: post.messageId, payload: { details: { clientId: "bert" } } });
    expect(street.agreement.mail).toEqual([]);
    bert.connect("attic");
    await street.clock.pass(1_000);
    expect(bert.given).toEqual([]);
    const [status] = await street.clock.until(street.house("attic").hub.statusOf(post.messageId, "anna"));
    expect(status).toMatchObject({ status: "EXPIRED" });
  });

  it("is not asked any more what its asker has given up", async () => {
    street = await Street.of("attic");
    const [anna, bert] = (await clients("anna@attic", "bert@attic")) as [Client, Client];
    bert.disconnect();
    anna.say("QUERY", { queryType: "colour", timeout: 20_000 }, { clientId: "bert" });
    await street.clock.pass(1_000);
    expect(anna.events).toEqual(["message_queued bert"]);
    await street.clock.pass(120_000);
    expect(anna.events).toEqual(["message_queued bert", "MESSAGE_EXPIRED"]);
    expect(street.agreement.mail).toEqual([]);
  });

  it("is still written to, as far as anybody can tell, when all peers have begun anew", async () => {
    street = await Street.of("attic", "cellar");
    const [anna, bert] = (await clients("anna@attic", "bert@cellar")) as [Client, Client];
    bert.disconnect();
    await street.clock.pass(500);
    const { post } = anna.write({ clientId: "bert" }, "hi", { correlationId: "c-1" });
    await street.clock.pass(1_000);
    for (const peer of ["attic", "cellar"]) {
      await street.kill(peer);
      await street.start(peer);
    }
    const status = await street.clock.until(street.house("cellar").hub.statusOf(post.messageId, "anna"));
    expect(status).toEqual([
      {
        messageId: post.messageId,
        type: "MESSAGE",
        clientId: "bert",
        status: "PENDING",
        attempts: 0,
        correlationId: "c-1",
      },
    ]);
    expect(await street.clock.until(street.house("cellar").hub.statusOf(post.messageId, "bert"))).toEqual([]);
  });

  it("finds as much as may wait, and the sender is told that the rest does not", async () => {
    street = await Street.of("attic");
    const [anna, bert] = (await clients("anna@attic", "bert@attic")) as [Client, Client];
    bert.disconnect();
    for (let n = 0; n < HUB.mailMax + 2; n += 1) {
      anna.write({ clientId: "bert" }, `${n}`);
      await street.clock.pass(20);
    }
    const long = anna.write({ clientId: "bert" }, "x".repeat(HUB.mailBytes));
    await street.clock.pass(100);
    expect(long.refused).toBe(undefined);
    expect(anna.events.filter((event) => event === "message_queued bert")).toHaveLength(HUB.mailMax);
    expect(anna.events.filter((event) => event === "message_failed bert")).toHaveLength(3);
    bert.connect("attic");
    await street.clock.pass(20_000);
    expect(bert.texts).toEqual(Array.from({ length: HUB.mailMax }, (_, n) => `${n}`));
  });

  it("gets it once it is back, also from a peer that cannot agree with others, and nothing is said to be kept", async () => {
    street = await Street.of("attic", "cellar");
    const [anna, bert] = (await clients("anna@attic", "bert@attic")) as [Client, Client];
    street.house("attic").pairs.hasQuorum = false;
    anna.write({ clientId: "bert" }, "while you are here", { priority: 9 });
    await street.clock.pass(1_000);
    expect(bert.texts).toEqual(["while you are here"]);
    bert.disconnect();
    anna.write({ clientId: "bert" }, "while you are away");
    await street.clock.pass(60_000);
    expect(anna.events).toEqual(["message_delivered bert"]);
    bert.connect("attic");
    await street.clock.pass(1_000);
    expect(bert.texts).toEqual(["while you are here", "while you are away"]);
  });
});

describe("a message of high priority", () => {
  it("is written down before it is given to anybody", async () => {
    street = await Street.of("attic", "cellar");
    const keysWhenGiven: number[] = [];
    const noting: Manner = {
      handle: () => {
        keysWhenGiven.push(street.agreement.mail.length);
        return "handled";
      },
    };
    const [anna, bert] = (await clients("anna@attic", ["bert@cellar", noting])) as [Client, Client];
    anna.write({ clientId: "bert" }, "fire", { priority: 8 });
    await street.clock.pass(2_000);
    anna.write({ clientId: "bert" }, "tea", { priority: 7 });
    await street.clock.pass(2_000);
    expect(bert.texts).toEqual(["fire", "tea"]);
    expect(keysWhenGiven).toEqual([1, 0]);
    expect(anna.events).toEqual(["message_queued bert", "message_delivered bert", "message_delivered bert"]);
    expect(street.agreement.mail).toEqual([]);
  });
});

describe("when peers fail", () => {
  it("a receiver whose peer was killed gets everything at the next one", async () => {
    street = await Street.of("attic", "cellar", "study");
    const [anna, bert] = (await clients("anna@attic", "bert@cellar")) as [Client, Client];
    bert.vanish();
    anna.write({ clientId: "bert" }, "one");
    await street.clock.pass(10);
    const killed = street.kill("cellar");
    anna.write({ clientId: "bert" }, "two");
    await killed;
    await street.clock.pass(5_000);
    bert.connect("study");
    await street.clock.pass(30_000);
    expect(bert.texts).toEqual(["one", "two"]);
    expect(anna.events.filter((event) => event === "message_delivered bert")).toHaveLength(2);
  });

  it("a peer that was cut off, and brings late what was handled long ago, makes nobody handle it again", async () => {
    street = await Street.of("attic", "cellar", "study");
    const [anna, bert] = (await clients("anna@attic", "bert@cellar")) as [Client, Client];
    const { post } = anna.write({ clientId: "bert" }, "one");
    // The acknowledgement does not come back.
    street.network.cut("cellar", "attic");
    await street.clock.pass(3_000);
    expect(bert.texts).toEqual(["one"]);
    bert.connect("study");
    street.network.heal();
    await street.clock.pass(60_000);
    anna.send(post);
    await street.clock.pass(5_000);
    expect(bert.texts).toEqual(["one"]);
    expect(anna.events.filter((event) => event === "message_delivered bert")).toHaveLength(2);
  });

  it("a client that gives no sign of life is taken for gone, and what was sent to it waits", async () => {
    street = await Street.of("attic", "cellar");
    const [anna, bert] = (await clients("anna@attic", "bert@attic")) as [Client, Client];
    bert.vanish();
    anna.write({ clientId: "bert" }, "one");
    await street.clock.pass(600_000);
    expect(anna.events).toEqual(["message_queued bert"]);
    bert.connect("cellar");
    await street.clock.pass(1_000);
    expect(bert.texts).toEqual(["one"]);
  });

  it("a line that is dead and looks alive keeps nothing from who is connected elsewhere", async () => {
    street = await Street.of("attic", "cellar");
    const [anna, bert] = (await clients("anna@attic", "bert@attic")) as [Client, Client];
    bert.vanish();
    anna.write({ clientId: "bert" }, "one");
    await street.clock.pass(1_000);
    bert.connect("cellar");
    await street.clock.pass(60_000);
    expect(bert.texts).toEqual(["one"]);
  });

  it("a peer that begins anew hears of all clients that are there", async () => {
    street = await Street.of("attic", "cellar");
    const [anna, bert] = (await clients("anna@attic", "bert@cellar")) as [Client, Client];
    await street.kill("attic");
    await street.start("attic");
    await street.clock.pass(10_000);
    anna.connect("attic");
    anna.write({ clientId: "bert" }, "hi");
    await street.clock.pass(5_000);
    expect(bert.texts).toEqual(["hi"]);
  });
});

describe("a sender that is too fast", () => {
  it("is told so, and nothing that was taken is lost", async () => {
    street = await Street.of("attic");
    const [anna, bert] = (await clients("anna@attic", ["bert@attic", { handlingMs: () => 50 }])) as [Client, Client];
    const refused = Array.from({ length: HUB.laneMax + 5 }, (_, n) => anna.write({ clientId: "bert" }, `${n}`).refused);
    expect(refused.filter((each) => each?.code === "RATE_LIMIT_EXCEEDED")).toHaveLength(5);
    await street.clock.pass(30_000);
    expect(bert.texts).toHaveLength(HUB.laneMax);
  });

  it("is told so when all that is under way has too many bytes, and may go on when it is settled", async () => {
    street = await Street.of("attic");
    const slow: Manner = { handlingMs: () => 50 };
    const [anna, bert] = (await clients("anna@attic", ["bert@attic", slow], ["cleo@attic", slow])) as [Client, Client];
    const content = "x".repeat(1_000_000);
    const send = (n: number) => anna.write({ clientId: n % 2 === 0 ? "bert" : "cleo" }, content).refused?.code;
    const codes = Array.from({ length: 80 }, (_, n) => send(n));
    expect(codes.filter((code) => code === "RATE_LIMIT_EXCEEDED")).toHaveLength(
      80 - Math.floor(HUB.lanesBytes / 1_000_300),
    );
    await street.clock.pass(30_000);
    expect(send(0)).toBe(undefined);
    await street.clock.pass(1_000);
    expect(bert.texts).toHaveLength(35);
  });
});
