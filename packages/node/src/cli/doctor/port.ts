/** Probe of the port the peer listens on. */
import { clientAccessOf, isOwnMachine, type Config } from "../../config/index.ts";
import type { Finding } from "./finding.ts";
import type { DoctorHost } from "./host.ts";

/** The port is free, or a Parley peer already has it. A voice turn works without one, so nothing here is `missing`. */
export async function probePort(host: Pick<DoctorHost, "health" | "tryListen">, config: Config): Promise<Finding> {
  const probe = "port";
  const { host: address, port, isLocalOnly } = clientAccessOf(config);
  const facts = { host: address, port, localOnly: isLocalOnly };
  const who = isLocalOnly
    ? "for programs on this machine alone"
    : "for clients on this machine and, over TLS, on others";
  const code = await host.tryListen(address, port);
  if (code === undefined) {
    const summary =
      port === 0 ? `Any free port on ${address} will be taken, ${who}.` : `Port ${port} on ${address} is free, ${who}.`;
    return { probe, status: "ok", summary, facts };
  }
  if (code === "EADDRINUSE") {
    const health = await host.health(isOwnMachine(address) ? address : "127.0.0.1", port);
    if (isParleyHealth(health) && health.status === "draining") {
      const summary = `A Parley peer is running on port ${port}, ${who}, and drains: it hands over what it does.`;
      return { probe, status: "warning", summary, mend: "parley drain --undo", facts: { ...facts, running: true } };
    }
    if (isParleyHealth(health)) {
      return {
        probe,
        status: "ok",
        summary: `A Parley peer is running on port ${port}, ${who}.`,
        facts: { ...facts, running: true },
      };
    }
    const summary = `Port ${port} on ${address} is taken by another program.`;
    return { probe, status: "warning", summary, mend: "parley start --port 0", facts };
  }
  const reason = code === "EACCES" ? "this user may not listen there" : `listening fails (${code})`;
  const summary = `Port ${port} on ${address} cannot be used: ${reason}.`;
  return { probe, status: "warning", summary, mend: "parley start --host 127.0.0.1 --port 0", facts };
}

/** Whether what `/health` answered is a Parley peer's. */
export function isParleyHealth(body: unknown): body is { readonly status: unknown } {
  if (typeof body !== "object" || body === null) return false;
  return "service" in body && body.service === "parley" && "status" in body;
}
