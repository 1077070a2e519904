/** Whether an extension's names can be: nobody is to be mistaken for what the house has itself. */
import { commandNames } from "@parley/sdk";
import { BUILT_IN_TOOLS } from "../assistant/tools/tool.ts";
import { PeerError } from "../errors.ts";
import { lackOf } from "../services/given-shape.ts";
import type { EngineName } from "../services/stage.ts";
import type { Extension } from "./extension.ts";

/** Lower case, as all names of the protocol and of addresses are; dots part a program's own families of commands. */
const NAME = /^[a-z][a-z0-9_.-]{0,63}$/;
/** Of each kind. A model is not offered more tools than it can choose among. */
const MOST = { actors: 64, commands: 128, tools: 16 } as const;
const LONGEST_COMMAND_MS = 600_000;
/** Commands that clients send each other, or that may come to mean something. */
const RESERVED = /^(?:server|parley)(?:[.]|$)/;

/** @throws PeerError `usage` */
export function checkExtension({ actors = {}, commands = {}, tools = [], services = {} }: Extension): void {
  for (const service of ENGINES) checkEngine(service, services[service]);
  const toolNames = tools.map(({ name }) => name);
  checkNames("actor", Object.keys(actors), MOST.actors);
  checkNames("command", Object.keys(commands), MOST.commands, commandNames);
  checkNames("tool", toolNames, MOST.tools, BUILT_IN_TOOLS);
  for (const [name, { timeoutMs }] of Object.entries(commands)) {
    if (!(timeoutMs > 0 && timeoutMs <= LONGEST_COMMAND_MS)) {
      throw refused(`the command ${name} may take 1 to ${LONGEST_COMMAND_MS} ms, and not ${timeoutMs}`);
    }
  }
}

const ENGINES = ["vad", "stt", "tts", "llm", "wake"] as const;

/** One that is made later is looked at then. */
function checkEngine(service: EngineName, engine: unknown): void {
  if (engine === undefined || typeof engine === "function") return;
  const lack = lackOf(service, engine);
  if (lack === undefined) return;
  throw new PeerError("usage", `this cannot be added to a peer: no ${service} engine can do without ${lack}`, {
    nextStep: "Give it what its type asks for: SpeechToText, TextToSpeech, VoiceFrames, WakeWord or LanguageModel.",
  });
}

function checkNames(kind: string, names: readonly string[], most: number, taken: readonly string[] = []): void {
  if (names.length > most) throw refused(`there may be ${most} of the kind ${kind}, and not ${names.length}`);
  const seen = new Set<string>(taken);
  for (const name of names) {
    if (!NAME.test(name)) throw refused(`no ${kind} can be called ${JSON.stringify(name.slice(0, 80))}`);
    if (RESERVED.test(name)) throw refused(`${kind}s whose names begin as ${name} does are the house's own`);
    if (seen.has(name)) throw refused(`there is a ${kind} called ${name} already`);
    seen.add(name);
  }
}

function refused(why: string): PeerError {
  return new PeerError("usage", `this cannot be added to a peer: ${why}`, {
    nextStep: "Name it otherwise: small letters first, then also digits and . _ -, at most 64 in all.",
  });
}
