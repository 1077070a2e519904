/** The settings of a simulated peer: nothing of the machine that this runs on is among them. */
import type { Library } from "./library.ts";

const HOST = {
  platform: "linux",
  hostname: "simulated",
  cores: 2,
  userFolder: "/nowhere",
  dataFolder: "/nowhere/data",
  configFolder: "/nowhere/config",
} as const;

export function configOf({ loadConfig }: Library) {
  const flags = {
    home: "/nowhere",
    "cluster.enabled": "false",
    "models.download": "false",
    "llm.provider": "embedded",
    "llm.tools": "on",
    // Its sentences would be kept on the real disk, in real time.
    "voice.cache_mib": "0",
    "log.level": "silent",
  };
  const loaded = loadConfig({ env: {}, flags, host: HOST, cwd: "/nowhere" });
  if (!loaded.ok) throw new TypeError(loaded.problems.map(({ message }) => message).join("\n"));
  return loaded.config;
}
