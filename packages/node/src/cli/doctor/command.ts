/** `parley doctor`: what this machine can do, what is missing, and the command that mends it. */
import type { ModelStore } from "@parley/audio/models";
import type { Command } from "commander";
import type { Config } from "../../config/index.ts";
import { PeerError } from "../../errors.ts";
import type { CliContext } from "../context.ts";
import { addSettingFlags, readLocalConfig, wantsJson } from "../setting-flags.ts";
import { diagnosisAsText, examine } from "./examine.ts";
import type { DoctorHost } from "./host.ts";
import { realHost } from "./real-host.ts";

/** What the doctor needs from outside. */
export interface DoctorDeps {
  /** The model store as the peer would open it. */
  readonly openModels: (config: Config) => ModelStore | Promise<ModelStore>;
  /** The machine to examine; this one when absent. */
  readonly host?: DoctorHost;
}

/**
 * Adds `doctor` to the program. Its action prints the findings and throws PeerError `not-ready` (exit code 4) when
 * something that a voice turn needs is missing.
 */
export function registerDoctorCommand(program: Command, context: CliContext, deps: DoctorDeps): void {
  const command = program
    .command("doctor")
    .description("examine this machine: what it can do, what is missing, and the command that mends it");
  addSettingFlags(command, [
    "listen.host",
    "listen.port",
    "listen.local_only",
    "tls.certificate",
    "tls.key",
    "mesh.host",
    "mesh.port",
    "cluster.enabled",
    "models.folder",
    "models.download",
    "llm.provider",
  ]);
  command.action(async () => {
    const { config } = readLocalConfig(command, context);
    const host = deps.host ?? realHost(context.env);
    const diagnosis = await examine({ host, config, openModels: deps.openModels });
    const asJson = () => `${JSON.stringify(diagnosis)}\n`;
    context.stdout(wantsJson(command) ? asJson() : diagnosisAsText(diagnosis));
    if (diagnosis.ready) return;
    const missing = diagnosis.findings
      .filter((finding) => finding.status === "missing")
      .map((finding) => finding.probe);
    throw new PeerError("not-ready", `This machine cannot run a voice turn yet; missing: ${missing.join(", ")}.`, {
      nextStep: `Start with: ${diagnosis.findings.find((finding) => finding.status === "missing")?.mend ?? "parley doctor"}`,
      details: { missing: missing.length },
    });
  });
}
