/** One measurement: two processes, a wire, and others that take the processors. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createActorSystem, createRemoting } from "../../src/index.ts";
import { TcpTransport } from "../../src/testing/index.ts";
import { type LossyWire, lossyWire } from "./lossy-wire.ts";
import type { AlarmOptions } from "./options.ts";
import { Silences } from "./silences.ts";
import { machineMs, type Stall, StallMeter } from "./stalls.ts";

const PROGRAM = fileURLToPath(new URL("far.ts", import.meta.url));
const LOOPBACK = "127.0.0.1";
const SAMPLE_MS = 20;
const STARTING_MS = 30_000;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const INTERRUPTED = 130;

export interface Alarm {
  readonly atMs: number;
  readonly message: string;
}

export interface Measured {
  readonly startedMs: number;
  readonly alarms: readonly Alarm[];
  readonly silences: Silences;
  readonly nearStalls: readonly Stall[];
  readonly farStalls: readonly Stall[];
}

/** @throws UsageError where packets cannot be lost */
export async function measureAlarms({ minutes, busy, lossPercent }: AlarmOptions): Promise<Measured> {
  const wire = lossPercent > 0 ? lossyWire(lossPercent) : undefined;
  const children: ChildProcess[] = [];
  const interrupted = (): void => {
    for (const child of children) child.kill("SIGKILL");
    wire?.remove();
    process.exit(INTERRUPTED);
  };
  for (const signal of SIGNALS) process.once(signal, interrupted);
  try {
    const busyMs = minutes * 60_000 + STARTING_MS;
    for (let i = 0; i < busy; i += 1) children.push(spawn(process.execPath, ["-e", computing(busyMs)]));
    const far = startFar(wire);
    children.push(far);
    const [{ port }] = (await Promise.race([once(far, "message"), died(far)])) as [{ readonly port: number }];
    return await listen({ minutes, far, port, wire });
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupted);
    await Promise.all(children.map((child) => kill(child)));
    wire?.remove();
  }
}

/** Ends by itself, also where this process was killed. */
const computing = (forMs: number): string => `const end = Date.now() + ${forMs}; while (Date.now() < end);`;

interface Place {
  readonly minutes: number;
  readonly far: ChildProcess;
  readonly port: number;
  readonly wire: LossyWire | undefined;
}

async function listen({ minutes, far, port, wire }: Place): Promise<Measured> {
  const alarms: Alarm[] = [];
  const silences = new Silences();
  const transport = new TcpTransport({
    host: wire?.nearHost ?? LOOPBACK,
    portOf: () => port,
    hostOf: () => wire?.farHost ?? LOOPBACK,
  });
  const remoting = createRemoting({
    transport: silences.overhear(transport),
    onPeerChange: ({ state, error }) => {
      if (state !== "down") return;
      silences.noteNow();
      alarms.push({ atMs: machineMs(), message: error?.message ?? "" });
    },
  });
  const system = createActorSystem({ peer: "near", remoting: remoting.remoting });
  const meter = new StallMeter();
  const startedMs = machineMs();
  try {
    await remoting.start();
    while (machineMs() - startedMs < minutes * 60_000) {
      // Whoever was held for gone is met anew.
      if (remoting.peers()[0]?.state !== "open") system.resolve<string>("parley://far/nobody").tell("hello");
      await new Promise((resolve) => {
        setTimeout(resolve, SAMPLE_MS);
      });
    }
    far.send("stalls");
    const [farStalls] = (await Promise.race([once(far, "message"), died(far)])) as [readonly Stall[]];
    return { startedMs, alarms: [...alarms], silences, nearStalls: meter.stalls, farStalls };
  } finally {
    meter.close();
    await system.stop();
    await remoting.close();
  }
}

function startFar(wire: LossyWire | undefined): ChildProcess {
  const options = JSON.stringify({ host: wire?.farHost ?? LOOPBACK });
  const command = [...(wire?.farCommand ?? []), process.execPath, "--conditions=parley-source", PROGRAM, options];
  return spawn(command[0] ?? "", command.slice(1), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

async function died(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, "exit")) as [unknown];
  throw new Error(`the other host's process ended: ${String(code)}`);
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
