/** `parley start`: a peer, until it is told to stop. */
import type { Command } from "commander";
import { randomUUID } from "node:crypto";
import { rename, unlink, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { givenJoinSecret, joinListOf, lockHome, prepareHome, type Config } from "../../config/index.ts";
import { codeOf, messageOf, PeerError } from "../../errors.ts";
import { createPeer, type Peer } from "../../peer.ts";
import { servicesFor } from "../../services/roles.ts";
import { VERSION } from "../../version.ts";
import { connectRunning, type PeerFile } from "../access.ts";
import { tellCluster } from "../cluster/console.ts";
import type { CliContext } from "../context.ts";
import { downloadNotice } from "../downloads.ts";
import { ProgressLine } from "../progress.ts";
import { stageReporter } from "../service-progress.ts";
import { addSettingFlags, readCommandConfig, wantsJson } from "../setting-flags.ts";

/** How `parley` is called here: through npx in a checkout, by name once installed. */
export type Invocation = "npx parley" | "parley";

/** Adds `start` to the program. */
export function registerStartCommand(program: Command, context: CliContext, invocation: Invocation): void {
  const command = program
    .command("start")
    .description("start a peer on this machine; Ctrl-C stops it")
    .addHelpText(
      "after",
      "\nThe peer answers at once and becomes useful in steps, as its models arrive. It says so.\n",
    );
  addSettingFlags(command);
  command.action(async () => {
    const { config } = readCommandConfig(command, context);
    await refuseSecond(config);
    const paths = await prepareHome(config.home);
    const lock = await lockHome(paths.lock);
    try {
      await run(config, context, wantsJson(command), invocation);
    } finally {
      await lock.release();
    }
  });
}

/** A peer that answers is named before the lock is tried: then it is known to live. */
async function refuseSecond(config: Config): Promise<void> {
  const running = await connectRunning(config);
  if (running === undefined) return;
  running.close();
  throw new PeerError("port-in-use", `a peer with the home ${config.home} is running already`, {
    nextStep: "Talk to it (parley chat), stop it, or start another with --home DIR and --port PORT.",
  });
}

async function run(config: Config, context: CliContext, json: boolean, invocation: Invocation): Promise<void> {
  const progress = new ProgressLine(context);
  const say = (text: string): void => {
    progress.clear();
    if (!json) context.stdout(`${text}\n`);
  };
  let isStopping = false;
  const stopped = waitForStop(() => {
    isStopping = true;
    progress.line("stopping …");
  });
  const report = stageReporter(
    json ? progress : new ProgressLine({ ...context, stderr: context.stdout }, process.stdout.isTTY === true),
  );
  const onStage: typeof report = (service, stage) => {
    if (!isStopping) report(service, stage);
  };
  const joinSecret = givenJoinSecret(context.env, config);
  const peer = await createPeer({ config, onStage, onNews: say, joinSecret });
  let quiet: (() => void) | undefined;
  try {
    await leaveTraces(peer);
    if (json)
      context.stdout(
        `${JSON.stringify({ url: peer.url, peerId: peer.identity.peerId, name: config.name, pid: process.pid })}\n`,
      );
    else say(greeting(peer, invocation));
    const services = servicesFor(config);
    const notice = await downloadNotice(peer, services);
    if (notice !== undefined) say(notice);
    if (!json) quiet = tellCluster({ cluster: peer.cluster, command: invocation, person: context.person, say });
    peer.services.start(services);
    await stopped;
  } finally {
    quiet?.();
    await removeTraces(peer);
    await peer.close();
  }
  say("stopped");
}

function greeting(peer: Peer, invocation: Invocation): string {
  const { config, identity, url, paths } = peer;
  return [
    `Parley ${VERSION}`,
    `  name       ${config.name}`,
    `  identity   ${identity.peerId}`,
    `  address    ${url}  (this machine only)`,
    `  cluster    ${config.cluster.enabled ? meshText(config) : "off: this peer works by itself"}`,
    `  home       ${paths.home}`,
    `Talk to it from another terminal${where(invocation)}:`,
    `  ${invocation} chat`,
    `  ${invocation} ask "What is the capital of France?"`,
    `  ${invocation} ask --audio question.wav --out answer.wav`,
    `  ${invocation} status`,
    "",
  ].join("\n");
}

/** Where other peers reach this one, and how it looks for them. */
function meshText(config: Config): string {
  const { mesh, cluster } = config;
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

/** Lets commands of this user find the peer and be let in. */
async function leaveTraces(peer: Peer): Promise<void> {
  const about: PeerFile = { pid: process.pid, url: peer.url, peerId: peer.identity.peerId };
  await writePrivate(peer.paths.cliToken, `${peer.token}\n`);
  await writePrivate(peer.paths.peerFile, `${JSON.stringify(about)}\n`);
}

async function removeTraces(peer: Peer): Promise<void> {
  for (const path of [peer.paths.peerFile, peer.paths.cliToken]) {
    await unlink(path).catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw error;
    });
  }
}

async function writePrivate(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}.partial`;
  try {
    await writeFile(draft, text, { mode: 0o600, flag: "wx" });
    await rename(draft, path);
  } catch (cause) {
    throw new PeerError("home-unusable", `cannot write ${path}: ${messageOf(cause)}`, {
      nextStep: "Check the folder's permissions and free space, or choose another with --home.",
      cause,
    });
  }
}

/**
 * Resolves at the first SIGINT, SIGTERM or SIGHUP. A second Ctrl-C, later than the echo that npm sends of the first, ends
 * the process at once.
 */
function waitForStop(onStop: () => void): Promise<void> {
  const echoMs = 1000;
  return new Promise((resolve) => {
    let first: number | undefined;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (first === undefined) {
        first = performance.now();
        onStop();
        resolve();
      } else if (signal === "SIGINT" && performance.now() - first > echoMs) {
        process.exit(130);
      }
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
    process.on("SIGHUP", onSignal);
  });
}
