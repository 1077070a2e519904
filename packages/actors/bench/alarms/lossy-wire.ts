/** A wire of its own to a network namespace, on which the kernel drops packets both ways. Linux, root, `ip` and `nft`. */
import { execFileSync } from "node:child_process";

export interface LossyWire {
  readonly nearHost: string;
  readonly farHost: string;
  /** Runs a program at the far end. */
  readonly farCommand: readonly string[];
  remove(): void;
}

export function lossyWire(lossPercent: number): LossyWire {
  const id = process.pid % 10_000;
  const space = `parley-loss-${id}`;
  const [near, far] = [`pln${id}`, `plf${id}`];
  const [nearHost, farHost] = ["10.213.7.1", "10.213.7.2"];
  const inSpace = ["ip", "netns", "exec", space];
  const run = (...[program = "", ...args]: readonly string[]): void => {
    execFileSync(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  };
  const remove = (): void => run("ip", "netns", "del", space);
  run("ip", "netns", "add", space);
  try {
    run("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", space);
    run("ip", "addr", "add", `${nearHost}/24`, "dev", near);
    run("ip", "link", "set", near, "up");
    run(...inSpace, "ip", "addr", "add", `${farHost}/24`, "dev", far);
    run(...inSpace, "ip", "link", "set", far, "up");
    run(...inSpace, "nft", dropping(far, lossPercent));
  } catch (error) {
    remove();
    throw error;
  }
  return { nearHost, farHost, farCommand: inSpace, remove };
}

/** Both directions are dropped in the namespace: rules there concern nobody else. */
function dropping(device: string, lossPercent: number): string {
  const drop = `numgen random mod 1000 < ${Math.round(lossPercent * 10)} drop;`;
  const chain = (hook: string, match: string): string =>
    `chain ${hook} { type filter hook ${hook} priority 0; ${match} ${device} ${drop} };`;
  return `table inet loss { ${chain("input", "iifname")} ${chain("output", "oifname")} }`;
}
