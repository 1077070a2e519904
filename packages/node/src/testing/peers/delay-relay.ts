/**
 * Holds what passes: `node delay-relay.ts OPTIONS`, with {@link DelayRelayOptions} as JSON. Everything that comes on a port goes to
 * its target, and back, after the delay, in order, the end as well. Says `ready` on stdout; ends when stdin does.
 */
import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";

export interface DelayRelayOptions {
  readonly delayMs: number;
  readonly relays: readonly { readonly port: number; readonly toHost: string; readonly toPort: number }[];
}

/** More than that on its way, and whoever sends has to wait. */
const FULL_BYTES = 4 * 1024 * 1024;

const given: DelayRelayOptions = JSON.parse(process.argv[2] ?? "{}");
const { delayMs, relays } = given;
const servers = relays.map(({ port, toHost, toPort }) =>
  createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ host: toHost, port: toPort, allowHalfOpen: true, noDelay: true });
    hold(near, far);
    hold(far, near);
  }).listen(port, "0.0.0.0"),
);
await Promise.all(servers.map((server) => once(server, "listening")));
process.stdin.on("end", () => process.exit(0)).resume();
process.stdout.write("ready\n");

function hold(from: Socket, to: Socket): void {
  let heldBytes = 0;
  from.on("data", (chunk) => {
    heldBytes += chunk.length;
    if (heldBytes > FULL_BYTES) from.pause();
    setTimeout(() => {
      heldBytes -= chunk.length;
      if (heldBytes <= FULL_BYTES) from.resume();
      if (!to.destroyed) to.write(chunk);
    }, delayMs);
  });
  from.on("end", () => setTimeout(() => to.end(), delayMs));
  // What was reset here is reset there.
  from.on("error", () => setTimeout(() => to.destroy(), delayMs));
  from.on("close", () => setTimeout(() => to.destroy(), 2 * delayMs));
}
