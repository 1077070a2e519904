/**
 * How often a host that is there is held for gone, while all processors are busy and, if wanted, packets are lost.
 *
 *     node --conditions=parley-source packages/actors/bench/alarms/main.ts [--minutes N] [--busy N] [--loss PERCENT]
 *
 * With loss it needs Linux, root, `ip` and `nft`. Prints one line of JSON.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createActorSystem, createRemoting } from "../../src/index.ts";
import { TcpTransport } from "../../src/testing/index.ts";
import { type LossyWire, lossyWire } from "./lossy-wire.ts";
import { alarmOptions } from "./options.ts";

const PROGRAM = fileURLToPath(new URL("far.ts", import.meta.url));
const LOOPBACK = "127.0.0.1";
const SAMPLE_MS = 20;

const { minutes, busy, lossPercent } = alarmOptions(process.argv.slice(2));
const wire = lossPercent > 0 ? lossyWire(lossPercent) : undefined;
const children: ChildProcess[] = [];
try {
  console.log(JSON.stringify(await measure(wire)));
} finally {
  for (const child of children) child.kill("SIGKILL");
  wire?.remove();
}

async function measure(over: LossyWire | undefined): Promise<unknown> {
  for (let i = 0; i < busy; i += 1) children.push(spawn(process.execPath, ["-e", "for (;;);"]));
  const farPort = await startFar(over);
  const alarms: string[] = [];
  const transport = new TcpTransport({
    host: over?.nearHost ?? LOOPBACK,
    portOf: () => farPort,
    hostOf: () => over?.farHost ?? LOOPBACK,
  });
  const remoting = createRemoting({
    transport,
    onPeerChange: ({ state, error }) => {
      if (state === "down") alarms.push(error?.message ?? "");
    },
  });
  const system = createActorSystem({ peer: "near", remoting: remoting.remoting });
  await remoting.start();
  const startedMs = performance.now();
  let maxPhi = 0;
  while (performance.now() - startedMs < minutes * 60_000) {
    // Whoever was held for gone is met anew.
    if (remoting.peers()[0]?.state !== "open") system.resolve<string>("parley://far/nobody").tell("hello");
    await new Promise((resolve) => {
      setTimeout(resolve, SAMPLE_MS);
    });
    maxPhi = Math.max(maxPhi, remoting.peers()[0]?.phi ?? 0);
  }
  return { minutes, busy, lossPercent, falseAlarms: alarms.length, maxPhi: Math.round(maxPhi * 10) / 10, alarms };
}

async function startFar(over: LossyWire | undefined): Promise<number> {
  const options = JSON.stringify({ host: over?.farHost ?? LOOPBACK });
  const command = [...(over?.farCommand ?? []), process.execPath, "--conditions=parley-source", PROGRAM, options];
  const far = spawn(command[0] ?? "", command.slice(1), { stdio: ["inherit", "inherit", "inherit", "ipc"] });
  children.push(far);
  const [said] = (await once(far, "message")) as [{ readonly port: number }];
  return said.port;
}
process.exit(0);
