/** What is about to be fetched, how big it is and under which licence: said before anything is. */
import type { ModelEntry } from "@parley/audio/models";
import type { Peer } from "../peer.ts";
import { plannedDownloads, type PlannedDownload } from "../services/model-choice.ts";
import type { ServiceName } from "../services/stage.ts";
import { formatBytes } from "./format-bytes.ts";

/** The announcement of what `services` will fetch; undefined when they have all they need. */
export async function downloadNotice(peer: Peer, services: readonly ServiceName[]): Promise<string | undefined> {
  const { store, config } = peer;
  const usesOllama = services.includes("llm") && (await peer.services.language.usesOllama());
  const needed = usesOllama ? services.filter((name) => name !== "llm") : services;
  const planned = await plannedDownloads(store, config, needed);
  if (planned.length === 0) return undefined;
  const total = formatBytes(planned.reduce((sum, { bytes }) => sum + bytes, 0));
  const title = config.models.download
    ? `Fetching ${total} of models (--no-models stops this; through npm: npm start -- --no-models):`
    : "Missing models (--no-models is set, so they are not fetched):";
  return [title, ...planned.map(downloadRow), ""].join("\n");
}

/** One row: name, size, what it is, licence. */
export function downloadRow({ entry, bytes }: PlannedDownload): string {
  return `  ${entry.name.padEnd(24)} ${formatBytes(bytes).padStart(9)}  ${entry.title}; licence ${licenceText(entry)}`;
}

/** A model's licence and what it means for use. */
export function licenceText({ licence }: ModelEntry): string {
  return `${licence.spdx}${licence.use === "free" ? "" : ` (${licence.use})`}`;
}
