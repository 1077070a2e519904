/** Probes of what a voice turn runs on: engines and models, and who answers. */
import { chooseModel, findNeeds } from "@parley/audio/models";
import type { Choice, DefaultKind, ModelStore } from "@parley/audio/models";
import type { Config } from "../../config/index.ts";
import { serverFor } from "../../services/model-choice.ts";
import { formatBytes } from "../format-bytes.ts";
import type { OllamaFound } from "../../providers/ollama.ts";
import type { Finding } from "./finding.ts";
import type { DoctorHost, EngineName } from "./host.ts";

/** What was found at Ollama's address. */
export type OllamaAnswer = OllamaFound | { readonly unusable: string } | undefined;

const ENGINE_USE: Readonly<Record<EngineName, string>> = {
  "sherpa-onnx-node": "hearing and speaking",
  "node-llama-cpp": "the embedded language model",
};

/** A native engine loads on this machine. Nobody misses the embedded language model while Ollama answers. */
export async function probeEngine(
  host: Pick<DoctorHost, "loadEngine">,
  name: EngineName,
  isNeeded: boolean,
): Promise<Finding> {
  const load = await host.loadEngine(name);
  const use = ENGINE_USE[name];
  if (load.loaded)
    return {
      probe: name,
      status: "ok",
      summary: `${name} ${load.version} loads (${use}).`,
      facts: { version: load.version },
    };
  const summary = `${name} (${use}) does not load: ${load.reason}.`;
  return { probe: name, status: isNeeded ? "missing" : "warning", summary, mend: "npm install" };
}

const MODEL_USE: Readonly<Record<DefaultKind, string>> = {
  vad: "finding speech",
  stt: "hearing",
  tts: "speaking",
  llm: "answering",
};

/** The model for one part of a voice turn is there, with all it needs. */
export async function probeModel(store: ModelStore, config: Config, kind: DefaultKind): Promise<Finding> {
  const use = MODEL_USE[kind];
  const server = serverFor(config, kind);
  if (server !== undefined) {
    const { model, url } = server;
    const summary = `${model} for ${use}, on the server at ${url}.`;
    return { probe: kind, status: "ok", summary, facts: { model, url } };
  }
  const configured = config.models[kind];
  const wanted = configured === "auto" ? await automatic(store, kind) : await named(store, kind, configured);
  if (wanted === undefined) {
    const what =
      configured === "auto"
        ? `No model for ${use} is here or can be fetched`
        : `No model for ${use} is called "${configured}"`;
    return { probe: kind, status: "missing", summary: `${what}.`, mend: "parley models list" };
  }
  const { entry, installed, downloadBytes } = wanted;
  const facts = { model: entry.name, licence: entry.licence.spdx };
  if (installed !== undefined && (await findNeeds(store, entry)) !== undefined) {
    const summary = `${entry.name} for ${use}, in ${installed.folder}`;
    const here = { ...facts, folder: installed.folder };
    const better = configured === "auto" ? await chooseModel(store, kind, { mayFetch: true }) : undefined;
    if (better === undefined || better.downloadBytes === 0)
      return { probe: kind, status: "ok", summary: `${summary}.`, facts: here };
    const instead = `; ${better.entry.name} is better: ${formatBytes(better.downloadBytes)} to download.`;
    return {
      probe: kind,
      status: "warning",
      summary: summary + instead,
      mend: pullCommand(config, better.entry.name),
      facts: here,
    };
  }
  return {
    probe: kind,
    status: "missing",
    summary: `${entry.name} for ${use} is not complete here: ${formatBytes(downloadBytes)} to download.`,
    mend: pullCommand(config, entry.name),
    facts: { ...facts, downloadBytes },
  };
}

function pullCommand(config: Config, name: string): string {
  const command = `parley models pull ${name}`;
  return config.models.download ? command : `PARLEY_MODELS_DOWNLOAD=true ${command}`;
}

/** What is here, else what could be fetched: the doctor names it even where downloads are refused. */
async function automatic(store: ModelStore, kind: DefaultKind): Promise<Choice | undefined> {
  return (await chooseModel(store, kind, { mayFetch: false })) ?? chooseModel(store, kind, { mayFetch: true });
}

async function named(store: ModelStore, kind: DefaultKind, name: string): Promise<Choice | undefined> {
  const entry = store.catalogue.find((candidate) => candidate.kind === kind && candidate.name === name);
  if (entry === undefined) return undefined;
  return { entry, installed: await store.find(name), downloadBytes: await store.downloadBytes(name) };
}

/** True when Ollama will answer, so that the embedded language model is not needed. */
export function answersByOllama(config: Config, ollama: OllamaAnswer): boolean {
  return config.llm.provider !== "embedded" && ollama !== undefined && "model" in ollama;
}

/** Ollama at its address. It is needed only when the configuration says so. */
export function probeOllamaAnswer(config: Config, ollama: OllamaAnswer): Finding {
  const { ollama_url: url, ollama_model: model, provider } = config.llm;
  const probe = "ollama";
  const status = provider === "ollama" ? "missing" : "ok";
  const pull = `ollama pull ${model === "auto" ? "llama3.2" : model}`;
  const unused = provider === "embedded" ? ", but llm.provider is embedded" : "";
  if (ollama === undefined) {
    const instead = provider === "ollama" ? "" : "; the embedded language model answers";
    const summary = `No Ollama server at ${url}${instead}.`;
    return { probe, status, summary, ...(status === "missing" && { mend: "ollama serve" }) };
  }
  if ("unusable" in ollama) {
    return {
      probe,
      status: status === "ok" ? "warning" : status,
      summary: `Ollama answers at ${url}, but ${ollama.unusable}.`,
      mend: pull,
    };
  }
  const facts = { version: ollama.version, model: ollama.model };
  return { probe, status: "ok", summary: `Ollama ${ollama.version} at ${url} offers ${ollama.model}${unused}.`, facts };
}
