import { defineConfig } from "vitest/config";
import everything, { WHOLE_CLUSTERS } from "./vitest.config.ts";

/** One file at a time: each starts several peers. */
export default defineConfig({
  ...everything,
  test: {
    ...everything.test,
    include: WHOLE_CLUSTERS,
    exclude: ["**/node_modules/**"],
    maxWorkers: 1,
  },
});
