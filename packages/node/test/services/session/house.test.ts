import { describe, expect, it } from "vitest";
import { VirtualClock } from "@parley/actors/testing";
import { createMessage, SESSION_TIMEOUT_MS } from "@parley/sdk";
import { Lonely } from "../../../src/services/session/lonely.ts";
import type { SessionIn } from "../../../src/services/session/wire.ts";
import { eventually } from "../../support.ts";
import { Caller, residentHouse, Street, type Resident } from "./street.ts";

async function two(flags = {}): Promise<{ street: Street; a: Resident; b: Resident }> {
  const street = new Street(["a", "b"]);
  const [a, b] = await street.build(flags);
  if (a === undefined || b === undefined) throw new Error("two were asked for");
  return { street, a, b };
}

const pathsOf = ({ system }: Resident): readonly string[] =>
  (system?.inspect() ?? []).flatMap(({ path, children }) => [path, ...children.map((child) => child.path)]);

describe("a session in a house of several peers", () => {
  it("lives at the peer that its client has come to, as an actor that is called by its id", async () => {
    const { a, b } = await two();
    for (const { house, at, other } of [
      { house: a.house, at: a, other: b },
      { house: b.house, at: b, other: a },
    ]) {
      const sessionId = house.newId();
      const caller = new Caller(house, { sessionId, isNew: true });
      expect(pathsOf(at)).not.toContain(`/sessions/${sessionId}`);
      expect(await caller.ask("one")).toMatch(/^[ab]: S \| one$/);
      expect(pathsOf(at)).toContain(`/sessions/${sessionId}`);
      expect(pathsOf(other)).not.toContain(`/sessions/${sessionId}`);
    }
  });

  it("goes on at another peer with what was said before, from where it lives, and tells the connection before so", async () => {
    const { a, b } = await two();
    const sessionId = a.house.newId();
    const before = new Caller(a.house, { sessionId, isNew: true });
    await before.ask("one");
    const after = new Caller(b.house, { sessionId, clientId: "d" });
    expect(await after.ask("two")).toBe("a: S | one | a: S | one | two");
    await eventually(() => before.end).toBe("elsewhere");
    expect(await b.house.look(sessionId)).toMatchObject({
      sessionId,
      host: "a",
      account: "anna",
      clientId: "d",
      turns: 2,
      visit: { visitId: expect.any(String), entry: "b" },
    });
    after.visit.close();
    await eventually(() => a.house.list()[0]?.visit).toBeNull();
    expect(after.end).toBeUndefined();
  });

  it("stays with the latest connection of a client when an earlier one asks for it late", async () => {
    const { a, b } = await two();
    const sessionId = a.house.newId();
    const now = new Caller(a.house, { sessionId, isNew: true, comes: { chain: "c", nth: 2, asked: 0 } });
    await now.ask("one");
    const late = new Caller(b.house, { sessionId, comes: { chain: "c", nth: 1, asked: 3 } });
    late.visit.open();
    await eventually(() => late.end).toBe("elsewhere");
    expect(await now.ask("two")).toContain("one");
    expect(now.end).toBeUndefined();
  });

  it("is one of the house soon that was begun before that had agreed who has it, while its client is there", async () => {
    const street = new Street(["a", "b"]);
    const [a, b] = await street.begin();
    if (a === undefined || b === undefined) throw new Error("two were asked for");
    const sessionId = a.house.newId();
    const caller = new Caller(a.house, { sessionId, isNew: true });
    expect(await caller.ask("note one")).toBe("Noted.");
    await street.agree();
    // Who has led it here visits it where it lives now.
    await eventually(() => caller.end).toBe("lost");
    expect(await new Caller(a.house, { sessionId }).ask("show")).toBe("one");
    expect([a, b].flatMap(({ house }) => house.list()).filter((each) => each.sessionId === sessionId)).toHaveLength(1);
    expect(await b.house.look(sessionId)).toMatchObject({ turns: 2 });
  });

  it("is not taken back by who had it before another client took it up, by coming again only", async () => {
    const { a, b } = await two();
    const sessionId = a.house.newId();
    const phone = new Caller(a.house, { sessionId, isNew: true, clientId: "phone" });
    await phone.ask("note one");
    const desk = new Caller(b.house, { sessionId, clientId: "desk", continues: "house" });
    expect(await desk.ask("show")).toBe("one");
    const again = new Caller(b.house, { sessionId, clientId: "phone" });
    again.visit.open();
    await eventually(() => again.end).toBe("elsewhere");
    expect(await desk.ask("show")).toBe("one");
    const back = new Caller(b.house, { sessionId, clientId: "phone", continues: "house" });
    expect(await back.ask("show")).toBe("one");
    await eventually(() => desk.end).toBe("elsewhere");
  });

  it("gives whoever takes it up the answer as far as it is, though what makes it does not stop in time", async () => {
    const { a, b } = await two();
    const sessionId = a.house.newId();
    const phone = new Caller(a.house, { sessionId, isNew: true, clientId: "phone" });
    const parameters = { stream: 1, speak: false, input: { kind: "text" as const, text: "linger" }, workId: "w" };
    const item = (): SessionIn => ({
      type: "command",
      commandId: crypto.randomUUID(),
      request: { command: "ask", parameters },
    });
    phone.say(item());
    await eventually(() => JSON.stringify(phone.heard)).toContain("Then");
    const desk = new Caller(b.house, { sessionId, clientId: "desk", continues: "house" });
    desk.visit.open();
    await eventually(() => desk.found).toMatchObject({
      clientId: "phone",
      answer: { workId: "w", question: "linger", text: "First. Then" },
    });
    // It is asked for, and remembered, once.
    desk.say(item());
    await eventually(() => JSON.stringify(desk.heard)).toContain(`"success":true`);
    expect((await a.house.look(sessionId))?.turns).toBe(1);
    expect(await desk.ask("two")).toBe("a: S | linger | First. Then this. | two");
  });

  it("is one account's for ever", async () => {
    const { a, b } = await two();
    const sessionId = a.house.newId();
    const own = new Caller(a.house, { sessionId, isNew: true });
    await own.ask("one");
    const stranger = new Caller(b.house, { sessionId, account: "mallory" });
    stranger.visit.open();
    await eventually(() => stranger.end).toBe("refused");
    expect(await own.ask("two")).toContain("one");
  });

  it("cancels the work of a client whose peer has died, and waits for the client to come again", async () => {
    const { street, a, b } = await two();
    const sessionId = a.house.newId();
    const there = new Caller(b.house, { sessionId });
    await there.ask("one");
    const commandId = crypto.randomUUID();
    there.say({
      type: "command",
      commandId,
      request: { command: "ask", parameters: { stream: 1, speak: false, input: { kind: "text", text: "hang" } } },
    });
    await eventually(() => a.house.list()[0]?.turns).toBe(2);
    street.network.kill("b");
    await eventually(() => a.house.list()[0]?.visit).toBeNull();
    const here = new Caller(a.house, { sessionId });
    // Turns run one after another: had the one before not been cancelled, this would wait for it.
    expect(await here.ask("two")).toBe("a: S | one | a: S | one | two");
  });

  it("is lost with its host, of which the client is told, and begun anew", async () => {
    const { street, a, b } = await two();
    const sessionId = a.house.newId();
    const caller = new Caller(b.house, { sessionId });
    expect(await caller.ask("one")).toBe("a: S | one");
    street.network.kill("a");
    await eventually(() => caller.end).toBe("lost");
    // Nobody is there to agree on where it lives.
    street.placement.cutOff("a");
    const again = new Caller(b.house, { sessionId });
    expect(await again.ask("two")).toBe("b: S | two");
  });

  it("holds the work whose words are not read, and goes on with it once they are", async () => {
    const { a, b } = await two();
    const sessionId = a.house.newId();
    const caller = new Caller(b.house, { sessionId, streams: true });
    await caller.ask("one");
    const reading = Promise.withResolvers<void>();
    caller.deaf = reading.promise;
    const answered = caller.ask("much");
    await eventually(() => a.house.list()[0]?.turns).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(caller.heard.length).toBeLessThan(10);
    reading.resolve();
    expect(await answered).toContain("1999");
  });

  it("does what must not leave the client's host there, and not where it lives", async () => {
    const { a, b } = await two();
    const sessionId = a.house.newId();
    const caller = new Caller(b.house, { sessionId });
    expect(await caller.ask("one")).toBe("a: S | one");
    expect(await caller.ask("secret", "host")).toBe("b: S | secret");
    expect(await caller.ask("two")).not.toContain("secret");
    expect(a.house.list()[0]?.turns).toBe(2);
  });

  it("is found where it lives by who comes again, though something was said that must not leave the client's host", async () => {
    const { a, b } = await two();
    const sessionId = a.house.newId();
    const before = new Caller(b.house, { sessionId });
    await before.ask("note one");
    await before.ask("secret", "host");
    before.visit.close();
    const after = new Caller(b.house, { sessionId });
    expect(await after.ask("show")).toBe("one");
    expect(await after.ask("again", "host")).toContain("secret");
    expect(await b.house.end(sessionId)).toBe(true);
    await eventually(() => [a, b].flatMap(({ house }) => house.list())).toEqual([]);
  });

  it("stays with a peer whose owner keeps something on it", async () => {
    const { a, b } = await two({ "privacy.stt": "host" });
    const caller = new Caller(b.house, { sessionId: a.house.newId() });
    expect(await caller.ask("one")).toBe("b: S | one");
  });

  it("ends with its client when nothing was said in it", async () => {
    const { a } = await two();
    const caller = new Caller(a.house, { sessionId: a.house.newId() });
    caller.visit.open();
    await eventually(() => a.house.list().length).toBe(1);
    caller.visit.close();
    await eventually(() => a.house.list().length).toBe(0);
    expect(caller.end).toBeUndefined();
  });
});

describe("a session at a peer without a house", () => {
  it("lives there alone, is found again, and ends an hour after its client has left", async () => {
    const clock = new VirtualClock();
    const house = residentHouse("alone", { clock });
    const sessionId = house.newId();
    const first = new Caller(house, { sessionId, isNew: true });
    await first.ask("one");
    first.visit.close();
    await eventually(() => house.list()[0]?.visit).toBeNull();
    await clock.pass(SESSION_TIMEOUT_MS - 1_000);
    const second = new Caller(house, { sessionId });
    expect(await second.ask("two")).toContain("one");
    second.visit.close();
    await eventually(() => house.list()[0]?.visit).toBeNull();
    await clock.pass(SESSION_TIMEOUT_MS - 1_000);
    expect(house.list()).toHaveLength(1);
    await clock.pass(1_000);
    await eventually(() => house.list().length).toBe(0);
    const third = new Caller(house, { sessionId });
    expect(await third.ask("three")).toBe("alone: S | three");
  });

  it("tells what it is told wrong, and holds who says more than it can take", async () => {
    const house = residentHouse("alone");
    const caller = new Caller(house, { sessionId: house.newId(), isNew: true });
    caller.say({ type: "audio", bytes: new Uint8Array(3) });
    await eventually(() => caller.heard).toEqual([
      { type: "refused", inReplyTo: undefined, refusal: { code: "INVALID_MESSAGE", reason: expect.any(String) } },
    ]);
    const held = Promise.withResolvers<void>();
    caller.deaf = held.promise;
    const waits = Array.from({ length: 400 }, (_, n) => {
      const message = createMessage("MESSAGE", { content: `${n}`, contentType: "text/plain" }, { from: "c" });
      return caller.visit.push({ type: "question", message });
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(waits.at(-1)).toBeInstanceOf(Promise);
    held.resolve();
    await waits.at(-1);
  });
});

describe("sessions whose clients are away", () => {
  it("leave an hour later, with one timer for all; of too many, those that wait longest", async () => {
    const clock = new VirtualClock();
    const lonely = new Lonely({ clock, most: 3 });
    const left: string[] = [];
    const lone = (name: string) => ({ leave: () => void left.push(`${name} ${clock.nowMs()}`) });
    const [a, b, c, d] = [lone("a"), lone("b"), lone("c"), lone("d")];
    lonely.add(a);
    await clock.pass(10);
    lonely.add(b);
    lonely.add(c);
    expect(clock.timers).toBe(1);
    lonely.add(a);
    lonely.add(d);
    expect(left).toEqual(["b 10"]);
    lonely.remove(c);
    await clock.pass(SESSION_TIMEOUT_MS);
    const overMs = SESSION_TIMEOUT_MS + 10;
    expect(left).toEqual(["b 10", `a ${overMs}`, `d ${overMs}`]);
    expect([lonely.size, clock.timers]).toEqual([0, 0]);
  });
});
