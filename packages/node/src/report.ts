/** What a peer says of itself: to whoever asks whether it lives, to clients that choose, to people who look. */
import type { Cluster } from "./cluster/face.ts";
import { fingerprintOf } from "./mesh/door/code/fingerprint.ts";
import type { HostEars } from "./services/ears/ears.ts";
import { serviceNames } from "./services/stage.ts";
import type { Drain } from "./services/drain/drain.ts";
import type { Services, ServiceStatus } from "./services/services.ts";

interface About {
  readonly peerId: string;
  readonly name: string;
  readonly version: string;
}

/**
 * Healthy while no service has failed for good, or others in the house do the same; one that is still being fetched is not a
 * fault.
 */
export function healthOf(services: Services): { readonly healthy: boolean; readonly checks: Record<string, boolean> } {
  const status = services.status();
  const isWell = ({ stage, elsewhere }: ServiceStatus): boolean => stage.state !== "failed" || elsewhere.length > 0;
  const checks = Object.fromEntries(serviceNames.map((name) => [name, isWell(status[name])]));
  return { healthy: Object.values(checks).every(Boolean), checks };
}

/** What can be asked of this peer now: what it does itself, and what others of its house do for it. */
export function capabilitiesOf(about: About, services: Services): Record<string, unknown> {
  const status = services.status();
  const ready = serviceNames.flatMap((name) => {
    const { stage, elsewhere } = status[name];
    const model = stage.state === "ready" ? stage.model : elsewhere[0]?.model;
    if (model === undefined) return [];
    const voices = name === "tts" ? { voices: services.voices } : {};
    const where = elsewhere.length === 0 ? {} : { elsewhere };
    return [[name, { model, isHere: stage.state === "ready", ...where, ...voices }] as const];
  });
  return { ...about, services: Object.fromEntries(ready) };
}

/** Everything there is to know of how the peer fares. */
export function statusOf(
  about: About,
  parts: {
    readonly services: Services;
    readonly cluster: Cluster;
    readonly ears: HostEars;
    readonly drain: Pick<Drain, "report">;
  },
): Record<string, unknown> {
  const { services, cluster, ears, drain } = parts;
  const status = services.status();
  const described = serviceNames.map((name) => [name, describe(status[name])] as const);
  return {
    ...about,
    pid: process.pid,
    uptimeSeconds: Math.round(process.uptime()),
    rssBytes: process.memoryUsage.rss(),
    services: Object.fromEntries(described),
    ears: ears.report,
    drain: drain.report,
    cluster: clusterReportOf(cluster),
  };
}

/** How the peer stands with its cluster. A pairing code is not in it: it is shown to who opened the window, and nowhere else. */
export function clusterReportOf(cluster: Cluster): Record<string, unknown> {
  const { belonging, peerId, clusterId = null, pairing } = cluster;
  return {
    belonging,
    peerId,
    fingerprint: fingerprintOf(peerId),
    clusterId,
    status: cluster.status(),
    met: cluster.met(),
    waiting: cluster.waiting(),
    pairing: pairing === undefined ? null : { expiresAtMs: pairing.expiresAtMs, triesLeft: pairing.triesLeft },
  };
}

function describe({ stage, supervision, elsewhere }: ServiceStatus): Record<string, unknown> {
  return {
    ...stage,
    ...(supervision === undefined ? {} : { engine: supervision }),
    ...(elsewhere.length === 0 ? {} : { elsewhere }),
  };
}
