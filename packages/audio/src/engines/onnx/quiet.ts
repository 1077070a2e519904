/** Imported before onnxruntime, so that it finds itself quiet wherever it is loaded: in an engine's host, a bench, a test. */
import { isMainThread } from "node:worker_threads";
import { AudioError } from "../../errors.ts";
import { NO_TELEMETRY } from "../host/child-environment.ts";

// A thread changes a copy of the environment, which native code does not see.
if (!isMainThread) {
  throw new AudioError(
    "engine-failed",
    "onnxruntime is not loaded in a worker thread: its telemetry could not be stopped there",
    {
      nextStep: "Start it in a process of its own, with startEngineHost.",
    },
  );
}
Object.assign(process.env, NO_TELEMETRY);
