import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { registerConfigCommand, shownValue } from "../../src/cli/config-command.ts";
import { addGlobalFlags } from "../../src/cli/setting-flags.ts";
import { SETTINGS, findSetting, renderTemplate } from "../../src/config/index.ts";

function parley(line: readonly string[], env: NodeJS.ProcessEnv = {}): { out: string; warnings: string } {
  let out = "";
  let warnings = "";
  const program = new Command("parley").exitOverride();
  addGlobalFlags(program);
  const context = {
    stdout: (text: string) => void (out += text),
    stderr: (text: string) => void (warnings += text),
    env: { PARLEY_HOME: "/nowhere/home", ...env },
    cwd: "/nowhere",
  };
  registerConfigCommand(program, context);
  program.parse(line, { from: "user" });
  return { out, warnings };
}

function settingsOf(json: string): Map<string, { value: unknown; origin: unknown }> {
  const { settings } = JSON.parse(json) as { settings: { key: string; value: unknown; origin: unknown }[] };
  return new Map(settings.map((setting) => [setting.key, setting]));
}

describe("parley config", () => {
  it("prints every setting with its value, source and meaning", () => {
    const { out } = parley(["config", "--port", "9"], { PARLEY_VOICE_SPEED: "1.5" });
    for (const setting of SETTINGS) {
      expect(out).toContain(`\n${setting.name} = `);
      expect(out).toContain(`    ${setting.meaning} Allowed: ${setting.allowed}.`);
    }
    expect(out).toMatch(/\nport = 9\n {4}from --port;/);
    expect(out).toMatch(/\nspeed = 1.5\n {4}from PARLEY_VOICE_SPEED;/);
  });

  it("prints the same as JSON", () => {
    const { out } = parley(["--json", "config", "--no-models", "--name", "attic"], { PARLEY_LOG_LEVEL: "debug" });
    const settings = settingsOf(out);
    expect([...settings.keys()]).toEqual(SETTINGS.map((setting) => setting.key));
    expect(settings.get("models.download")).toMatchObject({
      value: false,
      origin: { source: "flag", flag: "--no-models" },
    });
    expect(settings.get("name")).toMatchObject({ value: "attic", origin: { source: "flag", flag: "--name" } });
    expect(settings.get("log.level")).toMatchObject({
      value: "debug",
      origin: { source: "environment", name: "PARLEY_LOG_LEVEL" },
    });
    expect(settings.get("home")).toMatchObject({ value: "/nowhere/home", origin: { source: "environment" } });
    expect(settings.get("models.download")).not.toMatchObject({ origin: { source: "default" } });
  });

  it("takes the flag of every setting that has one", () => {
    const withFlag = SETTINGS.filter((setting) => setting.flag !== undefined);
    const line = withFlag.flatMap(({ flag = "", example }) =>
      flag.includes(" ") ? [flag.split(" ")[0] ?? "", String(example)] : [flag],
    );
    const settings = settingsOf(parley(["config", "--json", ...line]).out);
    expect(withFlag.map(({ key }) => settings.get(key)?.origin)).toEqual(
      withFlag.map(({ flag = "" }) => ({ source: "flag", flag: flag.split(" ")[0] })),
    );
  });

  it("prints a file to start from", () => {
    expect(parley(["config", "--template"]).out).toBe(renderTemplate());
  });

  it("refuses wrong values, and warns of unknown names in the environment", () => {
    expect(() => parley(["config", "--port", "70000"])).toThrow(/--port: .*0 to 65535/);
    expect(parley(["config"], { PARLEY_PROT: "1" }).warnings).toContain("PARLEY_PROT");
  });

  it("never shows a secret", () => {
    const setting = findSetting("voice.name");
    if (setting === undefined) throw new Error("voice.name is gone");
    expect(shownValue({ ...setting, isSecret: true }, "hunter2")).toBe("(set, not shown)");
    expect(shownValue({ ...setting, isSecret: true }, "")).toBe("");
    expect(shownValue(setting, "hunter2")).toBe("hunter2");
  });
});
