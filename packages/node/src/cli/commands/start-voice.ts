/** How `parley start` tells what becomes of its peer: sentences for people, events for programs. */
import { fileURLToPath } from "node:url";
import { joinListOf, type Config } from "../../config/index.ts";
import { isHere } from "../../mesh/host/own-addresses.ts";
import type { Peer } from "../../peer.ts";
import type { ServiceName, Stage } from "../../services/stage.ts";
import { VERSION } from "../../version.ts";
import { sceneOf, tellCluster } from "../cluster/console.ts";
import { ClusterEvents } from "../cluster/events.ts";
import { watchCluster } from "../cluster/watch.ts";
import type { CliContext } from "../context.ts";
import { printEvent } from "../json-line.ts";
import { ProgressLine } from "../progress.ts";
import { stageReporter } from "../service-progress.ts";

/** How `parley` is called here: through npx in a checkout, by name once installed. */
export type Invocation = "npx parley" | "parley";

export interface StartVoice {
  started(peer: Peer): void;
  readonly stage: (service: ServiceName, stage: Stage) => void;
  news(sentence: string): void;
  /** From now on, until the result is called. */
  tellCluster(peer: Peer): () => void;
  stopping(): void;
  stopped(): void;
}

export function voiceForPeople(context: CliContext, invocation: Invocation): StartVoice {
  const progress = new ProgressLine(context);
  const say = (text: string): void => {
    progress.clear();
    context.stdout(`${text}\n`);
  };
  const { person } = context;
  return {
    started: (peer) => say(greeting(peer, invocation)),
    stage: stageReporter(new ProgressLine({ ...context, stderr: context.stdout }, process.stdout.isTTY === true)),
    news: say,
    tellCluster: ({ cluster }) => tellCluster({ cluster, command: invocation, person, say }),
    stopping: () => progress.line("stopping …"),
    stopped: () => say("stopped"),
  };
}

/**
 * One event on each line: `started` first, then as they come `service`, `news` and those of `cluster/events.ts`, and at last
 * `stopping` and `stopped`. Progress goes to stderr, as lines of JSON too.
 */
export function voiceForPrograms(context: CliContext): StartVoice {
  const stderr = (text: string): void => context.stderr(`${JSON.stringify({ progress: text.trimEnd() })}\n`);
  const report = stageReporter(new ProgressLine({ ...context, stderr }, false));
  const events = new ClusterEvents();
  const told = new Map<ServiceName, string>();
  return {
    started: ({ url, addresses, identity, config }) =>
      printEvent(context, {
        event: "started",
        url,
        addresses: addresses(),
        peerId: identity.peerId,
        name: config.name,
        pid: process.pid,
        version: VERSION,
      }),
    stage: (service, stage) => {
      report(service, stage);
      const { state } = stage;
      // Of a download only the beginning and the end are events.
      const rest = state === "failed" ? stage.failure : "model" in stage ? { model: stage.model } : {};
      const event = { event: "service", service, state, ...rest };
      if (told.get(service) === JSON.stringify(event)) return;
      told.set(service, JSON.stringify(event));
      printEvent(context, event);
    },
    news: (text) => printEvent(context, { event: "news", text }),
    tellCluster: ({ cluster }) =>
      watchCluster(cluster, () => {
        for (const event of events.tell(sceneOf(cluster))) printEvent(context, event);
      }),
    stopping: () => printEvent(context, { event: "stopping" }),
    stopped: () => printEvent(context, { event: "stopped" }),
  };
}

function greeting(peer: Peer, invocation: Invocation): string {
  const { config, identity, url, paths } = peer;
  return [
    `Parley ${VERSION}`,
    `  name       ${config.name}`,
    `  identity   ${identity.peerId}`,
    `  address    ${url}  (from this machine)`,
    `  clients    ${clientsText(peer, invocation)}`,
    `  cluster    ${config.cluster.enabled ? meshText(config) : "off: this peer works by itself"}`,
    ...(config.ears.enabled ? [`  ears       ${heardText(config)}`] : []),
    `  home       ${paths.home}`,
    `Talk to it from another terminal${where(invocation)}:`,
    `  ${invocation} chat`,
    `  ${invocation} ask "What is the capital of France?"`,
    `  ${invocation} ask --audio question.wav --out answer.wav`,
    `  ${invocation} status`,
    "",
  ].join("\n");
}

/** Where clients elsewhere come in. */
function clientsText({ addresses }: Peer, invocation: Invocation): string {
  const [address] = addresses();
  return address === undefined
    ? "programs on this machine only"
    : `${address} from other machines, once they trust it (${invocation} trust), with a token (${invocation} client add NAME)`;
}

/** That it listens is said at once, and to what. */
function heardText({ ears: { source, mode }, wake }: Config): string {
  const through = source === "default" ? "this machine's microphone" : source;
  if (mode === "wake")
    return `it listens through ${through} for: ${wake.words === "" ? "no word (wake.words)" : wake.words}`;
  return mode === "open"
    ? `it listens through ${through} and answers whatever is said`
    : `it listens through ${through} while a key is held or struck (parley ears)`;
}

/** Where other peers reach this one, and how it looks for them. */
function meshText(config: Config): string {
  const { mesh, cluster } = config;
  if (!isHere(mesh.host))
    return `other peers cannot reach it: mesh.host = "${mesh.host}" is no address of this machine`;
  const list = joinListOf(config);
  const asked = list.length === 0 ? "" : `asks ${list.join(", ")}`;
  const looks = cluster.discovery === "mdns" ? "looks on the local network" : "";
  const how = [looks, asked].filter((part) => part !== "").join(" and ");
  return `other peers reach it at port ${mesh.port === 0 ? "of its choice" : mesh.port}; it ${how === "" ? "looks for nobody" : how}`;
}

/** Elsewhere than in the checkout, npx would look for a package of that name in the registry. */
function where(invocation: Invocation): string {
  return invocation === "parley" ? "" : `, in ${fileURLToPath(new URL("../../../../..", import.meta.url))}`;
}
