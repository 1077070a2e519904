/** A client's connection and its session, where the session's host is lost: real actors over a network in memory. */
import { createMessage, SESSION_MOVED, STAYS, type CommandParameters, type Message, type MessageOf } from "@parley/sdk";
import { describe, expect, it, onTestFinished } from "vitest";
import { Visiting } from "../../src/gateway/visiting.ts";
import type { SessionHouse } from "../../src/services/session/house.ts";
import { eventually } from "../support.ts";
import { passOf } from "./passes.ts";
import { StreetJournals } from "../services/session/street-journals.ts";
import { Street } from "../services/session/street.ts";

interface Place {
  readonly sessionId: string;
  readonly features?: readonly string[];
  readonly mayStay?: boolean;
}

/** A client's end of it. */
class Guest {
  readonly visiting: Visiting;
  readonly heard: Message[] = [];
  closed: number | undefined;

  constructor(house: SessionHouse, { sessionId, features = [], mayStay = true }: Place) {
    this.visiting = new Visiting({
      conversations: house,
      pass: passOf({ session: { id: sessionId, isNew: false } }),
      register: { clientId: "c", clientType: "api", capabilities: { features: [...features] } },
      line: {
        send: async (message) => void this.heard.push(message),
        frame: async () => undefined,
        holdWhile: (room) => room,
      },
      refuse: async () => undefined,
      hangUp: (code) => {
        this.closed ??= code;
        this.visiting.close();
      },
      mayStay: () => mayStay,
    });
    onTestFinished(() => this.visiting.close());
  }

  /** Answers to what it asks, by the id of that. */
  answerTo(asked: string): string | undefined {
    return this.heard.find((each): each is MessageOf<"MESSAGE"> => each.type === "MESSAGE" && each.inReplyTo === asked)
      ?.payload.content;
  }

  get moved(): readonly string[] {
    return this.heard.flatMap((each) =>
      each.type === "EVENT" && each.payload.eventType === SESSION_MOVED ? [each.messageId] : [],
    );
  }

  /** The words of an answer, piece by piece. */
  textOf(commandId: string): string {
    return this.heard
      .flatMap((each) =>
        each.type === "EVENT" && each.inReplyTo === commandId ? [each.payload.eventData["delta"]] : [],
      )
      .filter((delta) => typeof delta === "string")
      .join("");
  }

  say(content: string): string {
    const message = createMessage("MESSAGE", { content, contentType: "text/plain" }, { from: "c" });
    void this.visiting.push({ type: "question", message });
    return message.messageId;
  }

  async ask(content: string): Promise<string> {
    const asked = this.say(content);
    await eventually(() => this.answerTo(asked)).toBeDefined();
    return this.answerTo(asked) ?? "";
  }

  /** Work that can be asked for again. */
  work(text: string, stream: number, more: Partial<CommandParameters<"ask">> = {}): string {
    const commandId = crypto.randomUUID();
    const parameters = { stream, speak: false, input: { kind: "text" as const, text }, ...more };
    void this.visiting.push({ type: "command", commandId, request: { command: "ask", parameters } });
    return commandId;
  }
}

/** Two of them, what is said being written down, and a session that lives at the second. */
async function houses(): Promise<{
  readonly a: SessionHouse;
  readonly b: SessionHouse;
  sessionId: string;
  kill(): void;
}> {
  const street = new Street(["a", "b"]);
  street.journals = new StreetJournals();
  const [a, b] = await street.build();
  if (a === undefined || b === undefined) throw new Error("two were asked for");
  const kill = (): void => {
    street.network.kill("b");
    street.placement.cutOff("b");
  };
  return { a: a.house, b: b.house, sessionId: b.house.newId(), kill };
}

describe("a client at a peer whose session's host is lost", () => {
  it("notices nothing where nothing was under way, whatever it knows", async () => {
    const { a, b, sessionId, kill } = await houses();
    const guest = new Guest(a, { sessionId });
    await guest.ask("note one");
    await eventually(() => b.list().map(({ visit }) => visit !== null)).toEqual([true]);
    kill();
    await eventually(() => a.list().map((each) => each.sessionId)).toEqual([sessionId]);
    expect(await guest.ask("show")).toBe("one");
    expect({ closed: guest.closed, moved: guest.moved }).toEqual({ closed: undefined, moved: [] });
  });

  it("has an answer thought about no further of which it has the whole, and told to its end", async () => {
    const { a, sessionId } = await houses();
    const guest = new Guest(a, { sessionId });
    const soFar = { question: "show", text: "All of it.", spoken: 0, index: 0, heardMs: 0 };
    const done = (id: string): boolean =>
      guest.heard.some((each) => each.type === "COMMAND_RESULT" && each.payload.commandId === id);
    const whole = guest.work("show", 1, { workId: "w", soFar: { ...soFar, length: soFar.text.length } });
    await eventually(() => done(whole)).toBe(true);
    expect(guest.textOf(whole)).toBe("");
    const part = guest.work("other", 2, { workId: "v", soFar: { ...soFar, length: 100 } });
    await eventually(() => done(part)).toBe(true);
    expect(guest.textOf(part)).not.toBe("");
  });

  it("is told to come again where it waits for an answer and knows nothing of this", async () => {
    const { a, b, sessionId, kill } = await houses();
    const guest = new Guest(a, { sessionId });
    guest.work("hang", 1);
    await eventually(() => b.list()[0]?.turns).toBe(1);
    kill();
    await eventually(() => guest.closed).toBe(1012);
    expect(guest.moved).toEqual([]);
  });

  it("is told to come again where a question that cannot be asked again waits for its answer", async () => {
    const { a, b, sessionId, kill } = await houses();
    const guest = new Guest(a, { sessionId, features: [STAYS] });
    guest.say("hang");
    await eventually(() => b.list()[0]?.turns).toBe(1);
    kill();
    await eventually(() => guest.closed).toBe(1012);
    expect(guest.moved).toEqual([]);
  });

  it("stays where it knows how, is told once there is a place again, and heard from its answer to that on", async () => {
    const { a, b, sessionId, kill } = await houses();
    const guest = new Guest(a, { sessionId, features: [STAYS] });
    await guest.ask("note one");
    guest.work("hang", 1);
    await eventually(() => b.list()[0]?.turns).toBe(2);
    kill();
    await eventually(() => guest.moved.length).toBe(1);
    // On its way before the client knew: it will be asked for again.
    const early = guest.work("show", 2);
    expect(await guest.ask("show")).toBe("one");
    expect(guest.visiting.acknowledge(crypto.randomUUID())).toBe(false);
    expect(guest.visiting.acknowledge(guest.moved[0] ?? "")).toBe(true);
    const again = guest.work("show", 3);
    await eventually(() => guest.textOf(again)).toContain("one");
    expect(guest.textOf(early)).toBe("");
    expect({ closed: guest.closed, moved: guest.moved.length }).toEqual({ closed: undefined, moved: 1 });
  });

  it("is sent elsewhere by a peer that clients are not to stay at", async () => {
    const { a, b, sessionId, kill } = await houses();
    const guest = new Guest(a, { sessionId, features: [STAYS], mayStay: false });
    await guest.ask("note one");
    await eventually(() => b.list().map(({ visit }) => visit !== null)).toEqual([true]);
    kill();
    await eventually(() => guest.closed).toBe(1012);
    expect(guest.moved).toEqual([]);
  });

  it("leaves the session to a connection that has come later", async () => {
    const { a, sessionId, kill } = await houses();
    const left = new Guest(a, { sessionId, features: [STAYS] });
    await left.ask("note one");
    await new Promise((resolve) => setTimeout(resolve, 200));
    const here = new Guest(a, { sessionId, features: [STAYS] });
    await here.ask("note two");
    await eventually(() => left.closed).toBe(4409);
    kill();
    await eventually(() => a.list().map((each) => each.sessionId)).toEqual([sessionId]);
    expect(await here.ask("show")).toBe("one,two");
    expect(here.closed).toBeUndefined();
  });
});
