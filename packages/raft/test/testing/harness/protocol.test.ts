import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRaftError } from "../../../src/errors.ts";
import { parseAction } from "../../../src/testing/harness/control.ts";
import { FrameReader, FrameWriter, MAX_FRAME_BYTES } from "../../../src/testing/harness/frames.ts";
import {
  readAnswer,
  readRequest,
  writeAnswer,
  writeRequest,
  type Answer,
  type Request,
} from "../../../src/testing/harness/protocol.ts";

const bytes = fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each));
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const whole = fc.maxSafeNat();
const kind = <K extends string>(name: K): fc.Arbitrary<K> => fc.constant(name);

const request: fc.Arbitrary<Request> = fc.oneof(
  fc.record({
    kind: kind("propose"),
    id: u32,
    timeoutMs: u32,
    forward: fc.boolean(),
    session: fc.option(fc.record({ session: whole, sequence: whole, acknowledged: whole }), { nil: undefined }),
    command: bytes,
  }),
  fc.record({
    kind: kind("read"),
    id: u32,
    timeoutMs: u32,
    consistency: fc.constantFrom("linearizable" as const, "stale" as const),
    query: bytes,
  }),
  fc.record({ kind: kind("watch"), id: u32, watch: bytes }),
  fc.record({ kind: kind("unwatch"), id: u32 }),
  fc.record({ kind: kind("open-session"), id: u32, timeoutMs: u32 }),
  fc.record({ kind: kind("control"), id: u32, body: bytes }),
);

const outcome = fc.oneof(
  fc.record({ outcome: kind("committed"), index: whole, term: whole, result: bytes }),
  fc.record({ outcome: kind("opened"), session: whole }),
  fc.record({ outcome: kind("not-leader"), leader: fc.option(fc.integer({ min: 1 }), { nil: undefined }) }),
  fc.record({
    outcome: kind("refused"),
    reason: fc.constantFrom(
      ...(["overloaded", "superseded", "transferring", "deadline", "stopped", "too-large", "session-expired"] as const),
      ...(["already-acknowledged", "bad-membership-change", "bad-transferee"] as const),
    ),
    detail: fc.string({ unit: "grapheme" }),
  }),
  fc.record({
    outcome: kind("unknown"),
    reason: fc.constantFrom("deadline" as const, "stopped" as const, "overtaken-by-snapshot" as const),
    detail: fc.string(),
  }),
);

const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ kind: kind("outcome"), id: u32, outcome }),
  fc.record({ kind: kind("value"), id: u32, index: whole, value: bytes }),
  fc.record({ kind: kind("watching"), id: u32, index: whole }),
  fc.record({ kind: kind("event"), id: u32, event: bytes }),
  fc.record({ kind: kind("control"), id: u32, body: bytes }),
  fc.record({ kind: kind("error"), id: u32, message: fc.string({ unit: "grapheme" }) }),
);

/** What `fill` writes, as the one write that it must be. */
function written(fill: (out: FrameWriter) => void): Buffer {
  const writes: Buffer[] = [];
  const out = new FrameWriter((chunk) => writes.push(chunk));
  fill(out);
  out.flush();
  expect(writes.length).toBe(1);
  return writes[0] ?? Buffer.alloc(0);
}

/** Frames of `stream`, which arrives in pieces of these sizes, over and over. */
function framesOf(stream: Buffer, sizes: readonly number[]): readonly Buffer[] {
  const reader = new FrameReader();
  const frames: Buffer[] = [];
  let at = 0;
  for (let i = 0; at < stream.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    frames.push(...reader.read(stream.subarray(at, at + size)));
    at += size;
  }
  return frames;
}

describe("the protocol of the harness", () => {
  it("brings every request over as it was, however the stream is cut", () => {
    fc.assert(
      fc.property(
        fc.array(request, { minLength: 1, maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
        (requests, sizes) => {
          const stream = written((out) => requests.forEach((each) => writeRequest(out, each)));
          expect(framesOf(stream, sizes).map(readRequest)).toEqual(requests);
        },
      ),
    );
  });

  it("brings every answer over as it was", () => {
    fc.assert(
      fc.property(fc.array(answer, { minLength: 1, maxLength: 20 }), (answers) => {
        const stream = written((out) => answers.forEach((each) => writeAnswer(out, each)));
        expect(framesOf(stream, [stream.length]).map(readAnswer)).toEqual(answers);
      }),
    );
  });

  it("keeps what was written before apart from what is written after", () => {
    const writes: Buffer[] = [];
    const out = new FrameWriter((chunk) => writes.push(chunk));
    const requests = Array.from({ length: 50 }, (_, id) => ({
      kind: "watch" as const,
      id,
      watch: Buffer.alloc(id * 40, id),
    }));
    for (const each of requests) {
      writeRequest(out, each);
      out.flush();
    }
    expect(framesOf(Buffer.concat(writes), [1000]).map(readRequest)).toEqual(requests);
  });

  it("answers bytes that mean nothing with an error of its own kind, whatever they are", () => {
    const mutated = fc.tuple(request, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }), fc.nat());
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 100 })), (given) => {
        const frame = given instanceof Uint8Array ? Buffer.from(given) : damaged(...given);
        for (const read of [readRequest, readAnswer]) {
          try {
            read(frame);
          } catch (error) {
            expect(isRaftError(error, "corrupt")).toBe(true);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses frames that claim to be huge, or nothing", () => {
    for (const length of [0, MAX_FRAME_BYTES + 1, 0xffff_ffff]) {
      const head = Buffer.alloc(4);
      head.writeUInt32LE(length);
      expect(() => new FrameReader().read(head)).toThrow("a frame of");
    }
  });

  it("takes in no control request that is not one", () => {
    const body = fc.oneof(
      fc.json().map((text) => Buffer.from(text)),
      fc.record({ action: fc.constantFrom("membership", "link", "peers", "stop"), steps: fc.anything() }).map(asJson),
      bytes,
    );
    fc.assert(
      fc.property(body, (given) => {
        expect(() => parseAction(given)).toThrow(expect.objectContaining({ code: "corrupt" }));
      }),
    );
    const link = { action: "link", peer: 2, cut: true, delayMs: 5 } as const;
    expect(parseAction(asJson(link))).toEqual(link);
    const membership = { action: "membership", steps: [{ operation: "remove", node: 3 }], timeoutMs: 10 } as const;
    expect(parseAction(asJson(membership))).toEqual(membership);
  });
});

function asJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** A request with some bytes changed and cut short. */
function damaged(whole: Request, changes: readonly (readonly [number, number])[], cut: number): Buffer {
  const frame = Buffer.from(written((out) => writeRequest(out, whole)).subarray(4));
  for (const [place, value] of changes) frame[place % frame.length] = value;
  return frame.subarray(0, 1 + (cut % frame.length));
}
