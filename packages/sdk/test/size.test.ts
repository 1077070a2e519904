/** What a browser has to load of the client. */
import { expect, it } from "vitest";
import { bundled, ENTRY, MOST_BYTES } from "../bench/bundled.ts";

it("is below 50 kB, minified and compressed, all of it together, and needs nothing of Node", async () => {
  const { compressedBytes: bytes, code } = await bundled(`export * from ${JSON.stringify(ENTRY)};`);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(MOST_BYTES);
  expect(code).not.toMatch(/\bnode:|\brequire\(|multicast|\bBuffer\b/);
});

it("leaves out what is not used: a program that only reads frames takes a fiftieth of it", async () => {
  const { compressedBytes: bytes, code } = await bundled(`export { decodeAudioFrame } from ${JSON.stringify(ENTRY)};`);
  expect(code).not.toContain("WebSocket");
  expect(bytes).toBeLessThan(1_000);
});
