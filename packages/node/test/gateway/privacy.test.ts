/** How far a request goes, as its client asks: by a peer that others do better than, and that is not there for such work. */
import { connect, type ParleyClient, type Privacy, type TurnEvent } from "@parley/sdk";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { TalkListener } from "../../src/testing/index.ts";
import { fixedDelaySources, tone, type FixedDelays, type Peer } from "../support.ts";
import { unitedPeers, type UnitedPeers } from "../united-peers.ts";
import { Raw } from "./protocol/raw.ts";

/** `{messages}` becomes all that the model was shown. */
const IN_HALL: FixedDelays = { sttMs: 700, llmMs: 700, ttsMs: 300, texts: ["hall"], replies: ["hall: {messages}"] };
const IN_CELLAR: FixedDelays = { sttMs: 1, llmMs: 1, ttsMs: 1, texts: ["cellar"], replies: ["cellar: {messages}"] };

let house: UnitedPeers | undefined;
let hall: Peer;
let client: ParleyClient;
/** Engines of the hall that were brought up. */
const begun = new Set<string>();

beforeAll(async () => {
  house = await unitedPeers(
    ["hall", "cellar"],
    (name) =>
      name === "hall" ? fixedDelaySources(IN_HALL, (service) => begun.add(service)) : fixedDelaySources(IN_CELLAR),
    (name) => ({ "cluster.roles": name === "hall" ? "client" : "all" }),
  );
  const [first, cellar] = house.peers;
  if (first === undefined || cellar === undefined) throw new Error("two were asked for");
  hall = first;
  cellar.services.start();
  client = await clientOf(hall);
  for (const name of ["vad", "stt", "tts", "llm"]) {
    const isThere = async (): Promise<void> =>
      expect((await client.status())["services"]).toHaveProperty([name, "elsewhere"]);
    await vi.waitFor(isThere, { timeout: 30_000, interval: 250 });
  }
}, 120_000);

afterAll(async () => {
  client?.close();
  await house?.close();
});

const clientOf = ({ url, token }: Peer): Promise<ParleyClient> =>
  connect({ url: `${url.replace(/^http/, "ws")}/ws`, token });

const wordsOf = (events: readonly TurnEvent[]): string =>
  events
    .map((event) => (event.type === "text" ? event.delta : event.type === "segment" ? event.text.toLowerCase() : ""))
    .join("");

interface Asked {
  readonly privacy?: Privacy;
}

const written = async (text: string, how: Asked, by = client): Promise<string> =>
  wordsOf(await Array.fromAsync(by.ask({ text }, how)));
const heard = async (how: Asked): Promise<string> => wordsOf(await Array.fromAsync(client.listen(tone(600), how)));
const spoken = async (how: Asked): Promise<number> => (await Array.fromAsync(client.say("Dinner.", how))).length;

async function conversed(how: Asked): Promise<string> {
  const listener = new TalkListener(client.talk(tone(600, 1_500), how));
  const { question, reply } = await listener.turn(1);
  return `${question.toLowerCase()} / ${reply}`;
}

describe("what a client asks for", { timeout: 60_000 }, () => {
  it("is done by whoever is there for it, unless the client says that it must stay", async () => {
    expect(await written("Who is it?", {})).toMatch(/^cellar/);
    expect(await written("Who is it?", { privacy: "house" })).toMatch(/^cellar/);
    expect(await heard({})).toContain("cellar");
    expect(await spoken({})).toBeGreaterThan(2);
    expect(await conversed({})).toMatch(/^cellar \/ cellar/);
    expect([...begun]).toEqual([]);

    expect(await spoken({ privacy: "host" })).toBeGreaterThan(2);
    expect([...begun]).toEqual(["tts"]);
    expect(await heard({ privacy: "host" })).toContain("hall");
    expect(await written("Who is it?", { privacy: "host" })).toMatch(/^hall/);
    expect(await conversed({ privacy: "host" })).toMatch(/^hall \/ hall/);
  });

  it("is no part of what is thought about farther away later on", async () => {
    const other = await clientOf(hall);
    onTestFinished(() => other.close());
    await written("The marzipan is behind the clock.", { privacy: "host" }, other);
    const later = await written("Where is it?", {}, other);
    // Wherever it is thought about: now that the hall has a model of its own, it may be there.
    expect(later).not.toContain("marzipan");
    expect(await written("Where is it?", { privacy: "host" }, other)).toContain("marzipan");
  });

  it("may be a MESSAGE to the assistant, and is refused in one to somebody else, which goes where that is", async () => {
    const raw = await Raw.registered(hall.url, hall.token, "bare");
    raw.say("MESSAGE", { content: "Who is it?" });
    await raw.next("MESSAGE");
    raw.say("MESSAGE", { content: "And now?", privacy: "host" });
    await expect.poll(() => raw.messages.filter(({ type }) => type === "MESSAGE").length, { timeout: 20_000 }).toBe(2);
    expect(JSON.stringify(raw.messages.at(-1))).toContain("hall:");
    raw.say("MESSAGE", { content: "hello", privacy: "host" }, { target: { clientId: "somebody" } });
    const { payload } = await raw.next("ERROR");
    expect(payload).toMatchObject({ errorCode: "INVALID_MESSAGE" });
    expect(payload.errorMessage).toContain("privacy");
  });
});
