/**
 * A wire of its own to another network namespace, through a third that drops packets both ways as it passes them on. Neither
 * end notices that a packet is lost: were it dropped at an end, the kernel would know, and try again at once. Linux, root,
 * `ip` and `nft`.
 */
import { execFileSync } from "node:child_process";
import { UsageError } from "../arguments.ts";

export interface LossyWire {
  readonly nearHost: string;
  readonly farHost: string;
  /** Runs a program at the far end. */
  readonly farCommand: readonly string[];
  remove(): void;
}

/** @throws UsageError where it cannot be made */
export function lossyWire(lossPercent: number): LossyWire {
  const id = process.pid % 10_000;
  const [middle, far] = [`parley-middle-${id}`, `parley-far-${id}`];
  // Measurements beside each other need addresses of their own.
  const net = `10.213.${id % 250}`;
  const [nearHost, nearGate] = [`${net}.1`, `${net}.2`];
  const [farGate, farHost] = [`${net}.5`, `${net}.6`];
  const inMiddle = inside(middle);
  const inFar = inside(far);
  const made: string[] = [];
  const remove = (): void => {
    for (const space of made.splice(0)) run("ip", "netns", "del", space);
  };
  try {
    for (const space of [middle, far]) {
      run("ip", "netns", "add", space);
      made.push(space);
    }
    run("ip", "link", "add", `pln${id}`, "type", "veth", "peer", "name", "near", "netns", middle);
    run(...inMiddle, "ip", "link", "add", "far", "type", "veth", "peer", "name", "wire", "netns", far);
    join([], `pln${id}`, `${nearHost}/30`);
    join(inMiddle, "near", `${nearGate}/30`);
    join(inMiddle, "far", `${farGate}/30`);
    join(inFar, "wire", `${farHost}/30`);
    run("ip", "route", "add", `${net}.4/30`, "via", nearGate);
    run(...inFar, "ip", "route", "add", "default", "via", farGate);
    run(...inMiddle, "nft", dropping(lossPercent));
    run(...inMiddle, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
  } catch (error) {
    remove();
    const why = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    throw new UsageError(`--loss needs Linux, root, ip and nft: ${why}`);
  }
  return { nearHost, farHost, farCommand: inFar, remove };
}

const inside = (space: string): readonly string[] => ["ip", "netns", "exec", space];

function run(...[program = "", ...args]: readonly string[]): void {
  execFileSync(program, args, { stdio: ["ignore", "inherit", "pipe"] });
}

function join(within: readonly string[], device: string, address: string): void {
  run(...within, "ip", "addr", "add", address, "dev", device);
  run(...within, "ip", "link", "set", device, "up");
}

function dropping(lossPercent: number): string {
  const rule = `numgen random mod 1000 < ${Math.round(lossPercent * 10)} drop`;
  return `table inet loss { chain passing { type filter hook forward priority 0; ${rule}; }; }`;
}
