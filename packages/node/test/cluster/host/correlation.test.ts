import { Writable } from "node:stream";
import pino from "pino";
import { expect, it } from "vitest";
import { contextLogger, withCorrelation } from "../../../src/log.ts";
import { until } from "../../mesh/host/hosts.ts";
import { areOneCluster, freePorts, TestPeer } from "./peers.ts";

it(
  "what a member logs long after it was told to join is not told to be of that request",
  { timeout: 60_000 },
  async () => {
    const lines: Record<string, unknown>[] = [];
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        lines.push(JSON.parse(chunk.toString("utf8")) as Record<string, unknown>);
        done();
      },
    });
    const [a = 0, b = 0] = await freePorts(2);
    const founder = await TestPeer.started({ name: "founder", port: a });
    await until(() => founder.cluster.belonging === "member", "a founder");
    const log = contextLogger(pino({ level: "trace" }, sink), () => ({}));
    const newcomer = await TestPeer.started({ name: "newcomer", port: b, log });
    await until(() => newcomer.cluster.belonging === "member", "a founder of its own");
    const { code } = await founder.cluster.openPairing();
    await withCorrelation("the-request", async () => {
      log.info("join");
      const signal = AbortSignal.timeout(20_000);
      await newcomer.cluster.join({ proof: { code }, address: `127.0.0.1:${a}`, signal });
    });
    expect(lines.filter(({ correlation }) => correlation === "the-request")).not.toEqual([]);
    await until(() => areOneCluster([founder, newcomer]), "one cluster");
    const before = lines.length;
    await newcomer.put("key", "value");
    await founder.stop();
    await until(() => newcomer.cluster.status()["state"] === "no-quorum", "no quorum");
    await founder.start();
    await until(() => areOneCluster([founder, newcomer]), "one cluster again");
    const since = lines.slice(before);
    const about = (msg: string) => since.filter((line) => line["msg"] === msg);
    expect([about("link down").length, about("link up").length]).toEqual([1, 1]);
    expect(since.filter(({ correlation }) => correlation !== undefined)).toEqual([]);
  },
);
