/** `npm run bench -- sdk-size`: what a browser has to load of the client. */
import { below, informs } from "../../../tools/bench/rows.ts";
import type { Bench } from "../../../tools/bench/types.ts";
import { bundled, ENTRY, MOST_BYTES } from "./bundled.ts";

const PARTS: Readonly<Record<string, string>> = {
  "a client": "connect",
  "binary frames alone": "decodeAudioFrame, encodeAudioFrame",
  "reading messages alone": "parseMessage",
};

const bench: Bench = async () => {
  const from = JSON.stringify(ENTRY);
  const all = await bundled(`export * from ${from};`);
  const rows = [
    below(MOST_BYTES, informs("all of it, minified and compressed", all.compressedBytes, "B")),
    informs("all of it, minified", all.bytes, "B"),
  ];
  for (const [what, names] of Object.entries(PARTS)) {
    const { compressedBytes } = await bundled(`export { ${names} } from ${from};`);
    rows.push(informs(`${what}, minified and compressed`, compressedBytes, "B"));
  }
  return { bench: "sdk-size", rows };
};
export default bench;
