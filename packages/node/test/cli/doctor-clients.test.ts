import { describe, expect, it } from "vitest";
import { probeCertificate } from "../../src/cli/doctor/certificate.ts";
import { probePort } from "../../src/cli/doctor/port.ts";
import type { Config, FlagValues } from "../../src/config/index.ts";
import { load } from "../config/sample.ts";

function configWith(flags: FlagValues): Config {
  const loaded = load({ flags });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

const saying = (words: string): unknown => expect.stringContaining(words);

describe("the doctor's word on where clients come in", () => {
  it("is for whom the port is; its peer is looked for at loopback, whatever address it listens at", async () => {
    const asked: string[] = [];
    const busy = {
      tryListen: async () => "EADDRINUSE",
      health: async (host: string) => {
        asked.push(host);
        return { service: "parley", status: "healthy" };
      },
    };
    expect(await probePort(busy, configWith({ "listen.host": "0.0.0.0" }))).toMatchObject({
      status: "ok",
      summary: saying("over TLS, on others"),
    });
    const shut = configWith({ "listen.host": "192.168.1.7", "listen.local_only": "true" });
    expect(await probePort(busy, shut)).toMatchObject({ status: "ok", summary: saying("on this machine alone") });
    await probePort(busy, configWith({ "listen.host": "::1" }));
    expect(asked).toEqual(["127.0.0.1", "127.0.0.1", "::1"]);
  });

  it("is that the certificate is the house's, or one's own, and what is wrong with that", async () => {
    expect(await probeCertificate(configWith({}))).toMatchObject({ status: "ok", summary: saying("parley trust") });
    expect(await probeCertificate(configWith({ "listen.local_only": "true" }))).toMatchObject({
      status: "ok",
      summary: saying("Not needed"),
    });
    const missing = { "tls.certificate": "/nowhere/own.pem", "tls.key": "/nowhere/own.key" };
    expect(await probeCertificate(configWith(missing))).toMatchObject({
      status: "warning",
      summary: saying("/nowhere/own.pem cannot be read (ENOENT)"),
    });
    expect(await probeCertificate(configWith({ "tls.key": "/nowhere/own.key" }))).toMatchObject({
      status: "warning",
      summary: saying("tls.certificate is not"),
    });
  });
});
