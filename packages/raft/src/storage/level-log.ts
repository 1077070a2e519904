/** The durable log of a node. */
import { openDurableLog, type LogStoreOptions } from "./durable-log.ts";
import { openLevelMedia } from "./level-media.ts";
import type { LogStore } from "./log-store.ts";

/**
 * Opens the log in `folder`, which nobody else may have open; an empty or missing folder becomes a new log.
 *
 * A loss within the folder is noticed; the loss of the whole folder only with `wasKept`, since a new node looks the same.
 * @throws RaftError `locked`, `unknown-format`; file system errors as they come.
 */
export async function openLevelLog(folder: string, options?: LogStoreOptions): Promise<LogStore> {
  return openDurableLog(await openLevelMedia(folder), options);
}
