import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { isPeerError } from "../../../../src/errors.ts";
import { beginPairing } from "../../../../src/mesh/door/pairing/joiner.ts";
import { answerPairing } from "../../../../src/mesh/door/pairing/member.ts";
import { opaqueReady, type Parties } from "../../../../src/mesh/door/pairing/opaque.ts";
import { PairingSession } from "../../../../src/mesh/door/pairing/session.ts";
import { decode } from "../../../../src/mesh/door/protocol/codec.ts";
import { requestSchema, type Verdict } from "../../../../src/mesh/door/protocol/messages.ts";
import { application, CLUSTER, JOINER, MALLORY, MEMBER, WELCOME } from "../people.ts";

const CODE = "KQ7M3XWA";
const parties: Parties = { method: "code", clusterId: CLUSTER, joiner: JOINER, member: MEMBER };
const welcome: Verdict = { outcome: "welcome", welcome: WELCOME };

beforeAll(opaqueReady);

interface Run {
  readonly joiner?: Partial<Parties>;
  readonly member?: Partial<Parties>;
  readonly typed?: string;
  /** What arrives instead of the frame with this number, 0 to 3. */
  readonly change?: (frame: Uint8Array, number: number) => Uint8Array;
}

/** A whole exchange; what each side ends with. */
function pair({ joiner = {}, member = {}, typed = CODE, change = (frame) => frame }: Run) {
  const frames: Uint8Array[] = [];
  let applied: string | undefined;
  const carry = (frame: Uint8Array) => {
    const arrives = change(frame, frames.length);
    frames.push(frame);
    return arrives;
  };
  try {
    const begun = beginPairing({ parties: { ...parties, ...joiner }, secret: typed, application });
    const pairFrame = carry(begun.frame);
    const request = decode(requestSchema, pairFrame);
    if (request.type !== "pair") throw new Error(`a ${request.type} arrived`);
    // As the door does: the method and the cluster are what the newcomer says, if the member has them.
    const memberParties = { ...parties, ...member, method: request.method, clusterId: request.cluster };
    const answered = answerPairing({ parties: memberParties, secret: CODE }, pairFrame, request.start);
    const proven = begun.challenged(carry(answered.frame));
    const heard = answered.proven(carry(proven.frame));
    applied = heard.application.name;
    return { frames, applied, verdict: proven.judged(carry(heard.judge(welcome))), error: undefined };
  } catch (error) {
    return { frames, applied, verdict: undefined, error };
  }
}

function errorOf(step: () => unknown): unknown {
  try {
    step();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Changes each byte of `frame` in turn, to another value each time. @returns how many that were */
function expectRefusals(frame: Uint8Array, errorOfChanged: (changed: Uint8Array) => unknown): number {
  for (let at = 0; at < frame.length; at += 1) {
    const changed = Uint8Array.from(frame);
    changed[at] = (changed[at] ?? 0) ^ ((at % 255) + 1);
    const error = errorOfChanged(changed);
    expect(isPeerError(error, "pairing-failed", "peer-misbehaved"), `byte ${at}: ${String(error)}`).toBe(true);
  }
  return frame.length;
}

describe("pairing", () => {
  it("brings the application to the member and the welcome to the newcomer when both know the code", () => {
    const { error, applied, verdict } = pair({});
    expect(error).toBeUndefined();
    expect(applied).toBe("kitchen");
    expect(verdict).toEqual({ outcome: "welcome", welcome: Buffer.from(WELCOME) });
  });

  it("brings a refusal as well, sealed like a welcome", () => {
    const begun = beginPairing({ parties, secret: CODE, application });
    const request = decode(requestSchema, begun.frame);
    if (request.type !== "pair") throw new Error("no pair");
    const answered = answerPairing({ parties, secret: CODE }, begun.frame, request.start);
    const proven = begun.challenged(answered.frame);
    const refused = answered.proven(proven.frame).judge({ outcome: "refused", reason: "the cluster is full" });
    expect(Buffer.from(refused).includes("full")).toBe(false);
    expect(proven.judged(refused)).toEqual({ outcome: "refused", reason: "the cluster is full" });
  });

  it("fails at the newcomer, before it says anything of itself, when the code is wrong", () => {
    const { error, frames, applied } = pair({ typed: "KQ7M3XWC" });
    expect(error).toMatchObject({ code: "pairing-failed", nextStep: expect.stringContaining("parley pair") });
    expect(frames).toHaveLength(2);
    expect(applied).toBeUndefined();
  });

  it("fails at the member when a newcomer goes on with a proof of another exchange", () => {
    const other = pair({});
    const { error, applied } = pair({ change: (frame, number) => (number === 2 ? (other.frames[2] ?? frame) : frame) });
    expect(error).toMatchObject({ code: "pairing-failed" });
    expect(applied).toBeUndefined();
  });

  it("fails when a peer in the middle passes everything on, for it has another peer id than either", () => {
    const { error, applied } = pair({ joiner: { member: MALLORY }, member: { joiner: MALLORY } });
    expect(error).toMatchObject({ code: "pairing-failed" });
    expect(applied).toBeUndefined();
  });

  it.each<[string, Run]>([
    ["the newcomer's peer id", { member: { joiner: MALLORY } }],
    ["the member's peer id", { joiner: { member: MALLORY } }],
  ])("fails when the two sides differ in %s alone", (_what, run) => {
    expect(pair(run)).toMatchObject({ error: { code: "pairing-failed" }, applied: undefined });
  });

  it("does not take a proof of the code for one of the join secret, nor of one cluster for another", () => {
    for (const differing of [{ method: "secret" }, { clusterId: "c-other" }] as const) {
      const begun = beginPairing({ parties, secret: CODE, application });
      const request = decode(requestSchema, begun.frame);
      if (request.type !== "pair") throw new Error("no pair");
      const answered = answerPairing(
        { parties: { ...parties, ...differing }, secret: CODE },
        begun.frame,
        request.start,
      );
      expect(() => begun.challenged(answered.frame)).toThrowError(expect.objectContaining({ code: "pairing-failed" }));
    }
  });

  it("cannot be replayed: no frame of an earlier exchange, alone or with others, brings an application in", () => {
    const recorded = pair({}).frames;
    fc.assert(
      fc.property(fc.subarray([0, 1, 2, 3], { minLength: 1, maxLength: 3 }), (replayed) => {
        const change = (frame: Uint8Array, number: number) =>
          replayed.includes(number) ? (recorded[number] ?? frame) : frame;
        const { error, verdict } = pair({ change });
        expect(isPeerError(error, "pairing-failed", "peer-misbehaved")).toBe(true);
        expect(verdict).toBeUndefined();
      }),
      { numRuns: 14 },
    );
  });

  it("ends in a typed error, without an application, whichever byte of whichever frame is changed", () => {
    const begun = beginPairing({ parties, secret: CODE, application });
    const request = decode(requestSchema, begun.frame);
    if (request.type !== "pair") throw new Error("no pair");
    const answered = answerPairing({ parties, secret: CODE }, begun.frame, request.start);
    const proven = begun.challenged(answered.frame);
    const verdictFrame = answered.proven(proven.frame).judge(welcome);

    const first = expectRefusals(
      begun.frame,
      (changed) => pair({ change: (frame, n) => (n === 0 ? changed : frame) }).error,
    );
    const challenge = expectRefusals(answered.frame, (changed) => errorOf(() => begun.challenged(changed)));
    const prove = expectRefusals(proven.frame, (changed) => errorOf(() => answered.proven(changed)));
    const verdict = expectRefusals(verdictFrame, (changed) => errorOf(() => proven.judged(changed)));
    expect(Math.min(first, challenge, prove, verdict)).toBeGreaterThan(64);
  }, 60_000);

  it("ends in a typed error when frames are cut, lengthened or made up", () => {
    const made = fc.uint8Array({ maxLength: 700 });
    fc.assert(
      fc.property(
        fc.nat(3),
        made,
        fc.nat(700),
        fc.constantFrom("cut", "lengthen", "replace"),
        (which, bytes, cut, how) => {
          const change = (frame: Uint8Array, number: number) => {
            if (number !== which) return frame;
            if (how === "replace") return bytes;
            return how === "cut" ? frame.subarray(0, cut % frame.length) : Buffer.concat([frame, bytes, Buffer.of(0)]);
          };
          const { error } = pair({ change });
          expect(isPeerError(error, "pairing-failed", "peer-misbehaved")).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("shows neither the code nor the application to who listens", () => {
    for (const frame of pair({}).frames) {
      for (const secret of [CODE, "kitchen", "192.168.1.7", "welcome to"]) {
        expect(Buffer.from(frame).includes(secret)).toBe(false);
      }
    }
  });
});

describe("what is sealed in a pairing", () => {
  it("opens in its own direction and exchange only", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (plain) => {
        const key = new Uint8Array(64).fill(1);
        const session = new PairingSession(key, new Uint8Array(32));
        const sealed = session.seal("application", plain);
        expect(session.open("application", sealed)).toEqual(Buffer.from(plain));
        expect(session.open("verdict", sealed)).toBeUndefined();
        expect(new PairingSession(key, new Uint8Array(32).fill(1)).open("application", sealed)).toBeUndefined();
        expect(new PairingSession(new Uint8Array(64), new Uint8Array(32)).open("application", sealed)).toBeUndefined();
        for (let bytes = 0; bytes < sealed.length; bytes += 1) {
          expect(session.open("application", sealed.subarray(0, bytes))).toBeUndefined();
        }
      }),
    );
  });
});
