import { defineConfig } from "vitest/config";

/** Whole peers as processes, many at once, and what else takes half a minute or more: `npm run test:cluster` runs them. */
export const WHOLE_CLUSTERS = [
  "test/cluster/**/*.test.ts",
  "test/cli/cluster.test.ts",
  "packages/node/test/cluster/strangers/whole/*.test.ts",
  "packages/node/test/cluster/sleep/processes.test.ts",
  "packages/node/test/services/chaos/house.test.ts",
  "test/voice/arbitration.test.ts",
  "test/clients/*.test.ts",
  "packages/node/test/cluster/host/{members,outbox,leaving,lifetime,joining,sleep}.test.ts",
  "packages/node/test/services/drain/house.test.ts",
  "packages/node/test/voice/faults.test.ts",
  "packages/node/test/voice/ten-turns.test.ts",
  "packages/node/test/mesh/discovery/multicast.test.ts",
  "packages/raft/test/testing/harness/cluster.test.ts",
  "packages/actors/test/placement/processes/placement.test.ts",
  "packages/audio/test/models/processes.test.ts",
  "test/cli/bad-input.test.ts",
  "test/house/check.test.ts",
  "simulations/chaos/test/{chaos,cluster}.test.ts",
  "simulations/chaos/conversation/test/conversation.test.ts",
  "test/voice/moving.test.ts",
];

/** Workspace packages are used as TypeScript sources, in this process and in every child it forks. */
const conditions = ["parley-source"];

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: [
      "packages/*/{src,test}/**/*.test.ts",
      "simulations/**/*.test.ts",
      "test/**/*.test.ts",
      "tools/**/*.test.ts",
    ],
    exclude: ["**/node_modules/**", "**/dist/**", "**/fixtures/**", ...WHOLE_CLUSTERS],
    pool: "forks",
    // The machines this runs on may have two cores and real engines to feed: two files at a time.
    maxWorkers: 2,
    execArgv: ["--conditions=parley-source"],
    setupFiles: ["./tools/test/property-seed.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A full machine may take seconds over what takes milliseconds.
    expect: { poll: { timeout: 20_000 } },
    reporters: ["default", "./tools/test/plain-reporter.ts"],
  },
});
