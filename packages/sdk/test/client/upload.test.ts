import { afterEach, describe, expect, it, vi } from "vitest";
import { decodeAudioFrame } from "../../src/index.ts";
import { Upload } from "../../src/client/work/upload.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

async function* chunks(...counts: readonly number[]): AsyncGenerator<Float32Array> {
  for (const count of counts) yield new Float32Array(count);
}

function wayTo(sent: Uint8Array[], onEnd: () => void = () => undefined) {
  const line = { bufferedAmount: 0, send: (bytes: Uint8Array<ArrayBuffer>) => void sent.push(bytes) };
  return { stream: 1, line, tellsEcho: false, onEnd };
}

/** The test fails with it. */
function raise(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

const uploadOf = (neverWaits = false): Upload => new Upload({ neededFrom: () => 0, neverWaits, onFailed: raise });

describe("the caller's audio", () => {
  it("is taken for live as long as it is not ahead of the clock, and never again once it was", async () => {
    let nowMs = 0;
    vi.spyOn(performance, "now").mockImplementation(() => nowMs);
    const live = uploadOf();
    live.begin(0, wayTo([]));
    await live.read(chunks(16_000, 16_000));
    expect(live.said.isLive).toBe(true);
    const recording = uploadOf();
    recording.begin(0, wayTo([]));
    await recording.read(chunks(60 * 16_000));
    nowMs = 600_000;
    expect(recording.said).toEqual({ samples: 60 * 16_000, isLive: false });
  });

  it("is sent in frames of at most a tenth of a second, and its end is told once to each peer", async () => {
    const upload = uploadOf();
    const [first, second]: [Uint8Array[], Uint8Array[]] = [[], []];
    let ends = 0;
    upload.begin(
      0,
      wayTo(first, () => (ends += 1)),
    );
    await upload.read(chunks(4000, 100));
    expect(first.map((bytes) => (bytes.byteLength - 16) / 2)).toEqual([1600, 1600, 800, 100]);
    expect(ends).toBe(1);
    upload.begin(
      2000,
      wayTo(second, () => (ends += 1)),
    );
    await vi.waitFor(() => expect(ends).toBe(2));
    const frames = second.map((bytes) => decodeAudioFrame(bytes));
    expect(frames).toMatchObject([{ sequence: 0, timestampMs: 0 }, { sequence: 1 }, { sequence: 2, timestampMs: 125 }]);
  });

  it("waits while too much of it is unsent, and goes on", async () => {
    const upload = uploadOf();
    const sent: Uint8Array[] = [];
    const way = wayTo(sent);
    const line = { ...way.line, bufferedAmount: 2_000_000 };
    upload.begin(0, { ...way, line });
    const reading = upload.read(chunks(1600));
    await new Promise((resolve) => {
      setTimeout(resolve, 30);
    });
    expect(sent).toEqual([]);
    line.bufferedAmount = 0;
    await reading;
    expect(sent).toHaveLength(1);
  });

  it("cannot be carried on once what is needed of it is not kept any more, unless it may miss some", async () => {
    const upload = uploadOf(true);
    await upload.read(chunks(...Array.from({ length: 11 }, () => 60 * 16_000)));
    expect(upload.beginning(false)).toBeUndefined();
    expect(upload.beginning(true)).toBe(60 * 16_000);
  });
});
