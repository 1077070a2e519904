import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { isPeerError, PeerError } from "../../../src/errors.ts";
import { askAbout, askWelcome, knockAt, pairWith } from "../../../src/mesh/door/client/visit.ts";
import { WINDOW_MS } from "../../../src/mesh/door/code/window.ts";
import { fingerprintOf } from "../../../src/mesh/door/code/fingerprint.ts";
import { opaqueReady, startProof } from "../../../src/mesh/door/pairing/opaque.ts";
import type { PairingMethod } from "../../../src/mesh/door/protocol/messages.ts";
import { encode } from "../../../src/mesh/door/protocol/codec.ts";
import { Door, type DoorOptions } from "../../../src/mesh/door/server/door.ts";
import type { DoorEvent } from "../../../src/mesh/door/server/ports.ts";
import { memoryStreams, type MemoryEnd, type Tap } from "./memory-stream.ts";
import { application, CLUSTER, JOINER, MALLORY, MEMBER, refusedByCluster, TestCluster, WELCOME } from "./people.ts";

const SECRET = "a join secret of the house";
const doors: Door[] = [];
afterEach(() => doors.splice(0).forEach((door) => door.close()));

function house(options: Omit<Partial<DoorOptions>, "cluster"> = {}) {
  const cluster = new TestCluster();
  const events: DoorEvent[] = [];
  let nowMs = 0;
  const door = new Door({ cluster, nowMs: () => nowMs, onEvent: (event) => events.push(event), ...options });
  doors.push(door);
  return {
    cluster,
    door,
    events,
    pass: (ms: number) => (nowMs += ms),
    /** A stream of `peerId` to the door. */
    visit(peerId = JOINER, { tap, address = "192.168.1.7" }: { tap?: Tap; address?: string } = {}): MemoryEnd {
      const [theirs, ours] = memoryStreams({ peerId, address }, { peerId: MEMBER }, tap);
      void door.serve(ours);
      return theirs;
    },
  };
}

function pair(
  stream: MemoryEnd,
  secret: string,
  { method = "code", self = JOINER }: { method?: PairingMethod; self?: string } = {},
) {
  return pairWith(stream, { self, clusterId: CLUSTER, method, secret, application });
}

const wrong = (code: string) => (code === "AAAAAAAA" ? "CCCCCCCC" : "AAAAAAAA");
const failed = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Waits for it, however busy the machine is. */
const expectSoon = <T>(get: () => T) => expect.poll(get, { timeout: 20_000 });

describe("the door, to a stranger that only looks", () => {
  it("tells where its visit may be returned: at the host that it called from, whatever port it names", async () => {
    const { events, visit } = house();
    await askAbout(visit(JOINER, { address: "192.168.1.9" }), { port: 8_766 });
    await expectSoon(() => events).toEqual([{ type: "visited", peerId: JOINER, host: "192.168.1.9", port: 8_766 }]);
    await askAbout(visit());
    expect(events).toHaveLength(1);
  });

  it("tells what DECISIONS 12 lists, and nothing else", async () => {
    const { door, visit } = house();
    const about = await askAbout(visit());
    expect(about).toEqual({
      name: "attic",
      version: "0.1.0",
      peerId: MEMBER,
      cluster: { id: CLUSTER, isAloneAndEmpty: false },
      pairing: "closed",
      services: ["stt", "llm"],
    });
    door.openWindow();
    expect((await askAbout(visit())).pairing).toBe("open");
  });

  it("says that pairing is closed while the peer belongs to no cluster, and opens none", async () => {
    const { cluster, door, visit } = house({ joinSecret: SECRET });
    cluster.belongs = false;
    expect(await askAbout(visit())).toMatchObject({ cluster: null, pairing: "closed" });
    expect(() => door.openWindow()).toThrowError(expect.objectContaining({ code: "pairing-closed" }));
    const attempts = [
      failed(pair(visit(), SECRET, { method: "secret" })),
      failed(knockAt(visit(), { application, confirm: () => Promise.resolve(true) })),
    ];
    for (const attempt of attempts) expect(await attempt).toMatchObject({ code: "pairing-closed" });
  });

  it("is not believed when it answers in another peer's name", async () => {
    const { door } = house();
    const [theirs, ours] = memoryStreams({ peerId: JOINER }, { peerId: MALLORY });
    void door.serve(ours);
    expect(await failed(askAbout(theirs))).toMatchObject({ code: "peer-misbehaved" });
  });

  it("gives no welcome", async () => {
    const { visit } = house();
    expect(await failed(askWelcome(visit()))).toMatchObject({ code: "admission-refused" });
  });

  it.each([
    ["garbage", Buffer.from("ff00ff", "hex")],
    ["nothing", new Uint8Array(0)],
    ["an unknown request", encode({ type: "open-sesame" })],
    ["a request that is not whole", encode({ type: "pair", method: "code" })],
    ["a frame that is too long", new Uint8Array(16_385)],
  ])("answers %s with a refusal that tells nothing, and ends the stream", async (_what, frame) => {
    const { visit } = house();
    const stream = visit();
    await stream.send(frame);
    expect(Buffer.from(await stream.receive({ timeoutMs: 5000 })).toString("latin1")).toMatch(
      /refused.*peer-misbehaved/s,
    );
    expect(await failed(stream.receive({ timeoutMs: 5000 }))).toMatchObject({ code: "peer-silent" });
  });

  it("ends a stream that says nothing, or too much", async () => {
    const { visit } = house({ deadlines: { idleMs: 20 } });
    expect(await failed(visit().receive({ timeoutMs: 5000 }))).toMatchObject({ code: "peer-silent" });
    const busy = house().visit();
    let answers = 0;
    while ((await failed(askAbout(busy))) === undefined) answers += 1;
    expect(answers).toBe(32);
  });

  it("serves a bounded number of streams", async () => {
    const { visit } = house();
    const streams = Array.from({ length: 64 }, () => visit());
    expect(await failed(askAbout(visit()))).toMatchObject({ code: "peer-silent" });
    await streams[0]?.close();
    await expect(askAbout(streams[1] ?? visit())).resolves.toMatchObject({ name: "attic" });
    await expect(askAbout(visit())).resolves.toMatchObject({ name: "attic" });
  });
});

describe("the door, to who types a code", () => {
  it("lets in who has the right one, as the peer that its connection has proven, and then closes", async () => {
    const { cluster, door, events, visit } = house();
    const { code } = door.openWindow();
    expect(Buffer.from(await pair(visit(), code))).toEqual(Buffer.from(WELCOME));
    expect(cluster.admissions).toMatchObject([{ newcomer: { name: "kitchen", peerId: JOINER }, by: "code" }]);
    expect(Buffer.from(cluster.admissions[0]?.newcomer.sealingKey ?? [])).toEqual(Buffer.alloc(32, 7));
    expect(door.window).toBeUndefined();
    expect(events).toEqual([
      { type: "window-closed", why: "used" },
      { type: "admitted", peerId: JOINER, name: "kitchen", by: "code" },
    ]);
    expect(await failed(pair(visit(MALLORY), code, { self: MALLORY }))).toMatchObject({ code: "pairing-closed" });
  });

  it("fails at both ends with a wrong one, and counts one try", async () => {
    const { cluster, door, events, visit } = house();
    const { code } = door.openWindow();
    const stream = visit();
    expect(await failed(pair(stream, wrong(code)))).toMatchObject({ code: "pairing-failed" });
    await stream.close();
    await expectSoon(() => events).toEqual([{ type: "proof-failed", peerId: JOINER, method: "code" }]);
    expect(door.window?.triesLeft).toBe(4);
    expect(cluster.admissions).toEqual([]);
    await expect(pair(visit(), code)).resolves.toBeDefined();
  });

  it("is closed by five failures, also when they come at once and are dropped half-way, until a person opens it again", async () => {
    const { door, events, visit } = house();
    const { code } = door.openWindow();
    const streams = Array.from({ length: 8 }, (_, n) => visit(`${MALLORY}${n}`));
    const errors = await Promise.all(
      streams.map((stream, n) => failed(pair(stream, wrong(code), { self: `${MALLORY}${n}` }))),
    );
    expect(errors.map((error) => (isPeerError(error) ? error.code : "let in")).toSorted()).toEqual([
      ...Array.from({ length: 3 }, () => "pairing-closed"),
      ...Array.from({ length: 5 }, () => "pairing-failed"),
    ]);
    streams.forEach((stream) => stream.abort(new Error("gone")));
    expect(await failed(pair(visit(), code))).toMatchObject({ code: "pairing-closed" });
    await expectSoon(() => events.at(-1)).toEqual({ type: "window-closed", why: "too-many-failures" });
    await expect(pair(visit(), door.openWindow().code)).resolves.toBeDefined();
  });

  it("costs a try to look whether a guess was right and go away before saying so", async () => {
    const { door, visit } = house();
    door.openWindow();
    let fromJoiner = 0;
    const stream = visit(JOINER, { tap: (frame, from) => (from === JOINER && ++fromJoiner === 2 ? [] : [frame]) });
    void failed(pair(stream, door.window?.code ?? ""));
    await expectSoon(() => door.window?.triesLeft).toBe(4);
    stream.abort(new Error("gone"));
    expect(door.window?.triesLeft).toBe(4);
  });

  it("counts no code after ten minutes, nor one that another has replaced", async () => {
    const { door, pass, visit } = house();
    const { code: first } = door.openWindow();
    const { code } = door.openWindow();
    expect(await failed(pair(visit(), first))).toMatchObject({ code: "pairing-failed" });
    pass(WINDOW_MS);
    expect((await askAbout(visit())).pairing).toBe("closed");
    expect(await failed(pair(visit(), code))).toMatchObject({ code: "pairing-closed" });
  });

  it("lets one newcomer in for one code, when two prove it at once", async () => {
    const { cluster, door, visit } = house();
    const { code } = door.openWindow();
    const results = await Promise.all([
      failed(pair(visit(), code)),
      failed(pair(visit(MALLORY), code, { self: MALLORY })),
    ]);
    expect(results.filter((error) => error === undefined)).toHaveLength(1);
    expect(results.filter((error) => isPeerError(error, "admission-refused", "pairing-closed"))).toHaveLength(1);
    expect(cluster.admissions).toHaveLength(1);
  });

  it("does not let a peer in the middle pass the exchange on", async () => {
    const { cluster, door, events, visit } = house();
    const { code } = door.openWindow();
    // The newcomer has reached Mallory, who passes its frames on over a connection of her own.
    const [newcomer, toNewcomer] = memoryStreams({ peerId: JOINER }, { peerId: MALLORY });
    const toMember = visit(MALLORY);
    const relay = (from: MemoryEnd, to: MemoryEnd) =>
      failed(
        (async () => {
          for (;;) await to.send(await from.receive({ timeoutMs: 5000 }));
        })(),
      );
    void relay(toNewcomer, toMember);
    void relay(toMember, toNewcomer);
    expect(await failed(pair(newcomer, code))).toMatchObject({ code: "pairing-failed" });
    toMember.abort(new Error("gone"));
    await expectSoon(() => events.length).toBe(1);
    expect(cluster.admissions).toEqual([]);
    expect(door.window?.triesLeft).toBe(4);
  });

  it("does not take what was recorded of a pairing that went well", async () => {
    const { cluster, door, visit } = house();
    const sent: Uint8Array[] = [];
    const tap: Tap = (frame, from) => {
      if (from === JOINER) sent.push(Uint8Array.from(frame));
      return [frame];
    };
    await pair(visit(JOINER, { tap }), door.openWindow().code);
    door.openWindow();
    const replay = visit();
    for (const frame of sent) await replay.send(frame);
    const answers = [await replay.receive({ timeoutMs: 5000 }), await replay.receive({ timeoutMs: 5000 })];
    expect(Buffer.from(answers[1] ?? []).toString("latin1")).toMatch(/refused.*pairing-failed/s);
    expect(cluster.admissions).toHaveLength(1);
    expect(door.window?.triesLeft).toBe(4);
  });

  it("tells the newcomer when the cluster refuses it, or its answer is not known, and lets it ask again with the same code", async () => {
    const { cluster, door, visit } = house({ deadlines: { admitMs: 30 } });
    const { code } = door.openWindow();
    cluster.onAdmit = () => Promise.reject(refusedByCluster());
    expect(await failed(pair(visit(), code))).toMatchObject({
      code: "admission-refused",
      message: expect.stringContaining("full"),
    });
    cluster.onAdmit = () => Promise.reject(new PeerError("internal", "no quorum", { nextStep: "Wait." }));
    expect(await failed(pair(visit(), code))).toMatchObject({ code: "admission-unknown" });
    cluster.onAdmit = () => Promise.withResolvers<void>().promise;
    expect(await failed(pair(visit(), code))).toMatchObject({ code: "admission-unknown" });
    expect(await failed(pair(visit(MALLORY), code, { self: MALLORY }))).toMatchObject({ code: "pairing-closed" });
    cluster.onAdmit = () => Promise.resolve();
    await expect(pair(visit(), code)).resolves.toBeDefined();
  });

  it("gives a member its welcome again when the first was lost on the way", async () => {
    const { cluster, door, visit } = house();
    const { code } = door.openWindow();
    let fromMember = 0;
    const stream = visit(JOINER, { tap: (frame, from) => (from === MEMBER && ++fromMember === 2 ? [] : [frame]) });
    void failed(pair(stream, code));
    await expectSoon(() => cluster.members.has(JOINER)).toBe(true);
    stream.abort(new Error("cut"));
    expect(Buffer.from(await askWelcome(visit()))).toEqual(Buffer.from(WELCOME));
    expect(await failed(askWelcome(visit(MALLORY)))).toMatchObject({ code: "admission-refused" });
  });

  it("takes no proof for a cluster that it does not belong to, and counts no try for it", async () => {
    const { door, visit } = house();
    const { code } = door.openWindow();
    const other = pairWith(visit(), { self: JOINER, clusterId: "c-other", method: "code", secret: code, application });
    expect(await failed(other)).toMatchObject({ code: "pairing-closed" });
    expect(door.window?.triesLeft).toBe(5);
  });
});

describe("the door, to who has the join secret", () => {
  it("lets in any number of peers", async () => {
    const { cluster, visit } = house({ joinSecret: SECRET });
    expect((await askAbout(visit())).pairing).toBe("secret");
    const names = Array.from({ length: 6 }, (_, n) => `${JOINER}${n}`);
    await Promise.all(names.map((self) => pair(visit(self), SECRET, { method: "secret", self })));
    expect(cluster.admissions.map(({ newcomer, by }) => `${newcomer.peerId} ${by}`).sort()).toEqual(
      names.map((name) => `${name} secret`),
    );
  });

  it("slows a host that guesses, whatever it calls itself, and no other", async () => {
    const { pass, visit } = house({ joinSecret: SECRET });
    const guess = (n: number) =>
      failed(pair(visit(`${MALLORY}${n}`), "another secret altogether", { method: "secret", self: `${MALLORY}${n}` }));
    for (let n = 0; n < 8; n += 1) expect(await guess(n)).toMatchObject({ code: "pairing-failed" });
    expect(await guess(8)).toMatchObject({ code: "pairing-paused", details: { retryAfterMs: 1000 } });
    await expect(pair(visit(JOINER, { address: "192.168.1.8" }), SECRET, { method: "secret" })).resolves.toBeDefined();
    pass(1000);
    expect(await guess(9)).toMatchObject({ code: "pairing-failed" });
    expect(await guess(10)).toMatchObject({ code: "pairing-paused", details: { retryAfterMs: 2000 } });
  });

  it("is not blocked by a host that begins proofs and leaves them hanging", async () => {
    await opaqueReady();
    const { visit } = house({ joinSecret: SECRET });
    const start = startProof("no secret of theirs").start;
    for (let n = 0; n < 20; n += 1) {
      await visit(`${MALLORY}${n}`).send(encode({ type: "pair", method: "secret", cluster: CLUSTER, start }));
    }
    const other = visit(JOINER, { address: "192.168.1.8" });
    await expect(pair(other, SECRET, { method: "secret" })).resolves.toBeDefined();
  });

  it("does not take the secret for a code, nor a code for the secret", async () => {
    const { door, visit } = house({ joinSecret: SECRET });
    const { code } = door.openWindow();
    expect(await failed(pair(visit(), SECRET))).toMatchObject({ code: "pairing-failed" });
    expect(await failed(pair(visit(), code, { method: "secret" }))).toMatchObject({ code: "pairing-failed" });
  });

  it("asks to wait while the founder still looks for others", async () => {
    const { cluster, visit } = house({ joinSecret: SECRET });
    cluster.takesSecrets = false;
    const retry = await failed(pair(visit(), SECRET, { method: "secret" }));
    expect(retry).toMatchObject({ code: "pairing-paused", details: { retryAfterMs: 250 } });
    cluster.takesSecrets = true;
    await expect(pair(visit(), SECRET, { method: "secret" })).resolves.toBeDefined();
  });

  it("is shut to all of them when there is none", async () => {
    expect(await failed(pair(house().visit(), SECRET, { method: "secret" }))).toMatchObject({ code: "pairing-closed" });
  });

  it("bounds what proofs may cost the peer in a second, whoever asks", async () => {
    const { pass, visit } = house({ joinSecret: SECRET });
    const all = async () => {
      for (let n = 0; ; n += 1) {
        const error = await failed(pair(visit(JOINER, { address: `10.0.${n}.1` }), SECRET, { method: "secret" }));
        if (error !== undefined) return { n, error };
      }
    };
    expect(await all()).toMatchObject({ n: 30, error: { code: "pairing-paused" } });
    pass(100);
    expect((await all()).n).toBe(3);
  });
});

describe("the door, to who sends anything", () => {
  it("lets nobody in and goes on, whatever frames come in whatever order", async () => {
    await opaqueReady();
    const { cluster, door, pass, visit } = house({ joinSecret: SECRET });
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 400 });
    const frame = fc.oneof(
      bytes,
      fc.constant(encode({ type: "hello", version: 1 })),
      fc.constant(encode({ type: "knock", application })),
      fc.constant(encode({ type: "accept" })),
      fc.constant(encode({ type: "still" })),
      fc.constant(encode({ type: "welcome" })),
      fc
        .tuple(fc.constantFrom("code", "secret"), fc.oneof(bytes, fc.constant(startProof("a guess").start)))
        .map(([method, start]) => encode({ type: "pair", method, cluster: CLUSTER, start })),
      fc.tuple(bytes, bytes).map(([finish, sealed]) => encode({ type: "prove", finish, sealed })),
    );
    let host = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 8 }), async (frames) => {
        pass(60_000);
        if (host % 5 === 0) door.openWindow();
        const [theirs, ours] = memoryStreams({ peerId: MALLORY, address: `10.0.0.${(host += 1)}` }, { peerId: MEMBER });
        const served = door.serve(ours);
        for (const each of frames) await failed(theirs.send(each));
        await failed(theirs.receive({ timeoutMs: 5000 }));
        theirs.abort(new Error("gone"));
        await served;
        expect(cluster.admissions).toEqual([]);
      }),
      { numRuns: 200 },
    );
    expect(door.waiting).toEqual([]);
    await expect(pair(visit(), SECRET, { method: "secret" })).resolves.toBeDefined();
  });
});

describe("the door, to who knocks", () => {
  const knock = (stream: MemoryEnd, confirm = () => Promise.resolve(true)) => knockAt(stream, { application, confirm });

  it("shows it to people with its fingerprint, and lets it in when both sides have said yes", async () => {
    const { cluster, door, events, visit } = house();
    const joined = knock(visit());
    await expect
      .poll(() => door.waiting)
      .toMatchObject([{ peerId: JOINER, name: "kitchen", fingerprint: fingerprintOf(JOINER), address: "192.168.1.7" }]);
    expect(cluster.admissions).toEqual([]);
    await door.approve(JOINER);
    expect(Buffer.from(await joined)).toEqual(Buffer.from(WELCOME));
    expect(cluster.admissions).toMatchObject([{ newcomer: { peerId: JOINER }, by: "approval" }]);
    expect(door.waiting).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(["waiting", "left", "admitted"]);
  });

  it("does not let it in when its own person does not want that cluster", async () => {
    const { cluster, door, visit } = house();
    const joined = failed(knock(visit(), () => Promise.resolve(false)));
    await expectSoon(() => door.waiting.length).toBe(1);
    expect(await failed(door.approve(JOINER))).toMatchObject({ code: "admission-refused" });
    expect(await joined).toMatchObject({ code: "interrupted" });
    expect(cluster.admissions).toEqual([]);
  });

  it("does not let it in when it says yes before anybody was asked", async () => {
    const { cluster, door, visit } = house();
    const stream = visit();
    await stream.send(encode({ type: "knock", application }));
    await stream.send(encode({ type: "accept" }));
    await stream.receive({ timeoutMs: 5000 });
    expect(Buffer.from(await stream.receive({ timeoutMs: 5000 })).toString("latin1")).toMatch(/peer-misbehaved/);
    expect(door.waiting).toEqual([]);
    expect(cluster.admissions).toEqual([]);
  });

  it("tells it when a person sends it away", async () => {
    const { door, visit } = house();
    const joined = failed(knock(visit()));
    await expectSoon(() => door.waiting.length).toBe(1);
    door.decline(JOINER);
    expect(await joined).toMatchObject({ code: "admission-refused" });
    expect(await failed(door.approve(JOINER))).toMatchObject({ code: "usage" });
  });

  it("forgets it when its stream ends, when it falls silent, and when its person never answers", async () => {
    const { door, visit } = house({ deadlines: { waitingSilenceMs: 50, answerMs: 20 } });
    const gone = visit();
    void failed(knock(gone));
    await expectSoon(() => door.waiting.length).toBe(1);
    gone.abort(new Error("gone"));
    await expectSoon(() => door.waiting.length).toBe(0);

    const silent = failed(knock(visit()));
    await expectSoon(() => door.waiting.length).toBe(1);
    expect(await silent).toMatchObject({ code: "peer-silent" });
    expect(door.waiting).toEqual([]);

    const undecided = house({ deadlines: { answerMs: 20 } });
    void failed(knock(undecided.visit(), () => Promise.withResolvers<boolean>().promise));
    await expectSoon(() => undecided.door.waiting.length).toBe(1);
    expect(await failed(undecided.door.approve(JOINER))).toMatchObject({ code: "peer-silent" });
  });

  it("keeps one place for each peer, and a bounded number of them for one host and in all", async () => {
    const { door, visit } = house();
    const first = failed(knock(visit()));
    await expectSoon(() => door.waiting.length).toBe(1);
    void failed(knock(visit()));
    await expect(first).resolves.toMatchObject({ code: "peer-silent" });
    expect(door.waiting).toHaveLength(1);

    for (let n = 0; n < 60; n += 1) void failed(knock(visit(`${MALLORY}${n}`, { address: `10.0.0.${n % 5}` })));
    await expectSoon(() => door.waiting.length).toBe(32);
    const crowded = await failed(knock(visit(`${MALLORY}x`, { address: "10.0.0.0" })));
    expect(crowded).toMatchObject({ code: "pairing-paused" });
    // A host that has none waiting takes the place of one of those that have many.
    void failed(knock(visit(`${MALLORY}y`, { address: "10.0.0.9" })));
    await expectSoon(() => door.waiting.map(({ peerId }) => peerId)).toContain(`${MALLORY}y`);
  });

  it("tells both people when the cluster does not take it", async () => {
    const { cluster, door, visit } = house();
    cluster.onAdmit = () => Promise.reject(refusedByCluster());
    const joined = failed(knock(visit()));
    await expectSoon(() => door.waiting.length).toBe(1);
    expect(await failed(door.approve(JOINER))).toMatchObject({ code: "admission-refused" });
    expect(await joined).toMatchObject({ code: "admission-refused" });
  });

  it("lets go of all when it closes", async () => {
    const { door, visit } = house();
    const joined = failed(knock(visit()));
    await expectSoon(() => door.waiting.length).toBe(1);
    door.close();
    expect(await joined).toMatchObject({ code: "peer-silent" });
    await expectSoon(() => door.waiting).toEqual([]);
    expect(await failed(askAbout(visit()))).toMatchObject({ code: "peer-silent" });
  });
});
