/** Engines that break the protocol, as a damaged native library might: options `{ kind }`, method `go`. */
import { writeSync } from "node:fs";
import { serialize } from "node:v8";
import type { Engine } from "../../../src/engines/index.ts";

const CHANNEL_FD = 3;

function frame(value: unknown): Buffer {
  const body = serialize(value);
  const header = Buffer.alloc(4);
  header.writeUInt32LE(body.length);
  return Buffer.concat([header, body]);
}

function header(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(length);
  return bytes;
}

/** What is written to the parent behind the protocol's back. */
export const HOSTILITIES: Readonly<Record<string, Buffer>> = {
  "bytes that are no message": Buffer.concat([header(8), Buffer.from("garbage!")]),
  "a length of 4 GiB": header(0xff_ff_ff_ff),
  "a length of zero": header(0),
  "a message of no known type": frame({ type: "surprise" }),
  "no object at all": frame("hello"),
  "a result for a job that never was": frame({ type: "done", job: 999_999, result: 1 }),
  "a job id that is no number": frame({ type: "done", job: "1", result: 1 }),
  "credit that was never owed": frame({ type: "credit", job: 1, count: 16 }),
  "endless credit": frame({ type: "credit", job: 1, count: 1e9 }),
  "a second ready": frame({ type: "ready", info: {} }),
  "an error with an invented code": frame({
    type: "failed",
    job: 1,
    error: { code: "all-good", message: "", nextStep: "", details: {} },
  }),
  "an unasked pong": frame({ type: "pong", id: 77, rssBytes: 1, running: 0 }),
  "more values than credit": Buffer.concat(Array.from({ length: 40 }, () => frame({ type: "data", job: 1, value: 1 }))),
};

/** See {@link EngineModule}. */
export async function createEngine(options: unknown): Promise<Engine> {
  const kind = String(Reflect.get(Object(options), "kind"));
  if (kind === "exit-while-loading") {
    process.stderr.write("no good tensor\n");
    process.exit(255);
  }
  return {
    info: {},
    methods: {
      async go() {
        writeSync(CHANNEL_FD, HOSTILITIES[kind] ?? Buffer.alloc(0));
        await new Promise(() => undefined);
      },
    },
  };
}
