/**
 * The entry of an engine host process: loads the engine it is told to, serves jobs, and goes when its parent goes.
 *
 * It always leaves by SIGKILL. An orderly exit waits for native calls on libuv's pool (a sentence being synthesised, a
 * model being loaded) and then runs the engines' static destructors, a known place of crashes; the engine's own `close`
 * has been awaited before, so there is nothing left to tidy.
 */
import { Socket } from "node:net";
import { Worker } from "node:worker_threads";
import type { Engine, EngineModule } from "../module.ts";
import { AudioError } from "../../errors.ts";
import { openChannel } from "./channel.ts";
import { JobServer } from "./job-server.ts";
import { siblingModule } from "./module-url.ts";
import { CHANNEL_FD, parseToChild, ProtocolBreach, toWireError, type ToChild, type ToParent } from "./protocol.ts";

let engine: Engine | undefined;
let server: JobServer | undefined;

// Ctrl-C and a closed terminal reach the whole process group; the parent answers them and closes its hosts in order.
process.on("SIGINT", () => undefined);
process.on("SIGHUP", () => undefined);

const channel = openChannel(new Socket({ fd: CHANNEL_FD, readable: true, writable: true }), {
  onMessage(value) {
    const message = parseToChild(value);
    if (message instanceof ProtocolBreach) throw message;
    receive(message);
  },
  onBreach(breach) {
    process.stderr.write(`parent broke the protocol: ${breach.message}\n`);
    leave();
  },
  onClosed: leave,
});
watchParent();

function receive(message: ToChild): void {
  switch (message.type) {
    case "start":
      void start(message.module, message.options);
      break;
    case "ping":
      send({ type: "pong", id: message.id, rssBytes: process.memoryUsage.rss(), running: server?.running ?? 0 });
      break;
    case "shutdown":
      void shutDown();
      break;
    case "open":
    case "data":
    case "end":
    case "credit":
    case "cancel":
      if (server === undefined) throw new ProtocolBreach(`${message.type} before the engine was ready`);
      server.receive(message);
      break;
  }
}

async function start(moduleUrl: string, options: unknown): Promise<void> {
  try {
    const module: unknown = await import(moduleUrl);
    if (!isEngineModule(module)) {
      throw new AudioError("engine-start-failed", `${moduleUrl} exports no createEngine`, {
        nextStep: "Give the URL of an engine module.",
      });
    }
    engine = await module.createEngine(options);
    server = new JobServer(engine, send);
    send({ type: "ready", info: { ...engine.info } });
  } catch (thrown) {
    const error = toWireError(thrown);
    const code = error.code === "engine-failed" ? "engine-start-failed" : error.code;
    send({ type: "start-failed", error: { ...error, code } });
  }
}

async function shutDown(): Promise<void> {
  try {
    server?.cancelAll();
    await engine?.close?.();
  } catch (thrown) {
    process.stderr.write(`closing the engine failed: ${String(thrown)}\n`);
  }
  leave();
}

function send(message: ToParent): void {
  channel.send(message);
}

function leave(): void {
  process.kill(process.pid, "SIGKILL");
}

/** The socket's end tells of the parent's death, but not while the engine blocks this thread. Another thread sees. */
function watchParent(): void {
  const watch = new Worker(siblingModule(import.meta.url, "./parent-watch"), {
    workerData: { parentPid: process.ppid },
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
  });
  watch.unref();
  watch.on("error", (error) => process.stderr.write(`the watch over the parent ended: ${String(error)}\n`));
}

function isEngineModule(module: unknown): module is EngineModule {
  return (
    typeof module === "object" &&
    module !== null &&
    "createEngine" in module &&
    typeof module.createEngine === "function"
  );
}
