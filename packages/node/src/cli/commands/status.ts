/** `parley status`: how the running peer fares. */
import type { Command } from "commander";
import * as z from "zod";
import { PeerError } from "../../errors.ts";
import { serviceNames, serviceTitles } from "../../services/stage.ts";
import { connectRunning } from "../access.ts";
import type { CliContext } from "../context.ts";
import { readCommandConfig, wantsJson } from "../setting-flags.ts";

const statusSchema = z.object({
  name: z.string(),
  peerId: z.string(),
  version: z.string(),
  pid: z.int(),
  uptimeSeconds: z.number(),
  services: z.record(
    z.enum(serviceNames),
    z.object({
      state: z.string(),
      model: z.string().optional(),
      progress: z.object({ bytesDone: z.number(), bytesTotal: z.number() }).optional(),
      failure: z.object({ message: z.string(), nextStep: z.string() }).optional(),
      engine: z.object({ restarts: z.number(), host: z.object({ rssBytes: z.number() }).optional() }).optional(),
    }),
  ),
});
type Status = z.output<typeof statusSchema>;

/** Adds `status` to the program. */
export function registerStatusCommand(program: Command, context: CliContext): void {
  const command = program.command("status").description("show the running peer: who it is and how far each service is");
  command.action(async () => {
    const { config } = readCommandConfig(command, context);
    const client = await connectRunning(config);
    if (client === undefined) {
      throw new PeerError("no-peer", `no peer is running with the home ${config.home}`, {
        nextStep: "Start one: parley start (in a checkout: npm start).",
      });
    }
    try {
      const raw = await client.status();
      context.stdout(
        wantsJson(command) ? `${JSON.stringify(raw, undefined, 2)}\n` : statusText(statusSchema.parse(raw)),
      );
    } finally {
      client.close();
    }
  });
}

function statusText(status: Status): string {
  const head = `${status.name}  ${status.peerId}\nversion ${status.version}, process ${status.pid}, up ${status.uptimeSeconds} s\n`;
  return (
    head +
    serviceNames.map((name) => `${serviceTitles[name].padEnd(17)} ${serviceText(status.services[name])}\n`).join("")
  );
}

function serviceText(service: Status["services"][keyof Status["services"]]): string {
  const { state, model = "", progress, failure, engine } = service;
  if (failure !== undefined) return `not available: ${failure.message} ${failure.nextStep}`;
  const percent =
    progress === undefined ? "" : ` ${Math.floor((100 * progress.bytesDone) / Math.max(1, progress.bytesTotal))} %`;
  const memory = engine?.host === undefined ? "" : `, ${Math.round(engine.host.rssBytes / 1_048_576)} MiB`;
  const restarts = engine === undefined || engine.restarts === 0 ? "" : `, restarted ${engine.restarts} times`;
  return `${state}${percent} ${model}${memory}${restarts}`.trimEnd();
}
