/** `parley doctor` on this machine, with the models of its peer. */
import type { Command } from "commander";
import { modelStoreFor } from "../../services/model-store.ts";
import type { CliContext } from "../context.ts";
import { registerDoctorCommand } from "../doctor/index.ts";

/** Adds `doctor` to the program. */
export function registerDoctor(program: Command, context: CliContext): void {
  registerDoctorCommand(program, context, { openModels: modelStoreFor });
}
