/** How the engines of this folder run a network. Only engine modules import this: it loads native code. */
import "./quiet.ts";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { AudioError } from "../../errors.ts";

export { Tensor };

/** A loaded network: named tensors in, named tensors out. It holds no state between calls, so streams may share it. */
export interface Network {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
}

/**
 * Loads the network at `path`, to run on one thread: these networks are so small that a second thread costs more than
 * it gives. A file that is no network rejects with the library's own error, which the host reports as a failed start.
 */
export async function loadNetwork(path: string, expected: NetworkShape): Promise<Network> {
  const session = await InferenceSession.create(path, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionProviders: ["cpu"],
    logSeverityLevel: 3,
  });
  mustHave(path, "input", session.inputNames, expected.inputs);
  mustHave(path, "output", session.outputNames, expected.outputs);
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    run: (inputs) => session.run(inputs),
  };
}

/** Names of the tensors a network must have; `undefined`: any single one, whatever its name. */
export interface NetworkShape {
  readonly inputs: readonly string[] | undefined;
  readonly outputs: readonly string[] | undefined;
}

function mustHave(path: string, what: string, found: readonly string[], expected: readonly string[] | undefined): void {
  const fits = expected === undefined ? found.length === 1 : expected.every((name) => found.includes(name));
  if (fits) return;
  throw new AudioError("model-corrupt", `${path} has the ${what}s ${found.join(", ")}, which is another network`, {
    nextStep: "Fetch the model again with `parley models pull`, or correct the models folder.",
    details: { path },
  });
}

/** The floats of output `name`. @throws AudioError `engine-failed` when there are none. */
export function floatsOf(outputs: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (data instanceof Float32Array) return data;
  throw new AudioError("engine-failed", `the network gave no floats for ${name}`, {
    nextStep: "Fetch the model again with `parley models pull`.",
  });
}
