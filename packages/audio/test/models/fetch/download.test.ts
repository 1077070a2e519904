import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { download } from "../../../src/models/fetch/download.ts";
import type { DownloadResult } from "../../../src/models/fetch/download.ts";
import type { FetchLimits } from "../../../src/models/index.ts";
import { noise, sha256, temporaryFolder, TEST_LIMITS } from "../support/models.ts";
import type { Behaviour, UnrulyServer } from "../support/unruly-server.ts";
import {
  answering,
  changedTo,
  corruptly,
  cuttingAfter,
  declaring,
  endingAfter,
  endlessly,
  honestly,
  ignoringRange,
  silently,
  stallingAfter,
  startUnrulyServer,
  withAnotherRange,
} from "../support/unruly-server.ts";

const CONTENT = noise(300_000);

interface Run {
  readonly result: DownloadResult;
  readonly server: UnrulyServer;
  readonly target: string;
  readonly folder: string;
}

interface RunOptions {
  readonly limits?: Partial<FetchLimits>;
  readonly impatient?: boolean;
  readonly partial?: Buffer;
  readonly signal?: AbortSignal;
  readonly onBytes?: (bytes: number) => void;
}

/** Downloads CONTENT from a server with these behaviours. */
async function run(behaviours: readonly Behaviour[], options: RunOptions = {}): Promise<Run> {
  const server = await startUnrulyServer();
  const url = server.serve("/model.onnx", CONTENT, ...behaviours);
  const folder = await temporaryFolder();
  const target = join(folder, "model.onnx");
  if (options.partial) await writeFile(`${target}.partial`, options.partial);
  const result = await download(
    { url, target, bytes: CONTENT.length, sha256: sha256(CONTENT) },
    {
      limits: { ...TEST_LIMITS, ...options.limits },
      signal: options.signal ?? new AbortController().signal,
      impatient: options.impatient ?? false,
      onBytes(bytes) {
        server.arrived(bytes);
        options.onBytes?.(bytes);
      },
    },
  );
  return { result, server, target, folder };
}

async function expectWhole({ result, target, folder }: Run): Promise<void> {
  expect(result).toEqual({ ok: true });
  expect(sha256(await readFile(target))).toBe(sha256(CONTENT));
  expect(await readdir(folder)).toEqual(["model.onnx"]);
}

const ranges = ({ server }: Run): (string | undefined)[] => server.requests.map(({ range }) => range);

describe("a download", () => {
  test("fetches a file whole and leaves nothing else", async () => {
    const done = await run([honestly()]);
    await expectWhole(done);
    expect(done.server.requests).toHaveLength(1);
  });

  test("resumes with a Range request where the connection was cut", async () => {
    const done = await run([cuttingAfter(100_000), cuttingAfter(50_000), honestly()]);
    await expectWhole(done);
    expect(ranges(done)).toEqual([undefined, "bytes=100000-", "bytes=150000-"]);
  });

  test("resumes what an earlier process left", async () => {
    const done = await run([honestly()], { partial: CONTENT.subarray(0, 123_456) });
    await expectWhole(done);
    expect(ranges(done)).toEqual(["bytes=123456-"]);
  });

  test("only checks a partial file that is complete already", async () => {
    const done = await run([honestly()], { partial: CONTENT });
    await expectWhole(done);
    expect(done.server.requests).toEqual([]);
  });

  test("starts over when the server ignores Range", async () => {
    await expectWhole(await run([cuttingAfter(100_000), ignoringRange]));
  });

  test("starts over when the server sends another range than the asked one", async () => {
    await expectWhole(await run([cuttingAfter(100_000), withAnotherRange, honestly()]));
  });

  test("starts over when the file on the server changed between two parts", async () => {
    const old = noise(CONTENT.length);
    const done = await run([
      (exchange) => cuttingAfter(100_000, '"old"')({ ...exchange, content: old }),
      honestly('"new"'),
    ]);
    await expectWhole(done);
  });

  test("starts over when a server without validators mixed two versions", async () => {
    const old = noise(CONTENT.length);
    const done = await run([(exchange) => cuttingAfter(100_000)({ ...exchange, content: old }), honestly()]);
    await expectWhole(done);
    expect(ranges(done)).toEqual([undefined, "bytes=100000-", undefined]);
  });

  test("discards a partial file that is longer than the whole", async () => {
    await expectWhole(await run([honestly()], { partial: noise(CONTENT.length + 1) }));
  });

  test("starts over when the server calls the range unsatisfiable", async () => {
    await expectWhole(await run([answering(416), honestly()], { partial: CONTENT.subarray(0, 10) }));
  });

  test("hangs up on a silent server and resumes", async () => {
    const limits = { idleTimeoutMs: 300 };
    const done = await run([stallingAfter(100_000), honestly()], { limits });
    await expectWhole(done);
    expect(ranges(done)).toEqual([undefined, "bytes=100000-"]);
  });

  test("fetches again when bytes were corrupted on the way", async () => {
    await expectWhole(await run([corruptly, honestly()]));
  });

  test("gives up on a server that keeps sending something else", async () => {
    const { result, folder, server } = await run([changedTo(noise(CONTENT.length))]);
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining("sha256") });
    expect(server.requests).toHaveLength(2);
    expect(await readdir(folder)).toEqual([]);
  });

  test("refuses a file of another size before its first byte", async () => {
    const { result, server, folder } = await run([declaring(7_000_000_000)]);
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining("7000000000") });
    expect(server.requests).toHaveLength(1);
    expect(await readdir(folder)).toEqual([]);
  });

  test("hangs up when more comes than the catalogue says", async () => {
    const { result, folder } = await run([endlessly]);
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining("more than") });
    expect(await readdir(folder)).toEqual([]);
  });

  test("resumes when the answer ended early without a broken connection", async () => {
    await expectWhole(await run([endingAfter(1_000), honestly()]));
  });

  test("follows redirects, with its range", async () => {
    const server = await startUnrulyServer();
    const mirror = server.serve("/mirror", CONTENT, honestly());
    const done = await run([cuttingAfter(100_000), answering(302, { location: mirror })]);
    await expectWhole(done);
    expect(server.requests).toEqual([{ path: "/mirror", range: "bytes=100000-" }]);
  });

  test.each([500, 502, 503, 429])("asks again after a %i", async (status) => {
    await expectWhole(await run([answering(status), answering(status, { "retry-after": "0" }), honestly()]));
  });

  test.each([401, 403, 404, 410])("does not ask again after a %i", async (status) => {
    const { result, server } = await run([answering(status), honestly()]);
    expect(result).toMatchObject({ ok: false, status });
    expect(server.requests).toHaveLength(1);
  });

  test("obeys Retry-After, but not longer than its own patience", async () => {
    await expectWhole(
      await run([answering(503, { "retry-after": "86400" }), honestly()], { limits: { maxRetryAfterMs: 5 } }),
    );
  });

  test("gives up after its attempts, and keeps what it has", async () => {
    const { result, server, folder } = await run([cuttingAfter(100_000), answering(503)]);
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining("503") });
    expect(server.requests).toHaveLength(1 + TEST_LIMITS.attempts);
    expect(await readdir(folder)).toContain("model.onnx.partial");
  });

  test("asks an unreachable server once when another source is left", async () => {
    const { result, server } = await run([silently], { impatient: true, limits: { connectTimeoutMs: 200 } });
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining("silent") });
    expect(server.requests).toHaveLength(1);
  });

  test("names the network's own error", async () => {
    const target = join(await temporaryFolder(), "x");
    const url = "http://127.0.0.1:1/";
    const signal = new AbortController().signal;
    const task = { url, target, bytes: 1, sha256: "" };
    const result = await download(task, { limits: TEST_LIMITS, signal, impatient: true, onBytes: () => undefined });
    expect(result).toMatchObject({ ok: false, reason: expect.stringMatching(/ECONNREFUSED|bad port/) });
  });

  test("reports bytes that only grow while nothing is started over", async () => {
    const seen: number[] = [];
    await run([cuttingAfter(100_000), honestly()], { onBytes: (bytes) => seen.push(bytes) });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(CONTENT.length);
  });

  test("stops when cancelled in the middle, keeping the part", async () => {
    const cancel = new AbortController();
    const running = run([stallingAfter(100_000)], {
      signal: cancel.signal,
      onBytes: (bytes) => bytes === 100_000 && cancel.abort(),
    });
    await expect(running).rejects.toMatchObject({ code: "job-cancelled" });
  });

  test("stops when cancelled during the pause before a retry", async () => {
    const signal = AbortSignal.timeout(200);
    const running = run([answering(503, { "retry-after": "3600" })], {
      signal,
      limits: { maxRetryAfterMs: 3_600_000 },
    });
    await expect(running).rejects.toMatchObject({ code: "job-timed-out" });
  });
});
