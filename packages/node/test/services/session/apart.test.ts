/** A house of three in two parts: one with the quorum, one without. */
import { describe, expect, it } from "vitest";
import { eventually } from "../../support.ts";
import { StreetJournals } from "./street-journals.ts";
import { Caller, Street, type Resident } from "./street.ts";

async function three(): Promise<{ street: Street; a: Resident; b: Resident; c: Resident }> {
  const street = new Street(["a", "b", "c"]);
  street.journals = new StreetJournals();
  const [a, b, c] = await street.build();
  if (a === undefined || b === undefined || c === undefined) throw new Error("three were asked for");
  return { street, a, b, c };
}

/** `a` is on its own; b and c go on, and b leads them. */
function split({ network, placement, journals }: Street): void {
  journals?.cut.add("a");
  network.partition(["a"], ["b", "c"]);
  placement.elect(undefined);
}

async function settle({ placement }: Street): Promise<void> {
  await eventually(() => placement.leadershipOf("a").current().leader).toBeUndefined();
  placement.cutOff("a");
  placement.elect("b");
}

function heal({ network, placement, journals }: Street): void {
  journals?.cut.delete("a");
  network.heal();
  placement.reconnect("a");
}

const told = (caller: Caller): readonly string[] =>
  caller.heard.flatMap((item) =>
    item.type === "message" && item.message.type === "EVENT" ? [item.message.payload.eventType] : [],
  );

/** What a session knows, as its model is shown it, in its order. */
const notes = async (caller: Caller): Promise<readonly string[]> => (await caller.ask("show")).split(",");

async function moved(caller: Caller): Promise<void> {
  await eventually(() => caller.end).toMatch(/^(?:lost|moved)$/);
}

/** `a` is on its own, and who was there before goes on there. */
async function cutOff(street: Street, { house }: Resident, before: Caller): Promise<Caller> {
  split(street);
  await settle(street);
  await moved(before);
  return new Caller(house, { sessionId: before.sessionId });
}

describe("a session on the side without the quorum", () => {
  it("goes on by itself with what was said before, and afterwards both histories are there, in order, each once", async () => {
    const { street, a, b, c } = await three();
    const sessionId = a.house.newId();
    const before = new Caller(a.house, { sessionId, isNew: true });
    await before.ask("note one");
    const alone = await cutOff(street, a, before);
    await alone.ask("note two");
    expect(await notes(alone)).toEqual(["one", "two"]);
    expect(told(alone)).toEqual(["apart"]);

    // The side with the quorum serves another client of the same account, in the same session.
    const other = new Caller(b.house, { sessionId, clientId: "d" });
    await other.ask("note three");
    await alone.ask("note four");
    expect(await notes(alone)).toEqual(["one", "two", "four"]);
    other.visit.close();

    heal(street);
    await moved(alone);
    const after = new Caller(a.house, { sessionId });
    expect(await notes(after)).toEqual(["one", "two", "three", "four"]);
    expect(told(after)).toEqual(["together"]);
    // It lives once.
    await eventually(
      () => [a, b, c].flatMap(({ house }) => house.list()).filter((each) => each.sessionId === sessionId).length,
    ).toBe(1);
  }, 60_000);

  it("knows what was said in it while it lived at another peer", async () => {
    const { street, a, b } = await three();
    const sessionId = b.house.newId();
    const before = new Caller(a.house, { sessionId, isNew: true });
    await before.ask("note one");
    expect(b.house.list()).toMatchObject([{ sessionId }]);
    const alone = await cutOff(street, a, before);
    await alone.ask("note two");
    expect(await notes(alone)).toEqual(["one", "two"]);
    // It is nobody else's here either.
    const stranger = new Caller(a.house, { sessionId, account: "otto", clientId: "o" });
    stranger.visit.open();
    await eventually(() => stranger.end).toBe("refused");
    heal(street);
    await moved(alone);
    expect(await notes(new Caller(a.house, { sessionId }))).toEqual(["one", "two"]);
  }, 60_000);

  it("is begun there, and is one of the house later", async () => {
    const { street, a, c } = await three();
    split(street);
    await settle(street);
    await eventually(() => a.house.isApart).toBe(true);
    const sessionId = a.house.newId();
    const alone = new Caller(a.house, { sessionId, isNew: true });
    await alone.ask("note one");
    expect(told(alone)).toEqual(["apart"]);
    heal(street);
    await moved(alone);
    const after = new Caller(c.house, { sessionId });
    expect(await notes(after)).toEqual(["one"]);
    expect(told(after)).toEqual(["together"]);
  }, 60_000);
});

describe("a session that two connections of its client want", () => {
  it("stays with the one that came later, whichever speaks first", async () => {
    const { a } = await three();
    const sessionId = a.house.newId();
    const early = new Caller(a.house, { sessionId, isNew: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const late = new Caller(a.house, { sessionId });
    await late.ask("note one");
    early.visit.open();
    await eventually(() => early.end).toBe("elsewhere");
    expect(await notes(late)).toEqual(["one"]);
  });
});
