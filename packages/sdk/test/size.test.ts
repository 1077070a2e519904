/** What a browser has to load of the client. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, it } from "vitest";

const ENTRY = fileURLToPath(new URL("../src/index.ts", import.meta.url));
const LARGEST_BYTES = 50_000;

async function bundled(code: string): Promise<{ readonly bytes: number; readonly code: string }> {
  const build = await rolldown({
    input: "entry",
    platform: "browser",
    resolve: { conditionNames: ["parley-source", "browser", "import", "default"] },
    logLevel: "silent",
    // Nothing but what is there may be needed: no module of Node, no package that is looked for later.
    onLog: (_level, log) => {
      throw new Error(log.message);
    },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "entry" ? id : undefined),
        load: (id) => (id === "entry" ? code : undefined),
      },
    ],
  });
  const { output } = await build.generate({ format: "esm", minify: true });
  await build.close();
  expect(output).toHaveLength(1);
  const [chunk] = output;
  return { bytes: gzipSync(chunk.code, { level: 9 }).byteLength, code: chunk.code };
}

it("is below 50 kB, minified and compressed, all of it together, and needs nothing of Node", async () => {
  const { bytes, code } = await bundled(`export * from ${JSON.stringify(ENTRY)};`);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(LARGEST_BYTES);
  expect(code).not.toMatch(/\bnode:|\brequire\(|multicast|\bBuffer\b/);
});

it("leaves out what is not used: a program that only reads frames takes a fiftieth of it", async () => {
  const { bytes, code } = await bundled(`export { decodeAudioFrame } from ${JSON.stringify(ENTRY)};`);
  expect(code).not.toContain("WebSocket");
  expect(bytes).toBeLessThan(1_000);
});
