import { describe, it } from "vitest";
import { logStoreSuite } from "../../src/testing/log-store-suite.ts";
import { levelHome, memoryHome } from "./homes.ts";

describe("log stores", () => {
  logStoreSuite({ name: "on LevelDB", it, createHome: levelHome });
  logStoreSuite({ name: "on a simulated disk", it, createHome: memoryHome });
});
