/** `parley models`: what is there, what can be had, and under which licence. */
import type { Command } from "commander";
import type { InstalledModel, ModelEntry, ModelStore, VerifyReport } from "@parley/audio/models";
import { AudioError, isAudioError } from "@parley/audio";
import type { Config } from "../../config/index.ts";
import { modelStoreFor } from "../../services/model-store.ts";
import { downloadsOf, plannedDownloads, type PlannedDownload } from "../../services/model-choice.ts";
import type { CliContext } from "../context.ts";
import { downloadRow, licenceText } from "../downloads.ts";
import { formatBytes } from "../format-bytes.ts";
import { withInterrupt } from "../interrupt.ts";
import { ProgressLine } from "../progress.ts";
import { fetchReporter } from "../service-progress.ts";
import { addSettingFlags, readLocalConfig, wantsJson } from "../setting-flags.ts";

/** What an interrupted download or check is told. */
const RESUME = "Run it again to go on where it stopped.";

/** Adds `models` and its commands to the program. */
export function registerModelsCommand(program: Command, context: CliContext): void {
  const models = program
    .command("models")
    .description("list, fetch, check and remove the models that hear, think and speak");
  const list = models.command("list").description("every model Parley knows: where it stands, its size, its licence");
  const pull = models
    .command("pull")
    .description("fetch models and what they need; without names, the ones a peer would use here")
    .argument("[names...]", "names from: parley models list");
  const verify = models
    .command("verify")
    .description("compare every file with its sha256; without names, every model that stands here")
    .argument("[names...]", "names from: parley models list");
  const remove = models
    .command("rm")
    .description("remove models from the cache; a folder of your own is never touched")
    .argument("<names...>", "names from: parley models list");
  for (const command of [list, pull, verify, remove]) addSettingFlags(command, ["models.folder"]);

  list.action(() => runList(open(list, context), context));
  pull.action((names: readonly string[]) =>
    withInterrupt(RESUME, (signal) => runPull(open(pull, context), context, names, signal)),
  );
  verify.action((names: readonly string[]) =>
    withInterrupt(RESUME, (signal) => runVerify(open(verify, context), context, names, signal)),
  );
  remove.action((names: readonly string[]) => runRemove(open(remove, context), context, names));
}

interface Opened {
  readonly config: Config;
  readonly store: ModelStore;
  readonly json: boolean;
}

function open(command: Command, context: CliContext): Opened {
  const { config } = readLocalConfig(command, context);
  // Whoever names a model and says pull wants it fetched, whatever a peer may do by itself.
  const store = modelStoreFor({ ...config, models: { ...config.models, download: true } });
  return { config, store, json: wantsJson(command) };
}

async function runList({ store, json }: Opened, context: CliContext): Promise<void> {
  const rows = await store.list();
  if (json) {
    const list = rows.map(({ entry, installed }) => ({ ...summary(entry), installed: where(installed) }));
    context.stdout(`${JSON.stringify({ models: list })}\n`);
    return;
  }
  const lines = rows.map(({ entry, installed }) => {
    const state =
      installed === undefined ? (entry.sources.length === 0 ? "not here" : "can be pulled") : `in ${installed.origin}`;
    const size = formatBytes(sizeOf(entry)).padStart(9);
    return `${entry.kind.padEnd(6)} ${entry.name.padEnd(26)} ${size}  ${state.padEnd(13)}  ${licenceText(entry)}\n${" ".repeat(7)}${detail(entry)}\n`;
  });
  context.stdout(lines.join(""));
}

function detail(entry: ModelEntry): string {
  const languages = entry.languages.length === 0 ? "" : `; ${entry.languages.join(", ")}`;
  const voices = entry.voices.length === 0 ? "" : `; voices ${entry.voices.join(" ")}`;
  return `${entry.title}${languages}${voices}`;
}

async function runPull(
  opened: Opened,
  context: CliContext,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { store, json } = opened;
  const progress = new ProgressLine(context, undefined, json);
  const fetching = fetchReporter(progress);
  const planned = await pullPlan(opened, names);
  for (const each of planned) progress.line(downloadRow(each));
  const wanted = names.length > 0 ? names : planned.map(({ entry }) => entry.name);
  if (wanted.length === 0 && !json) progress.line("everything a peer needs here is here");
  for (const name of wanted) {
    const stood = (await store.find(name)) !== undefined;
    let installed = await store.ensure(name, { signal, onProgress: fetching });
    // What stood there before may be damaged; what was just fetched was verified.
    if (stood && installed.origin === "cache" && !(await store.verify(name, { signal })).ok) {
      progress.line(`${name} is damaged and is fetched again`);
      await store.remove(name);
      installed = await store.ensure(name, { signal, onProgress: fetching });
    }
    progress.clear();
    context.stdout(
      json
        ? `${JSON.stringify({ model: name, installed: where(installed) })}\n`
        : `${name} is in ${installed.folder}\n`,
    );
  }
}

/** What pulling `names` would fetch, needs included; without names, what a peer would. */
async function pullPlan({ store, config }: Opened, names: readonly string[]): Promise<readonly PlannedDownload[]> {
  if (names.length === 0) return plannedDownloads(store, config);
  const planned = await Promise.all(names.map((name) => downloadsOf(store, name)));
  return planned.flat();
}

async function runVerify(
  opened: Opened,
  context: CliContext,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { store, json } = opened;
  const progress = new ProgressLine(context, undefined, json);
  let [broken, checked] = [0, 0];
  for (const name of names.length > 0 ? names : store.catalogue.map((entry) => entry.name)) {
    progress.status(`checking ${name} …`);
    const report = await verifyIfStanding(store, name, signal);
    if (report === undefined) {
      if (names.length > 0) throw notStanding(name);
      continue;
    }
    checked += 1;
    progress.clear();
    if (!report.ok) broken += 1;
    if (json) {
      context.stdout(`${JSON.stringify(report)}\n`);
      continue;
    }
    const problems = report.problems.map(({ path, problem }) => `  ${path}: ${problem}\n`).join("");
    context.stdout(`${name.padEnd(26)} ${report.ok ? "good" : "BROKEN"}  ${report.folder}\n${problems}`);
  }
  if (checked === 0) progress.line("no model stands here");
  if (broken === 0) return;
  throw new AudioError("model-corrupt", `${broken} ${broken === 1 ? "model is" : "models are"} damaged`, {
    nextStep: "Fetch again what is damaged: parley models pull NAME.",
  });
}

/** What stands of a model, complete or not; undefined when nothing does. */
async function verifyIfStanding(
  store: ModelStore,
  name: string,
  signal: AbortSignal,
): Promise<VerifyReport | undefined> {
  try {
    return await store.verify(name, { signal });
  } catch (error) {
    if (isAudioError(error, "model-missing")) return undefined;
    throw error;
  }
}

function notStanding(name: string): AudioError {
  return new AudioError("model-missing", `${name} is not here`, { nextStep: `Fetch it: parley models pull ${name}` });
}

async function runRemove({ store, json }: Opened, context: CliContext, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const removed = await store.remove(name);
    if (json) context.stdout(`${JSON.stringify({ model: name, removed })}\n`);
    else context.stdout(removed ? `${name} removed\n` : `${name} is not in the cache\n`);
  }
}

function summary(entry: ModelEntry): Record<string, unknown> {
  const { name, kind, title, languages, voices, licence, files } = entry;
  return {
    name,
    kind,
    title,
    languages,
    voices,
    licence,
    files,
    bytes: sizeOf(entry),
    sources: entry.sources.map(({ label }) => label),
  };
}

function where(installed: InstalledModel | undefined): Record<string, string> | null {
  return installed === undefined ? null : { folder: installed.folder, origin: installed.origin };
}

function sizeOf(entry: ModelEntry): number {
  return entry.files.reduce((sum, file) => sum + file.bytes, 0);
}
