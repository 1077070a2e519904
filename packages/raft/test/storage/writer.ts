/** A process that writes to a log until it is killed, and says what was acknowledged: `INDEX TERM` a line. */
import { writeSync } from "node:fs";
import { openLevelLog } from "../../src/storage/level-log.ts";
import { entriesFrom } from "./support.ts";

const log = await openLevelLog(process.argv[2] ?? "", { trailingEntries: 10 });
writeSync(1, `${log.opened.state}\n`);
let { term } = log.initialState().hardState;
for (;;) {
  term += 1;
  // Some of what is there is replaced, as a new leader would; what was said to be committed is not.
  const from = Math.max(log.initialState().hardState.commit, log.lastIndex() - (term % 3)) + 1;
  const entries = entriesFrom(from, 1 + (term % 7), term, 200);
  await log.write({ hardState: { term, vote: 1, commit: from - 1 }, entries }, { sync: true });
  writeSync(1, `${log.lastIndex()} ${term}\n`);
  if (term % 20 === 0 && from > 1) {
    const index = from - 1;
    const writer = await log.beginSnapshot({ index, term: log.term(index), confState: log.initialState().confState });
    await writer.write(new Uint8Array(5000));
    await log.saveSnapshot(await writer.finish());
    await log.compact(index);
  }
}
