/** Runs all probes over one machine. */
import type { DefaultKind, ModelStore } from "@parley/audio/models";
import type { Config } from "../../config/index.ts";
import { serverFor } from "../../services/model-choice.ts";
import { probeCertificate } from "./certificate.ts";
import { probeAudio, probeGpu } from "./devices.ts";
import type { Finding } from "./finding.ts";
import type { DoctorHost } from "./host.ts";
import { probeCores, probeDisk, probeMemory, probeNode } from "./machine.ts";
import { answersByOllama, probeEngine, probeModel, probeOllamaAnswer } from "./models.ts";
import { probeMeshPort, probeMulticast } from "./network.ts";
import { probePort } from "./port.ts";

/** What is examined. */
export interface Patient {
  readonly host: DoctorHost;
  readonly config: Config;
  readonly openModels: (config: Config) => ModelStore | Promise<ModelStore>;
}

/** Everything found. */
export interface Diagnosis {
  /** This machine can run a voice turn now. */
  readonly ready: boolean;
  readonly findings: readonly Finding[];
}

/** Examines a machine. A probe that fails becomes a finding itself; the others go on. */
export async function examine({ host, config, openModels }: Patient): Promise<Diagnosis> {
  const { ollama_url: url, ollama_model: model } = config.llm;
  const ollama = await host.ollama(url, model);
  const byOllama = answersByOllama(config, ollama);
  const byEmbedded = config.llm.provider !== "ollama" && !byOllama;
  const hearsOrSpeaksHere = serverFor(config, "stt") === undefined || serverFor(config, "tts") === undefined;
  const store = Promise.resolve().then(() => openModels(config));
  const modelKinds: DefaultKind[] = byEmbedded ? ["vad", "stt", "tts", "llm"] : ["vad", "stt", "tts"];
  const findings = await Promise.all([
    guarded("node", () => probeNode(host)),
    guarded("cores", () => probeCores(host)),
    guarded("memory", () => probeMemory(host)),
    guarded("home", () => probeDisk(host, config)),
    guarded("gpu", () => probeGpu(host)),
    guarded("audio", () => probeAudio(host)),
    guarded("sherpa-onnx-node", () => probeEngine(host, "sherpa-onnx-node", hearsOrSpeaksHere)),
    guarded("node-llama-cpp", () => probeEngine(host, "node-llama-cpp", byEmbedded)),
    ...modelKinds.map((kind) => guarded(kind, async () => probeModel(await store, config, kind))),
    guarded("ollama", () => probeOllamaAnswer(config, ollama)),
    guarded("port", () => probePort(host, config)),
    guarded("certificate", () => probeCertificate(config)),
    guarded("mesh-port", () => probeMeshPort(host, config)),
    guarded("multicast", () => probeMulticast(host, config)),
  ]);
  return { ready: findings.every((finding) => finding.status !== "missing"), findings };
}

async function guarded(probe: string, examineOne: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await examineOne();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // What could not be examined is not known to be there, and a voice turn should not be promised on it.
    return { probe, status: "missing", summary: `Could not be examined: ${reason}`, mend: "parley doctor --json" };
  }
}

/** The findings for people, one or two lines each, and a last line that sums up. */
export function diagnosisAsText({ ready, findings }: Diagnosis): string {
  const width = Math.max(...findings.map((finding) => finding.probe.length));
  const lines = findings.flatMap(({ status, probe, summary, mend }) => [
    `${status.padEnd(7)}  ${probe.padEnd(width)}  ${summary}`,
    ...(mend === undefined ? [] : [`${" ".repeat(width + 11)}-> ${mend}`]),
  ]);
  const last = ready ? "This machine can run a voice turn." : "This machine cannot run a voice turn yet.";
  return `${[...lines, "", last].join("\n")}\n`;
}
