/** `parley status`: how a peer fares. */
import type { Command } from "commander";
import { setTimeout as sleep } from "node:timers/promises";
import type { ParleyClient } from "@parley/sdk";
import * as z from "zod";
import { isPeerError } from "../../errors.ts";
import { serviceNames, serviceTitles } from "../../services/stage.ts";
import { connectAsked } from "../access.ts";
import { drainSchema, reportSchema } from "../cluster/answers.ts";
import { drainText } from "../cluster/drain-text.ts";
import { reportText } from "../cluster/texts.ts";
import { earsSchema, earsText } from "../ears-text.ts";
import type { CliContext } from "../context.ts";
import { withInterrupt } from "../interrupt.ts";
import { noPeer } from "../reach/why.ts";
import { readCommandConfig, wantsJson } from "../setting-flags.ts";

const WATCH_EVERY_MS = 1000;
/** Of those that do the same elsewhere. */
const PEERS_NAMED = 3;
/** To the upper left corner, and everything below it taken away. */
const CLEAR_SCREEN = "\u001B[H\u001B[J";

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
      elsewhere: z.array(z.object({ name: z.string(), model: z.string() })).optional(),
    }),
  ),
  ears: earsSchema.optional(),
  drain: drainSchema.optional(),
  cluster: reportSchema.optional(),
});
type Status = z.output<typeof statusSchema>;

/** Adds `status` to the program. */
export function registerStatusCommand(program: Command, context: CliContext): void {
  const command = program
    .command("status")
    .description("show the peer: who it is, how far each service is, how it stands with its cluster")
    .option("--watch", "show it anew every second, until Ctrl-C");
  command.action(async () => {
    const { config } = readCommandConfig(command, context);
    const client = await connectAsked(config, context.env);
    if (client === undefined) throw noPeer(config.home);
    const isWatching = command.opts()["watch"] === true;
    try {
      if (isWatching) await watch(client, wantsJson(command), context);
      else await show(client, wantsJson(command), context);
    } finally {
      client.close();
    }
  });
}

async function show(client: ParleyClient, json: boolean, context: CliContext): Promise<void> {
  const raw = await client.status();
  context.stdout(json ? `${JSON.stringify(raw)}\n` : statusText(statusSchema.parse(raw)));
}

/** On a terminal in place, elsewhere one after the other; for programs a line of JSON each time. Ctrl-C is its usual end. */
async function watch(client: ParleyClient, json: boolean, context: CliContext): Promise<void> {
  const before = !json && process.stdout.isTTY === true ? CLEAR_SCREEN : "";
  try {
    await withInterrupt("It was only watched.", async (signal) => {
      for (;;) {
        const raw = await client.status();
        context.stdout(json ? `${JSON.stringify(raw)}\n` : `${before}${statusText(statusSchema.parse(raw))}\n`);
        await sleep(WATCH_EVERY_MS, undefined, { signal });
      }
    });
  } catch (error) {
    if (!isPeerError(error, "interrupted")) throw error;
  }
}

function statusText({ cluster, ears, drain, ...status }: Status): string {
  const head = `${status.name}  ${status.peerId}\nversion ${status.version}, process ${status.pid}, up ${status.uptimeSeconds} s\n`;
  const services = serviceNames
    .map((name) => `${serviceTitles[name].padEnd(17)} ${serviceText(status.services[name])}\n`)
    .join("");
  const listening = ears === undefined ? "" : `${"ears".padEnd(17)} ${earsText(ears, Date.now())}`;
  const { name, peerId } = status;
  const draining = drain?.isDraining === true ? `${drainText({ ...drain, name, peerId })}\n` : "";
  return head + draining + services + listening + (cluster === undefined ? "" : reportText(cluster, Date.now()));
}

/** Messages are no sentences yet. */
function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

/** One service: how far it is here, and who else in the house does the same. */
export function serviceText(service: Status["services"][keyof Status["services"]]): string {
  const others = (service.elsewhere ?? []).map(({ name, model }) => plain(`${name} (${model})`));
  const more = others.length > PEERS_NAMED ? `, and ${others.length - PEERS_NAMED} more` : "";
  const named = `${others.slice(0, PEERS_NAMED).join(", ")}${more}`;
  if (others.length === 0) return ownText(service);
  return service.state === "ready" ? `${ownText(service)}; also at ${named}` : `at ${named}; here ${ownText(service)}`;
}

/** What others call themselves is shown on one line, as what it is. */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}]+/gu, " ");
}

function ownText({
  state,
  model = "",
  progress,
  failure,
  engine,
}: Status["services"][keyof Status["services"]]): string {
  if (failure !== undefined) return `not available: ${sentence(failure.message)} ${failure.nextStep}`;
  const percent =
    progress === undefined ? "" : ` ${Math.floor((100 * progress.bytesDone) / Math.max(1, progress.bytesTotal))} %`;
  const memory = engine?.host === undefined ? "" : `, ${Math.round(engine.host.rssBytes / 1_048_576)} MiB`;
  const restarts = engine === undefined || engine.restarts === 0 ? "" : `, restarted ${engine.restarts} times`;
  return `${state}${percent} ${model}${memory}${restarts}`.trimEnd();
}
