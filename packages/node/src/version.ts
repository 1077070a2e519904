/** The version of this package, for greetings and `--version`. */
import { createRequire } from "node:module";
import * as z from "zod";

const manifest: unknown = createRequire(import.meta.url)("../package.json");

/** Such as `0.1.0`. */
export const VERSION: string = z.object({ version: z.string() }).parse(manifest).version;
