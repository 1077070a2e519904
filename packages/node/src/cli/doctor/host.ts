/** What the doctor asks of a machine. Tests answer for machines that do not exist. */
import type { OllamaFound } from "../../providers/ollama.ts";

/** The native engines, by the package that brings them. */
export type EngineName = "sherpa-onnx-node" | "node-llama-cpp";

/** How loading an engine went. */
export type EngineLoad =
  { readonly loaded: true; readonly version: string } | { readonly loaded: false; readonly reason: string };

/** A machine to examine. Methods answer within a few seconds and never throw for what is simply absent. */
export interface DoctorHost {
  readonly nodeVersion: string;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** Cores this process may use. */
  readonly cores: number;
  readonly totalMemoryBytes: number;
  /** Undefined when the file is not there or may not be read. */
  readText(file: string): string | undefined;
  /** Names in a folder; none when it is not there. */
  list(folder: string): readonly string[];
  /** Whether a command of this name is in the search path. */
  hasCommand(name: string): boolean;
  /** Standard output of a command; undefined when it fails or takes too long. */
  run(command: string, args: readonly string[]): Promise<string | undefined>;
  /** The nearest folder above or at `folder` that exists: free bytes there, and whether this user may write. */
  space(folder: string): Promise<{ readonly freeBytes: number; readonly writable: boolean } | undefined>;
  /** Loads an engine in a process of its own. */
  loadEngine(name: EngineName): Promise<EngineLoad>;
  /** The JSON that `http://host:port/health` answers with; undefined when nothing answers with JSON. */
  health(host: string, port: number): Promise<unknown>;
  /** Listens for a moment: undefined when that works, else the system's error code, such as `EADDRINUSE`. */
  tryListen(host: string, port: number): Promise<string | undefined>;
  /** As {@link probeOllama} of providers/. */
  ollama(url: string, model: string): Promise<OllamaFound | { readonly unusable: string } | undefined>;
}
