/** `parley start`: a peer, until it is told to stop. */
import type { Command } from "commander";
import { randomUUID } from "node:crypto";
import { rename, unlink } from "node:fs/promises";
import { givenJoinSecret, lockHome, prepareHome, type Config, type ReadConfig } from "../../config/index.ts";
import { fileUnusable, writeSynced } from "../../config/synced-file.ts";
import { codeOf, PeerError } from "../../errors.ts";
import { createPeer, type Peer } from "../../peer.ts";
import { servicesFor } from "../../services/roles.ts";
import type { CliContext } from "../context.ts";
import { downloadNotice } from "../downloads.ts";
import { runningTarget, type PeerFile } from "../reach/target.ts";
import { addSettingFlags, readLocalConfig, wantsJson } from "../setting-flags.ts";
import { voiceForPeople, voiceForPrograms, type Invocation, type StartVoice } from "./start-voice.ts";

/** Adds `start` to the program. */
export function registerStartCommand(program: Command, context: CliContext, invocation: Invocation): void {
  const command = program
    .command("start")
    .description("start a peer on this machine; Ctrl-C stops it")
    .addHelpText(
      "after",
      "\nThe peer answers at once and becomes useful in steps, as its models arrive. It says so.\n" +
        "With --json each line is an event: started, service, cluster, peer, waiting, gone-away, met, news, stopping, stopped.\n" +
        "Standard error then holds lines of JSON as well: those of the log have a level; others are progress, warning or error.\n" +
        "At a terminal the log holds errors only, unless log.level is given: --log-level info.\n",
    );
  addSettingFlags(command);
  command.action(async () => {
    const json = wantsJson(command);
    const read = readLocalConfig(command, context);
    const config = { ...read.config, log: logFor(read, json) };
    await refuseSecond(config);
    const paths = await prepareHome(config.home);
    const lock = await lockHome(paths.lock);
    try {
      await run(config, context, json, invocation);
    } finally {
      await lock.release();
    }
  });
}

/**
 * Programs get no lines for people. A person at a terminal is told by the console what becomes of the peer, and need not be told
 * it again by the log, unless that was asked for.
 */
function logFor({ config: { log }, origins }: ReadConfig, json: boolean): Config["log"] {
  if (json) return { ...log, format: log.format === "auto" ? "json" : log.format };
  const isAsked = origins["log.level"].source !== "default";
  return process.stderr.isTTY === true && !isAsked ? { ...log, level: "error" } : log;
}

/** A peer that answers is named before the lock is tried: then it is known to live. */
async function refuseSecond(config: Config): Promise<void> {
  if ((await runningTarget(config)) === undefined) return;
  // A peer has no use for a client.
  const { connectRunning } = await import("../access.ts");
  const running = await connectRunning(config);
  if (running === undefined) return;
  running.close();
  throw new PeerError("port-in-use", `a peer with the home ${config.home} is running already`, {
    nextStep: "Talk to it (parley chat), stop it, or start another with --home DIR and --port PORT.",
  });
}

async function run(config: Config, context: CliContext, json: boolean, invocation: Invocation): Promise<void> {
  const voice = json ? voiceForPrograms(context) : voiceForPeople(context, invocation);
  let isStopping = false;
  const stopped = waitForStop(() => {
    isStopping = true;
    voice.stopping();
  });
  const onStage: StartVoice["stage"] = (service, stage) => {
    if (!isStopping) voice.stage(service, stage);
  };
  const joinSecret = givenJoinSecret(context.env, config);
  const peer = await createPeer({ config, onStage, onNews: (sentence) => voice.news(sentence), joinSecret });
  let quiet: (() => void) | undefined;
  try {
    await leaveTraces(peer);
    voice.started(peer);
    const services = servicesFor(config);
    const notice = await downloadNotice(peer, services);
    if (notice !== undefined) voice.news(notice);
    quiet = voice.tellCluster(peer);
    peer.services.start(services);
    await stopped;
    await peer.drain.quickly({ timeoutMs: config.cluster.drain_seconds * 1_000 });
  } finally {
    quiet?.();
    await removeTraces(peer);
    await peer.close();
  }
  voice.stopped();
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
    await writeSynced(draft, text);
    await rename(draft, path);
  } catch (cause) {
    throw fileUnusable(path, "write", cause);
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
