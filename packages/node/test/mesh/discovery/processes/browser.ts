/** Says what it finds; ends with stdin. */
import { startBrowser } from "../../../../src/mesh/discovery/browser.ts";

const say = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`);
const browser = startBrowser({
  tidyEveryMs: 200,
  onFound: (peer) => say({ event: "found", ...peer }),
  onGone: (instance) => say({ event: "gone", instance }),
  onTrouble: ({ message }) => say({ event: "trouble", message }),
});
process.stdin.on("end", () => void browser.close()).resume();
