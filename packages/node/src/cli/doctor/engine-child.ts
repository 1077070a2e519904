/**
 * Runs in a process of its own: loads one native engine and reports its version to the parent. A crash in native code
 * ends this process and nothing else.
 */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** sherpa-onnx-node is the audio package's dependency, so it is looked up from there. */
function loadSherpa(): string {
  const fromAudio = createRequire(require.resolve("@parley/audio/package.json"));
  fromAudio("sherpa-onnx-node");
  return versionOf(fromAudio("sherpa-onnx-node/package.json"));
}

async function loadLlama(): Promise<string> {
  const { getLlama, getModuleVersion, LlamaLogLevel } = await import("node-llama-cpp");
  const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.disabled });
  await llama.dispose();
  return getModuleVersion();
}

function versionOf(manifest: unknown): string {
  const isObject = typeof manifest === "object" && manifest !== null;
  return isObject && "version" in manifest ? String(manifest.version) : "of unknown version";
}

async function load(name: string | undefined): Promise<string> {
  if (name === "sherpa-onnx-node") return loadSherpa();
  if (name === "node-llama-cpp") return loadLlama();
  throw new Error(`no engine is called ${name}`);
}

try {
  process.send?.({ version: await load(process.argv[2]) });
} catch (error) {
  process.send?.({ reason: error instanceof Error ? error.message : String(error) });
}
process.disconnect?.();
