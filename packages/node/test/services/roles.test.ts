import { describe, expect, it, onTestFinished } from "vitest";
import { servicesFor } from "../../src/services/roles.ts";
import { Services } from "../../src/services/services.ts";
import { eventually, fixedDelaySources, testConfig } from "../support.ts";

describe("a peer's roles", () => {
  it.each([
    ["all", ["vad", "stt", "tts", "llm"]],
    ["stt", ["vad", "stt"]],
    ["tts, llm", ["tts", "llm"]],
    ["corpus", []],
  ])("%s bring up %j", (roles, services) => {
    expect(servicesFor(testConfig("/nowhere", { "cluster.roles": roles }))).toEqual(services);
  });

  it("leave the other services alone until somebody needs them", async () => {
    const config = testConfig("/nowhere", { "cluster.roles": "tts" });
    const services = new Services({ config, sources: fixedDelaySources({}), patient: true });
    onTestFinished(() => services.close());
    services.start(servicesFor(config));
    await eventually(() => services.status().tts.stage.state).toBe("ready");
    expect([services.status().stt.stage.state, services.status().vad.stage.state]).toEqual(["waiting", "waiting"]);
    await services.ears();
    expect(services.status().stt.stage.state).toBe("ready");
  });
});
