/** A process that ensures one model: `node ensure-child.ts '{"cacheFolder":…,"catalogue":…,"name":…}'`. */
import { createModelStore } from "../../../src/models/index.ts";
import type { FetchLimits, ModelEntry } from "../../../src/models/index.ts";

/** What a child is told. */
export interface ChildTask {
  readonly cacheFolder: string;
  readonly catalogue: readonly ModelEntry[];
  readonly name: string;
  readonly limits: FetchLimits;
  readonly registryUrl?: string;
}

const task: ChildTask = JSON.parse(process.argv[2] ?? "");
const store = createModelStore({ ...task, download: true });
const { folder } = await store.ensure(task.name, {
  onProgress: ({ phase }) => process.stdout.write(`${phase}\n`),
});
process.stdout.write(`folder ${folder}\n`);
