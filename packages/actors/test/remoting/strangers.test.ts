import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ConnectionReceiver, type Lane, LANES, type TransportConnection } from "../../src/index.ts";
import {
  decodeGoodbye,
  decodeReject,
  decodeWelcome,
  encodeHeartbeat,
  encodeHello,
  encodeReady,
  encodeRefused,
  encodeWatch,
} from "../../src/remoting/wire/control.ts";
import { decodeTell, encodeOffer, encodeTell, stampOffer } from "../../src/remoting/wire/data.ts";
import { KIND, newFrame, readHeader, stamp } from "../../src/remoting/wire/header.ts";
import { type Host, Hosts, notebook, type Note, outcome } from "./hosts.ts";

const HELLO = {
  from: "stranger",
  to: "left",
  incarnation: "s1",
  oldestVersion: 1,
  newestVersion: 1,
  maxFrameBytes: 1 << 20,
};

/** Somebody who sends frames by hand. */
class Stranger implements ConnectionReceiver {
  readonly heardFrames: { readonly lane: Lane; readonly frame: Uint8Array }[] = [];
  closes = 0;
  #connection: TransportConnection | undefined;
  readonly #next: Record<Lane, number> = { control: 0, message: 0, bulk: 0 };

  static async meet(hosts: Hosts, hello: unknown = HELLO): Promise<Stranger> {
    const stranger = new Stranger();
    const transport = hosts.network.transport("stranger");
    stranger.#connection = await hosts.clock.until(transport.connect("left", stranger, new AbortController().signal));
    if (hello !== undefined) stranger.say("control", encodeHello(hello as typeof HELLO));
    await hosts.clock.pass(5);
    return stranger;
  }

  say(lane: Lane, frame: Uint8Array, sequence = this.#next[lane]): void {
    if (frame.length >= 6) stamp(frame, frame[0] ?? 0, sequence);
    this.#next[lane] = sequence + 1;
    this.#connection?.send(lane, [frame]);
  }

  get kinds(): readonly number[] {
    return this.heardFrames.map(({ frame }) => readHeader(frame).kind).filter((kind) => kind !== KIND.heartbeat);
  }

  last(): Uint8Array {
    return (
      this.heardFrames.findLast(({ frame }) => readHeader(frame).kind !== KIND.heartbeat)?.frame ?? new Uint8Array()
    );
  }

  frame(lane: Lane, frame: Uint8Array): void {
    this.heardFrames.push({ lane, frame });
  }

  heard(): void {}
  drained(): void {}

  closed(): void {
    this.closes += 1;
  }
}

async function met(): Promise<{ hosts: Hosts; left: Host; stranger: Stranger; kept: string[] }> {
  const hosts = new Hosts();
  const left = await hosts.start("left");
  const kept: string[] = [];
  notebook(left, "notes", kept);
  const stranger = await Stranger.meet(hosts);
  expect(decodeWelcome(stranger.last())).toMatchObject({ from: "left", version: 1 });
  return { hosts, left, stranger, kept };
}

describe("a connection", () => {
  it("is open with the first frame after the welcome, whatever its lane", async () => {
    const { hosts, left, stranger, kept } = await met();
    expect(left.changes).toStrictEqual([]);
    const [head] = encodeTell("/notes", "", { text: "hello" });
    stranger.say("message", head);
    await hosts.clock.pass(5);
    expect(kept).toStrictEqual(["hello"]);
    stranger.say("control", encodeReady());
    await hosts.clock.pass(5);
    expect(left.changes).toMatchObject([{ peer: "stranger", incarnation: "s1", state: "up" }]);
  });

  it.each([
    ["a version that is not spoken here", { ...HELLO, oldestVersion: 2, newestVersion: 3 }, "unsupported"],
    ["another host in mind", { ...HELLO, to: "right" }, "bad-address"],
    ["this host's own name", { ...HELLO, from: "left" }, "bad-address"],
    ["a name that it has not proven", { ...HELLO, from: "right" }, "bad-address"],
    ["a name that is none", { ...HELLO, from: "" }, "bad-address"],
  ])("is refused to who has %s", async (_what, hello, code) => {
    const hosts = new Hosts();
    const left = await hosts.start("left");
    const stranger = await Stranger.meet(hosts, hello);
    await hosts.clock.pass(5);
    expect(decodeReject(stranger.last()).code).toBe(code);
    expect(stranger.closes).toBe(1);
    expect(left.changes).toStrictEqual([]);
  });

  it("is closed when nobody says hello, or nobody is ready", async () => {
    const hosts = new Hosts();
    await hosts.start("left");
    const silent = await Stranger.meet(hosts, undefined);
    const shy = await Stranger.meet(hosts);
    await hosts.clock.pass(1_000);
    expect([silent.closes, shy.closes]).toStrictEqual([1, 1]);
  });

  it("that speaks a newer version too is held in the one that both know", async () => {
    const hosts = new Hosts();
    await hosts.start("left");
    const stranger = await Stranger.meet(hosts, { ...HELLO, newestVersion: 7, news: "many" });
    expect(decodeWelcome(stranger.last())).toMatchObject({ version: 1 });
  });

  it("passes over kinds of frames that may be ignored, and ends with others that are unknown", async () => {
    const { hosts, left, stranger, kept } = await met();
    stranger.say("control", newFrame(200, 10));
    stranger.say("message", newFrame(255, 3));
    stranger.say("bulk", newFrame(128, 0));
    const [head] = encodeTell("/notes", "", { text: "still here" });
    stranger.say("message", head);
    await hosts.clock.pass(5);
    expect(kept).toStrictEqual(["still here"]);
    stranger.say("message", newFrame(99, 0));
    await hosts.clock.pass(5);
    expect(decodeGoodbye(stranger.last()).text).toContain("unknown kind 99");
    expect(left.changes.at(-1)).toMatchObject({ state: "down", error: { code: "peer-gone" } });
  });

  it("has heartbeats in every lane, and any of them shows that the peer is there", async () => {
    const { hosts, left, stranger } = await met();
    for (let i = 0; i < 40; i += 1) {
      stranger.say("bulk", encodeHeartbeat());
      await hosts.clock.pass(50);
    }
    expect(left.changes).toMatchObject([{ state: "up" }]);
    for (const lane of LANES) {
      const beats = stranger.heardFrames.filter(
        (each) => each.lane === lane && readHeader(each.frame).kind === KIND.heartbeat,
      );
      expect(beats.length).toBeGreaterThan(30);
    }
    await hosts.clock.pass(1_000);
    expect(left.changes.at(-1)?.error?.message).toContain("has been silent for");
  });

  it("ends when frames are missing, and takes none twice", async () => {
    const { hosts, left, stranger, kept } = await met();
    for (const text of ["one", "two"]) {
      const [head] = encodeTell("/notes", "", { text });
      stranger.say("message", head.slice());
      stranger.say("message", head.slice(), text === "one" ? 0 : 1);
    }
    await hosts.clock.pass(5);
    expect(kept).toStrictEqual(["one", "two"]);
    const [head] = encodeTell("/notes", "", { text: "four" });
    stranger.say("message", head, 3);
    await hosts.clock.pass(5);
    expect(kept).toStrictEqual(["one", "two"]);
    expect(left.changes.at(-1)?.error?.message).toContain("1 frames of lane message are missing");
  });

  it("stays when the same life of the peer dials once more, and gives way to a new life", async () => {
    const { hosts, left, stranger } = await met();
    stranger.say("control", encodeReady());
    await hosts.clock.pass(5);
    const second = await Stranger.meet(hosts);
    expect(decodeReject(second.last())).toMatchObject({ isCrossed: true });
    expect([stranger.closes, left.changes.length]).toStrictEqual([0, 1]);
    const reborn = await Stranger.meet(hosts, { ...HELLO, incarnation: "s2" });
    expect(decodeWelcome(reborn.last())).toMatchObject({ from: "left" });
    expect(stranger.closes).toBe(1);
    expect(left.changes.at(-1)).toMatchObject({ incarnation: "s1", state: "down" });
  });

  it("ends when its frames change their version", async () => {
    const { hosts, left, stranger } = await met();
    const [head] = encodeTell("/notes", "", { text: "x" });
    head[0] = 2;
    stranger.say("message", head);
    await hosts.clock.pass(5);
    expect(left.changes.map(({ state }) => state)).toStrictEqual(["up", "down"]);
  });
});

describe("a message that cannot be read", () => {
  it("is refused to its sender, and the connection stays", async () => {
    const { hosts, left, stranger, kept } = await met();
    const [told] = encodeTell("/notes", "parley://stranger/$/a.1", { text: "x" });
    told[told.length - 2] = 0xc1;
    stranger.say("message", told);
    const [offered] = encodeOffer("/notes", 1, true, { text: "x" });
    stampOffer(offered, 1, 1_000);
    offered[offered.length - 2] = 0xc1;
    stranger.say("message", offered);
    const [lost] = encodeTell("no path", "parley://stranger/$/a.2", { text: "x" });
    stranger.say("message", lost);
    await hosts.clock.pass(50);
    expect(stranger.kinds).toStrictEqual([KIND.welcome, KIND.refused, KIND.answer, KIND.refused]);
    expect([left.changes.length, kept]).toStrictEqual([1, []]);
  });

  it("is not given to its receiver again when it is offered again", async () => {
    const { hosts, stranger, kept } = await met();
    const [offered] = encodeOffer("/notes", 1, true, { text: "once" });
    stampOffer(offered, 1, 1_000);
    for (let i = 0; i < 3; i += 1) {
      stranger.say("message", offered.slice());
      await hosts.clock.pass(5);
    }
    expect(kept).toStrictEqual(["once"]);
    expect(stranger.kinds.filter((kind) => kind === KIND.answer)).toHaveLength(3);
  });
});

describe("an answer", () => {
  it("that belongs to a life of a peer does not go to its next", async () => {
    const { hosts, left, stranger } = await met();
    left.system.spawn<unknown>(
      () => async () => {
        await new Promise<void>((resolve) => {
          hosts.clock.after(100, resolve);
        });
      },
      { name: "slow", accepts: (message) => message },
    );
    const [offered] = encodeOffer("/slow", 1, true, {});
    stampOffer(offered, 1, 10_000);
    stranger.say("message", offered);
    await hosts.clock.pass(20);
    const reborn = await Stranger.meet(hosts, { ...HELLO, incarnation: "s2" });
    reborn.say("control", encodeReady());
    await hosts.clock.pass(500);
    expect(left.changes.at(-1)).toMatchObject({ incarnation: "s2", state: "up" });
    expect(reborn.kinds).toStrictEqual([KIND.welcome]);
  });
});

describe("a refusal", () => {
  it("fails the question that it names, and none when the address of the answer is another host's", async () => {
    const { hosts, left, stranger } = await met();
    stranger.say("control", encodeReady());
    await hosts.clock.pass(5);
    let became: string | undefined;
    const asked = outcome(left.system.resolve<unknown>("parley://stranger/any").ask((replyTo) => replyTo));
    const waiting = asked.then((what) => (became = what));
    await hosts.clock.pass(5);
    const { replyTo = "" } = decodeTell(stranger.last());
    expect(replyTo).toMatch(/^parley:\/\/left\/%24\//);
    const refuse = (to: string): void =>
      stranger.say("control", encodeRefused({ to: "/any", replyTo: to, code: "mailbox-full", text: "full" }));
    refuse(replyTo.replace("left", "leftover"));
    await hosts.clock.pass(5);
    expect(became).toBeUndefined();
    expect(left.refusals).toMatchObject([{ address: "parley://stranger/any", error: { code: "mailbox-full" } }]);
    refuse(replyTo);
    await hosts.clock.until(waiting);
    expect(became).toBe("mailbox-full");
    expect(left.refusals).toHaveLength(1);
  });
});

describe("a stranger", () => {
  it("cannot watch without bound", async () => {
    const hosts = new Hosts();
    const left = await hosts.start("left", { limits: { maxWatched: 3 } });
    for (const name of ["a", "b", "c", "d"]) notebook(left, name, []);
    const stranger = await Stranger.meet(hosts);
    for (const name of ["a", "b", "a", "c"]) stranger.say("control", encodeWatch(`/${name}`));
    await hosts.clock.pass(5);
    expect(left.remoting.peers()).toMatchObject([{ watchedHere: 3 }]);
    stranger.say("control", encodeWatch("/d"));
    await hosts.clock.pass(5);
    expect(left.changes.at(-1)).toMatchObject({ state: "down" });
  });

  it("cannot make itself many hosts without bound", async () => {
    const hosts = new Hosts();
    const left = await hosts.start("left", { limits: { maxPeers: 1 } });
    await hosts.start("right");
    await outcome(hosts.clock.until(left.system.resolve<Note>("parley://right/notes").ask(() => ({ text: "?" }))));
    const stranger = await Stranger.meet(hosts);
    await hosts.clock.pass(5);
    expect(decodeReject(stranger.last()).code).toBe("mailbox-full");
  });

  it("can send whatever bytes it likes: its connection may end, and nothing else happens", async () => {
    const frames = fc.array(
      fc.record({
        lane: fc.constantFrom<Lane>("control", "message", "bulk"),
        kind: fc.oneof(fc.constantFrom(...Object.values(KIND)), fc.nat(255)),
        body: fc.uint8Array({ maxLength: 60 }),
        isCut: fc.boolean(),
      }),
      { minLength: 1, maxLength: 8 },
    );
    const hosts = new Hosts();
    const left = await hosts.start("left");
    const right = await hosts.start("right");
    notebook(left, "notes", []);
    const notes = right.system.resolve<Note>("parley://left/notes");
    await fc.assert(
      fc.asyncProperty(frames, fc.boolean(), async (sent, isGreeted) => {
        const stranger = await Stranger.meet(hosts, isGreeted ? HELLO : undefined);
        for (const { lane, kind, body, isCut } of sent) {
          const frame = newFrame(kind, body.length);
          frame.set(body, 6);
          stranger.say(lane, isCut ? frame.subarray(0, body.length % 6) : frame);
        }
        await hosts.clock.pass(5);
        const asked = notes.ask<string>((replyTo) => ({ question: "well?", replyTo }));
        expect(await hosts.clock.until(asked)).toBe("re: well?");
      }),
      { numRuns: 300 },
    );
  });
});
