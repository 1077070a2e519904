/** An engine that misbehaves on request, for tests of whatever must survive it. Runs in a real engine host. */
import { pbkdf2 } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Engine, JobHandler } from "../engines/module.ts";

/** Memory that {@link leak} holds on to. */
const leaked: Buffer[] = [];

/** Answers with its params. */
const echo: JobHandler = async (params) => params;

/** Streams its input back, value by value; answers with their number. */
const echoStream: JobHandler = async (_params, io) => {
  let count = 0;
  for await (const value of io.input) {
    count += 1;
    await io.emit(value);
  }
  return count;
};

/** Streams numbers for ever, as fast as the reader allows; takes no input. */
const count: JobHandler = async (_params, io) => {
  for (let n = 0; !io.signal.aborted; n += 1) await io.emit(n);
  throw io.signal.reason;
};

/** Reads nothing and answers only when cancelled. */
const never: JobHandler = async (_params, io) => {
  await sleep(2 ** 31 - 1, undefined, { signal: io.signal });
};

/** Answers after `params` milliseconds even when cancelled: a native call that cannot be interrupted. */
const deaf: JobHandler = async (params) => {
  await sleep(Number(params));
  return "done";
};

/** Blocks the event loop for ever. */
const stall: JobHandler = async () => {
  for (;;) Math.sqrt(2);
};

/** Keeps a thread of libuv's pool busy for minutes: a native call that nothing interrupts. */
const nativeCall: JobHandler = async () => {
  await promisify(pbkdf2)("password", "salt", 2 ** 31 - 1, 64, "sha512");
};

/** Takes 16 MiB more every 20 ms until cancelled. */
const leak: JobHandler = async (_params, io) => {
  while (!io.signal.aborted) {
    leaked.push(Buffer.alloc(16 * 2 ** 20, 1));
    await sleep(20);
  }
  return leaked.length;
};

/** Dies as a native assertion does. */
const abort: JobHandler = async () => process.abort();

/** Exits with the code in `params`. */
const exit: JobHandler = async (params) => process.exit(Number(params));

/** Fails, with `params` as message. */
const fail: JobHandler = async (params) => {
  throw new Error(String(params));
};

/** Writes `params` lines to stderr and stdout. */
const chatter: JobHandler = async (params) => {
  for (let line = 0; line < Number(params); line += 1) {
    process.stderr.write(`stderr noise ${line}\n`);
    process.stdout.write(`stdout noise ${line}\n`);
  }
  return params;
};

/** Answers with its process id and the names of its environment variables. */
const whoami: JobHandler = async () => ({ pid: process.pid, env: Object.keys(process.env) });

/** See {@link EngineModule}. With options `{ failStart: message }` it does not start, with `{ hangStart: true }` never. */
export async function createEngine(options: unknown): Promise<Engine> {
  const { failStart, hangStart } = startOptions(options);
  if (failStart !== undefined) throw new Error(failStart);
  if (hangStart) await sleep(2 ** 31 - 1);
  return {
    info: { id: "crash" },
    methods: {
      echo,
      echoStream,
      count,
      never,
      deaf,
      stall,
      nativeCall,
      leak,
      abort,
      exit,
      throw: fail,
      chatter,
      whoami,
    },
  };
}

function startOptions(options: unknown): { readonly failStart: string | undefined; readonly hangStart: boolean } {
  const given = typeof options === "object" && options !== null ? options : {};
  return {
    failStart: "failStart" in given ? String(given.failStart) : undefined,
    hangStart: "hangStart" in given && given.hangStart === true,
  };
}
