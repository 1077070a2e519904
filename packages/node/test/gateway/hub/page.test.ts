import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { HUB } from "../../../src/gateway/hub/times.ts";
import { PAUSED_AFTER_MS } from "../../../src/gateway/sessions/sessions.ts";

const MIB = 1024 * 1024;

it("docs/PROTOCOL.md names the times and bounds that the hub keeps to", async () => {
  const page = await readFile(path.resolve(import.meta.dirname, "../../../../../docs/PROTOCOL.md"), "utf8");
  const words = page.replaceAll(/\s+/g, " ");
  for (const said of [
    `within ${HUB.ackMs / 1000} s`,
    `after ${HUB.againFirstMs / 1000} s and then twice as long each time, up to ${HUB.againMaxMs / 1000} s`,
    `${HUB.mailMax} messages wait for one client (${HUB.mailMaxBytes / MIB} MiB)`,
    `${HUB.mailTotalMax.toLocaleString("en")} in all (${HUB.mailTotalBytes / MIB} MiB)`,
    `of ${HUB.mailBytes.toLocaleString("en")} bytes each`,
    `${HUB.idsPerAccount} ids of one account`,
    `${HUB.idsMax.toLocaleString("en")} in all, where the account with most gives way`,
    `by the peers that live, ${HUB.knownMax.toLocaleString("en")} of them`,
    `${["", "", "", "", "", "five"][HUB.triesMax]} times`,
    `${HUB.mailKeptMs / 86_400_000 === 7 ? "seven" : ""} days`,
    `nothing for ${PAUSED_AFTER_MS === 300_000 ? "five" : ""} minutes`,
  ]) {
    expect(words).toContain(said);
  }
});
