/** The client as a browser loads it: one file, minified. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

/** Where it begins. */
export const ENTRY = fileURLToPath(new URL("../src/index.ts", import.meta.url));
/** What all of it together may have, minified and compressed. */
export const MOST_BYTES = 50_000;

export interface Bundled {
  readonly code: string;
  /** Minified. */
  readonly bytes: number;
  /** Minified, and by gzip at its best. */
  readonly compressedBytes: number;
}

/** @param code what a program imports @throws Error when it needs anything that is not there */
export async function bundled(code: string): Promise<Bundled> {
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
  const [chunk, ...more] = output;
  if (more.length > 0) throw new Error(`${more.length} more files are needed`);
  const compressedBytes = gzipSync(chunk.code, { level: 9 }).byteLength;
  return { code: chunk.code, bytes: Buffer.byteLength(chunk.code), compressedBytes };
}
