/** Two builds of the peer, as processes: the house is upgraded one peer at a time while clients talk to it. */
import { connect, type ParleyClient } from "@parley/sdk";
import { untilUnited, type LivePeer, type TestEngines } from "@parley/node/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { builds } from "./builds.ts";
import { expectHeld, household, putUntilDone, SECRET, startAll, underWrites, until, valueAt } from "./support.ts";

const ENGINES: TestEngines = {
  fixed: ["vad", "stt", "llm", "tts"],
  isStarted: true,
  llmMs: 200,
  tokenMs: 20,
  ttsMs: 100,
  chunkMs: 60,
  answers: [
    { asked: "tell ", reply: "You asked about {tail}. The kettle is on. The cat is out. It is ten past nine." },
  ],
  replies: ["I do not know what was asked."],
};
const DRAIN_MS = 30_000;
const TURN_MS = 60_000;
const WHOLE = { timeoutMs: 90_000 };

async function management<T>({ introduction }: LivePeer, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${introduction.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${introduction.token}`, "content-type": "application/json", connection: "close" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer as T;
}

const inForceAt = (peers: readonly LivePeer[]): Promise<readonly number[]> =>
  Promise.all(peers.map(async (peer) => (await peer.tell("commands")).inForce));

interface Journalled {
  readonly conversations: readonly { readonly journal: { readonly state: string; readonly why?: string } | null }[];
}

/** What the peers say of how the sessions that live there are written down. */
async function journalsAt(peers: readonly LivePeer[]): Promise<readonly string[]> {
  const told = await Promise.all(peers.map((peer) => management<Journalled>(peer, "GET", "/sessions")));
  return told.flatMap(({ conversations }) =>
    conversations.map(({ journal }) => (journal === null ? "none" : [journal.state, journal.why].join(" ").trim())),
  );
}

interface Explained {
  readonly excluded: readonly { readonly name: string; readonly rule: string; readonly why: string }[];
}

/** Who is not given work by that peer, though it is there, and why. */
async function notUnderstoodBy(peer: LivePeer): Promise<readonly string[]> {
  const { excluded } = await management<Explained>(peer, "GET", "/route/explain?request=TTS");
  return excluded
    .filter(({ rule }) => rule === "version")
    .map(({ name, why }) => `${name}: ${why}`)
    .toSorted();
}

/** Lets a client in; all peers know it then. */
async function admitted(name: string, peers: readonly LivePeer[]): Promise<string> {
  const [first] = peers;
  if (first === undefined) throw new Error("there are no peers");
  const { token } = await management<{ readonly token: string }>(first, "POST", "/clients", { name, role: "member" });
  for (const peer of peers) {
    const known = async (): Promise<boolean> =>
      JSON.stringify(await management(peer, "GET", "/clients")).includes(`"${name}"`);
    await until(known, `${peer.name} knows ${name}`);
  }
  return token;
}

/** Asks one thing after the other, until it is told to stop. */
class Talker {
  readonly turns: { readonly asked: string; readonly answered: string }[] = [];
  readonly #client: ParleyClient;
  #isOver = false;
  #ended: Promise<void> = Promise.resolve();

  private constructor(client: ParleyClient) {
    this.#client = client;
  }

  static async begin(name: string, first: LivePeer, peers: readonly LivePeer[]): Promise<Talker> {
    const urls = [first, ...peers.filter((peer) => peer !== first)].map(({ introduction }) => introduction.url);
    const token = await admitted(name, peers);
    const talker = new Talker(await connect({ peers: urls, token, clientId: name, timeoutMs: TURN_MS }));
    talker.#ended = talker.#talk(name);
    // Looked at when it is told to stop.
    talker.#ended.catch(() => undefined);
    return talker;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
  }

  close(): void {
    this.#client.close();
  }

  async #talk(name: string): Promise<void> {
    for (let n = 1; !this.#isOver; n += 1) {
      const asked = `tell ${name} ${n}`;
      let answered = "";
      const turn = this.#client.ask({ text: asked }, { speak: true, signal: AbortSignal.timeout(TURN_MS) });
      for await (const event of turn) if (event.type === "text") answered += event.delta;
      this.turns.push({ asked, answered });
    }
  }
}

/** As `parley drain` does, and then another build in the same home. */
async function upgrade(peer: LivePeer, program: string): Promise<void> {
  await management(peer, "POST", "/drain", { timeoutMs: DRAIN_MS });
  const mayStop = async (): Promise<boolean> =>
    (await management<{ readonly drain: { readonly mayStop: boolean } }>(peer, "GET", "/drain")).drain.mayStop;
  await until(mayStop, `${peer.name} may be stopped`, { peers: [peer] });
  await exchange(peer, program);
}

/** Another build in the same home; the peer is only told to stop. */
async function exchange(peer: LivePeer, program: string): Promise<void> {
  await peer.stop();
  peer.install(program);
  await peer.start();
}

describe("a house of two versions", () => {
  it("is upgraded one peer at a time: nothing that is said is lost or doubled, and what is new begins when all know it", async () => {
    const { older, newer } = await builds();
    const house = await household({ joinSecret: SECRET, engines: ENGINES });
    const peers = await house.addAll(3);
    for (const peer of peers) peer.install(older);
    await startAll(peers);
    await untilUnited(peers, { voters: 3, ...WHOLE });
    // Clients come back to the addresses that they know.
    for (const peer of peers) peer.reconfigure({ "listen.port": new URL(peer.introduction.url).port });
    const talkers: Talker[] = [];
    onTestFinished(() => talkers.forEach((talker) => talker.close()));
    for (const [n, peer] of peers.entries()) talkers.push(await Talker.begin(`client-${n + 1}`, peer, peers));

    const written = await underWrites(
      peers,
      async () => {
        for (const [n, peer] of peers.entries()) {
          expect(await inForceAt(peers)).toEqual([1, 1, 1]);
          expect(new Set(await journalsAt(peers))).toEqual(new Set(["off version"]));
          await upgrade(peer, newer);
          if (n === 0) {
            // Until all are upgraded anybody may go back.
            await untilUnited(peers, { voters: 3, ...WHOLE });
            await exchange(peer, older);
            await untilUnited(peers, { voters: 3, ...WHOLE });
            await upgrade(peer, newer);
          }
          await untilUnited(peers, { voters: 3, ...WHOLE });
          const turns = talkers.map((talker) => talker.turns.length + 2);
          await until(() => talkers.every((talker, i) => talker.turns.length >= (turns[i] ?? 0)), "all were answered", {
            peers,
          });
          const old = peers.slice(n + 1);
          const because =
            "it speaks version 1 of what engines are told, this peer versions 2 to 3: it is to be upgraded";
          if (old.length > 0) expect(await notUnderstoodBy(peer)).toEqual(old.map(({ name }) => `${name}: ${because}`));
        }
        await until(async () => (await inForceAt(peers)).every((version) => version === 2), "version 2 is in force");
        await until(async () => (await journalsAt(peers)).every((state) => state === "written"), "journals are kept");
      },
      { keys: 100 },
    );
    for (const talker of talkers) await talker.stop();
    for (const { turns } of talkers) {
      expect(turns.map(({ answered }) => answered)).toEqual(
        turns.map(({ asked }) => {
          return `You asked about ${asked}. The kettle is on. The cat is out. It is ten past nine.`;
        }),
      );
    }
    expect(written.size).toBeGreaterThan(0);
    await expectHeld(peers, written);

    expect(house.crashes()).toEqual([]);
  }, 600_000);
});

describe("older software", () => {
  it("does not join where newer commands are in force, and a peer that goes back takes no part; each says what to do", async () => {
    const { older, newer } = await builds();
    const house = await household({ joinSecret: SECRET });
    const peers = await house.addAll(2);
    const [first, second] = peers;
    if (first === undefined || second === undefined) throw new Error("two");
    for (const peer of peers) peer.install(newer);
    await startAll(peers);
    await untilUnited(peers, WHOLE);
    await until(async () => (await inForceAt(peers)).every((version) => version === 2), "version 2 is in force", {
      peers,
    });
    await putUntilDone(first, "key", "kept");

    const newcomer = await house.add({ joinSecret: undefined });
    newcomer.install(older);
    await newcomer.start();
    await until(async () => (await newcomer.status()).belonging === "waiting", "it waits beside the cluster", {
      peers: [first, newcomer],
    });
    const { code } = await first.tell("open-pairing");
    const reason = /version 2 is in force, and peer-3 knows 1: install the version of Parley there/;
    await expect(newcomer.join(code, first.address)).rejects.toMatchObject({
      code: "admission-refused",
      message: expect.stringMatching(reason),
    });
    await newcomer.stop();

    await exchange(second, older);
    const said = async (): Promise<string> => (await second.status()).sentences.join(" ");
    await until(
      async () => (await said()).includes("commands of version 2 are in force, and this peer's software knows 1"),
      "who goes back says why it takes no part",
      { peers },
    );
    expect((await second.status()).nextSteps.join(" ")).toContain("docs/UPGRADING.md");
    await exchange(second, newer);
    await untilUnited(peers, WHOLE);
    expect(await valueAt(second, "key")).toBe("kept");
    expect(house.crashes()).toEqual([]);
  }, 300_000);
});
