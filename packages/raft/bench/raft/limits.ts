/** What the machine itself takes for the parts of a put: how far anything could get. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Level } from "level";
import { percentile } from "./statistics.ts";
import type { Sweep } from "./sweep.ts";

const ROUNDS = 2000;
const WARM_UP_ROUNDS = 200;
const VALUE_BYTES = 256;
const START_TIMEOUT_MS = 10_000;

export interface Limits {
  /** 4 KiB over what is there, and fdatasync. */
  readonly syncMs: number;
  /** 256 bytes to another process and back, over TCP on loopback. */
  readonly roundTripMs: number;
  /** One 256-byte value into LevelDB, synced. */
  readonly levelMs: number;
}

/** Medians. */
export async function measureLimits(sweep: Sweep): Promise<Limits> {
  const folder = sweep.folder();
  return {
    syncMs: await fdatasync(folder),
    roundTripMs: await loopbackRoundTrip(sweep),
    levelMs: await levelBatch(folder),
  };
}

async function fdatasync(folder: string): Promise<number> {
  const file = await open(join(folder, "raw"), "w+");
  await file.write(Buffer.alloc(1024 * 1024));
  await file.sync();
  const median = await medianMs(async (i) => {
    await file.write(Buffer.alloc(4096), 0, 4096, (i % 256) * 4096);
    await file.datasync();
  });
  await file.close();
  return median;
}

async function levelBatch(folder: string): Promise<number> {
  const options = { keyEncoding: "buffer", valueEncoding: "buffer", compression: false } as const;
  const database = new Level<Buffer, Buffer>(join(folder, "level"), options);
  await database.open();
  const key = Buffer.alloc(8);
  const median = await medianMs(async (i) => {
    key.writeUInt32BE(i, 4);
    await database.batch([{ type: "put", key, value: Buffer.alloc(VALUE_BYTES) }], { sync: true });
  });
  await database.close();
  return median;
}

async function loopbackRoundTrip(sweep: Sweep): Promise<number> {
  const echo = fork(fileURLToPath(new URL("echo-main.ts", import.meta.url)));
  sweep.add(() => {
    echo.kill("SIGKILL");
  });
  const [port] = (await once(echo, "message", { signal: AbortSignal.timeout(START_TIMEOUT_MS) })) as [number];
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const median = await medianMs(async () => {
    socket.write(Buffer.alloc(VALUE_BYTES));
    for (let bytes = 0; bytes < VALUE_BYTES;) {
      const [chunk] = (await once(socket, "data")) as [Buffer];
      bytes += chunk.length;
    }
  });
  socket.destroy();
  echo.kill("SIGKILL");
  return median;
}

async function medianMs(work: (round: number) => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < WARM_UP_ROUNDS + ROUNDS; i += 1) {
    const startedAt = performance.now();
    await work(i);
    if (i >= WARM_UP_ROUNDS) times.push(performance.now() - startedAt);
  }
  return percentile(times, 50);
}
