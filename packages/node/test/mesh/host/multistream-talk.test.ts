import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answersTo, guardStream } from "../../../src/mesh/host/negotiation-guard.ts";
import { MultistreamTalk, type Verdict } from "../../../src/mesh/host/multistream-talk.ts";

const HEADER = "/multistream/1.0.0";
const KNOWN = ["/noise", "/parley/door/1"];
const settles = (text: string): boolean => KNOWN.includes(text);

function frame(text: string): Buffer {
  const body = Buffer.from(`${text}\n`);
  const length =
    body.length < 128 ? Buffer.of(body.length) : Buffer.of(128 + (body.length % 128), Math.floor(body.length / 128));
  return Buffer.concat([length, body]);
}

function verdictOn(pieces: readonly Uint8Array[]): Verdict {
  const talk = new MultistreamTalk(settles);
  let verdict: Verdict = "open";
  for (const piece of pieces) verdict = talk.read(piece);
  return verdict;
}

function cut(bytes: Uint8Array, lengths: readonly number[]): readonly Uint8Array[] {
  const pieces = [];
  let from = 0;
  for (const length of lengths) {
    pieces.push(bytes.subarray(from, from + length));
    from += length;
  }
  return [...pieces, bytes.subarray(from)];
}

const unknown = fc.string({ unit: "grapheme-ascii", maxLength: 250 }).filter((text) => !settles(text));
const talkative = fc
  .array(
    fc.oneof(
      unknown.map(frame),
      fc.constantFrom(HEADER, "ls", "na").map(frame),
      fc.constantFrom(...KNOWN).map(frame),
      fc.uint8Array({ maxLength: 20 }),
      fc.integer({ min: 0, max: 300 }).map((count) => Buffer.alloc(count, 0xff)),
    ),
    { maxLength: 24 },
  )
  .map((parts) => Buffer.concat(parts));

describe("what is said before an agreement", () => {
  it("is judged the same however it is cut into pieces", () => {
    fc.assert(
      fc.property(talkative, fc.array(fc.nat(40), { maxLength: 60 }), (bytes, lengths) => {
        const whole = verdictOn([bytes]);
        expect(verdictOn(cut(bytes, lengths))).toBe(whole);
        expect(verdictOn([...bytes].map((byte) => Uint8Array.of(byte)))).toBe(whole);
      }),
    );
  });

  it("is over with the first thing that is known, after some that are not and a list or two", () => {
    const asked = fc.array(fc.oneof(fc.string({ unit: "grapheme-ascii", maxLength: 90 }), fc.constant("ls")), {
      maxLength: 14,
    });
    fc.assert(
      fc.property(asked, fc.constantFrom(...KNOWN), fc.uint8Array(), (before, known, after) => {
        const said = [HEADER, ...before.filter((text) => !settles(text)), known].map(frame);
        if (Buffer.concat(said).length > 2_048) return;
        expect(verdictOn([Buffer.concat(said.slice(0, -1))])).toBe("open");
        expect(verdictOn([Buffer.concat([...said, after])])).toBe("over");
      }),
    );
  });

  it.each([
    ["a length without an end", Buffer.alloc(3, 0xff)],
    ["nothing, framed", Buffer.of(0)],
    ["a length of two bytes that needs one", Buffer.of(0x82, 0)],
    ["a text that is too long", frame("x".repeat(256))],
    ["a text without its end of line", Buffer.of(2, 0x61, 0x61)],
    ["too many questions", Buffer.concat(Array.from({ length: 17 }, () => frame("ls")))],
    ["too long questions", Buffer.concat(Array.from({ length: 9 }, () => frame("x".repeat(250))))],
    ["garbage after what is not known", Buffer.concat([frame(HEADER), frame("/tls/1.0.0"), Buffer.alloc(3, 0xff)])],
    ["a known name with something behind it", Buffer.concat([frame("/noise "), Buffer.alloc(3, 0xff)])],
  ])("is broken by %s, and stays so", (_, bytes) => {
    expect(verdictOn([bytes])).toBe("broken");
    expect(verdictOn([bytes, frame("/noise")])).toBe("broken");
  });

  it("takes for an answer only what repeats the question of the same turn", () => {
    const isAnswer = answersTo(["/a", "/b"]);
    const heard = (...texts: readonly string[]): Verdict => new MultistreamTalk(isAnswer).read(all(texts));
    const all = (texts: readonly string[]): Buffer => Buffer.concat(texts.map(frame));
    expect(heard(HEADER, "/a")).toBe("over");
    expect(heard(HEADER, "na", "/b")).toBe("over");
    for (const texts of [["/a"], [HEADER, "/b"], [HEADER, "na", "/a"], [HEADER, "na", "na"]]) {
      expect(heard(...texts)).toBe("open");
    }
  });

  it("reaches who listens up to where it breaks, and all of it once it is over", () => {
    fc.assert(
      fc.property(
        talkative,
        fc.array(fc.nat(400), { maxLength: 30 }),
        fc.integer({ min: 0, max: 9 }),
        (bytes, lengths, early) => {
          const passed: Uint8Array[] = [];
          let breaks = 0;
          const stream = {
            readBuffer: bytes.subarray(0, early),
            onData: (data: Uint8Array) => void passed.push(Uint8Array.from(data)),
          };
          const isHeard = guardStream(stream, settles, () => (breaks += 1));
          const pieces = cut(bytes.subarray(early), lengths);
          if (isHeard) for (const piece of pieces) stream.onData(piece);
          const whole = verdictOn([bytes]);
          const isBroken = whole === "broken";
          expect(breaks).toBe(isBroken ? 1 : 0);
          const heard = Buffer.concat(passed);
          if (isBroken) expect(heard.length).toBeLessThanOrEqual(2_048);
          else expect(heard.equals(bytes.subarray(early))).toBe(true);
          if (isHeard && isBroken) expect(verdictOn([bytes.subarray(0, early), heard])).toBe("open");
        },
      ),
    );
  });
});
