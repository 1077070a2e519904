/** Inputs for configuration tests. */
import * as fc from "fast-check";
import { loadConfig } from "../../src/config/index.ts";
import type { ConfigSources, HostFacts, LoadResult, Setting, SettingValue } from "../../src/config/index.ts";

/** A made-up Linux machine. */
export const HOST: HostFacts = {
  platform: "linux",
  hostname: "attic.example.org",
  cores: 8,
  userFolder: "/home/ada",
  dataFolder: "/home/ada/.local/share/parley",
  configFolder: "/home/ada/.config/parley",
};

/** Loads from the made-up machine. */
export function load(sources: Partial<ConfigSources>): LoadResult {
  return loadConfig({ env: {}, flags: {}, host: HOST, cwd: "/work", ...sources });
}

/** Loads a file's text. */
export function loadText(text: string): LoadResult {
  return load({ file: { path: "/etc/parley.toml", text } });
}

/** Valid values of `setting`, written so that neither paths nor empty variables change them. */
export function validValue(setting: Setting): fc.Arbitrary<SettingValue> {
  return candidates(setting).filter((value) => value !== "" && setting.accepts(value));
}

function candidates(setting: Setting): fc.Arbitrary<SettingValue> {
  if (setting.kind === "boolean") return fc.boolean();
  const choices = [...setting.allowed.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? "");
  if (setting.kind === "text" && choices.length > 0) return fc.constantFrom(...choices);
  if (setting.kind === "text" && setting.allowed.includes("http"))
    return fc.webUrl({ validSchemes: ["http", "https"] });
  if (setting.key === "listen.host" || setting.key === "mesh.host")
    return fc.oneof(fc.ipV4(), fc.constantFrom("::", "fd00::7"));
  if (setting.key === "listen.names" || setting.key === "listen.proxies")
    return fc.array(fc.ipV4(), { minLength: 1, maxLength: 3 }).map((all) => all.join(", "));
  if (setting.key === "cors.origins")
    return fc
      .array(fc.domain(), { minLength: 1, maxLength: 3 })
      .map((all) => all.map((name) => `https://${name}`).join());
  if (setting.key === "cluster.join")
    return fc.array(fc.domain(), { minLength: 1, maxLength: 3 }).map((all) => all.join(", "));
  if (setting.key === "cluster.roles")
    return fc.subarray(["stt", "tts", "llm"], { minLength: 1 }).map((all) => all.join());
  if (setting.isPath) return fc.stringMatching(/^\/[a-z]{1,8}(\/[a-z]{1,8})?$/);
  if (setting.kind === "text") return fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" });
  const [min = 0, max = 0] = [...setting.allowed.matchAll(/-?\d+(\.\d+)?/g)].map((match) => Number(match[0]));
  const fraction = fc.integer({ min: min * 100, max: max * 100 }).map((hundredths) => hundredths / 100);
  return setting.allowed.includes("whole") ? fc.integer({ min, max }) : fraction;
}
