import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createMessage } from "@parley/sdk";
import { Entry } from "../../src/gateway/guard.ts";
import type { GatewayOptions } from "../../src/gateway/server.ts";
import { fingerprintOf, foundAuthority } from "../../src/gateway/tls/authority.ts";
import type { Trust } from "../../src/gateway/tls/trust.ts";
import { pemOf } from "../../src/gateway/tls/x509.ts";
import { managed, TOKEN } from "./management/managed.ts";
import { ask, TestCredentials } from "./tls/certificates.ts";

const AUTHORIZATION = `Bearer ${TOKEN}`;
const CLAUDE = "https://claude.ai";

async function house(more: Partial<GatewayOptions> = {}) {
  const authority = await foundAuthority(Date.now());
  const ca = pemOf(authority.certificate);
  const credentials = await TestCredentials.of(["localhost", "127.0.0.1", "attic.local"], authority);
  const entry = new Entry({
    names: () => ["attic.local"],
    origins: new Set([CLAUDE]),
    isProxy: (address) => address === "127.0.0.1",
  });
  const trust: Trust = {
    name: 'Parley house <"&">',
    fingerprint: fingerprintOf(authority),
    pem: ca,
    notBeforeMs: 0,
    notAfterMs: Date.now() + 1e9,
    file: "/home/ca.pem",
    predecessor: null,
    isOwnShown: false,
    addresses: ["https://attic.local:8765"],
  };
  const face = { trust: async () => trust, certificate: async () => authority.certificate };
  const { gateway } = await managed({ gateway: { credentials, entry, trust: face, ...more } });
  return { gateway, ca, trust, port: gateway.port };
}

describe("what every answer carries", () => {
  it("keeps browsers from guessing, framing and telling where one comes from; over TLS also from ever coming plain", async () => {
    const { port, ca, gateway } = await house();
    const asked = { ca, servername: "attic.local", headers: { host: `attic.local:${port}` } };
    for (const path of ["/health", "/status", "/nothing", "/%zz", "/trust"]) {
      const { headers } = await ask(port, path, asked);
      expect([path, headers]).toEqual([
        path,
        expect.objectContaining({
          "x-content-type-options": "nosniff",
          "x-frame-options": "DENY",
          "referrer-policy": "no-referrer",
          "strict-transport-security": "max-age=31536000",
          "content-security-policy": expect.stringContaining("default-src 'none'") as string,
        }),
      ]);
    }
    const plain = await fetch(`${gateway.url}/health`);
    expect(plain.headers.get("strict-transport-security")).toBeNull();
    expect(plain.headers.get("x-frame-options")).toBe("DENY");
    // Said of localhost it would hold for all that a person runs there.
    expect((await ask(port, "/health", { ca })).headers["strict-transport-security"]).toBeUndefined();
  });

  it("is told to whom a proxy speaks TLS as well", async () => {
    const { port, gateway } = await house();
    const { headers } = await fetch(`${gateway.url}/health`, { headers: { "x-forwarded-proto": "https" } });
    expect(headers.get("strict-transport-security")).toBeNull();
    const { request } = await import("node:http");
    const answer = await new Promise<Record<string, unknown>>((resolve, reject) => {
      const given = { host: `attic.local`, "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9" };
      request({ port, host: "127.0.0.1", path: "/health", headers: given, agent: false }, (response) => {
        response.resume();
        resolve(response.headers);
      })
        .on("error", reject)
        .end();
    });
    expect(answer["strict-transport-security"]).toBe("max-age=31536000");
  });
});

describe("a page of a listed origin", () => {
  it("is given leave by a preflight, and reads what it is answered, but for what needs a token", async () => {
    const { gateway } = await house();
    const preflight = await fetch(`${gateway.url}/capabilities`, {
      method: "OPTIONS",
      headers: {
        origin: CLAUDE,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type",
        "access-control-request-private-network": "true",
      },
    });
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      "access-control-allow-origin": CLAUDE,
      "access-control-allow-methods": expect.stringContaining("POST") as string,
      "access-control-allow-headers": "authorization, content-type",
      "access-control-allow-private-network": "true",
      vary: "Origin",
    });
    expect(preflight.headers.has("access-control-allow-credentials")).toBe(false);
    const open = await fetch(`${gateway.url}/capabilities`, { headers: { origin: CLAUDE } });
    expect([open.status, open.headers.get("access-control-allow-origin")]).toEqual([401, CLAUDE]);
    const known = await fetch(`${gateway.url}/capabilities`, {
      headers: { origin: CLAUDE, authorization: AUTHORIZATION },
    });
    expect([known.status, known.headers.get("access-control-allow-origin")]).toEqual([200, CLAUDE]);
  });

  it("may open a WebSocket, and one that is not listed may neither that nor anything", async () => {
    const { port, ca, gateway } = await house();
    const opened = (origin: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = new WebSocket(`wss://127.0.0.1:${port}/ws`, { ca, origin });
        socket.on("open", () => {
          socket.terminate();
          resolve("open");
        });
        socket.on("error", (error) => resolve(error.message));
      });
    expect(await opened(CLAUDE)).toBe("open");
    expect(await opened(`https://127.0.0.1:${port}`)).toBe("open");
    expect(await opened("https://mallory.example")).toContain("403");
    expect(await opened(`http://127.0.0.1:${port}`)).toContain("403");
    for (const origin of ["https://mallory.example", "https://claude.ai.mallory.example", "http://claude.ai", "null"]) {
      const answer = await fetch(`${gateway.url}/health`, { headers: { origin } });
      expect([origin, answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([origin, 403, null]);
    }
  });
});

describe("what clients are to trust", () => {
  it("is served to everybody, in forms that phones take, with the fingerprint to be compared", async () => {
    const { port, ca, trust } = await house();
    const pem = await ask(port, "/ca.pem", { ca });
    expect([pem.status, pem.headers["content-type"], pem.body]).toEqual([200, "application/x-x509-ca-cert", ca]);
    const der = await fetch(`http://127.0.0.1:${port}/ca.cer`);
    expect(der.headers.get("content-type")).toBe("application/x-x509-ca-cert");
    expect(new X509Certificate(Buffer.from(await der.arrayBuffer())).fingerprint256).toBe(trust.fingerprint);
    const page = await ask(port, "/trust", { ca });
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(page.body).toContain(trust.fingerprint);
    expect(page.body).toContain(`curl --cacert parley-ca.pem https://127.0.0.1:${port}/health`);
    // What others have named is no markup.
    expect(page.body).toContain("Parley house &lt;&quot;&amp;&quot;&gt;");
    for (const path of ["/ca.pem/", "/ca.key", "/trust/renew", "/api/v1/trust"]) {
      expect([path, (await ask(port, path, { ca })).status]).toEqual([path, 401]);
    }
  });
});

describe("whoever asks by a proxy", () => {
  it("is not on this machine though the proxy is: this machine's token does not manage from there", async () => {
    const { gateway } = await house();
    const manage = async (headers: Record<string, string>): Promise<number> =>
      (await fetch(`${gateway.url}/api/v1/cluster`, { headers: { authorization: AUTHORIZATION, ...headers } })).status;
    expect(await manage({})).toBe(200);
    expect(await manage({ "x-forwarded-for": "203.0.113.9" })).toBe(401);
    expect(await manage({ "x-forwarded-for": "127.0.0.1, 203.0.113.9" })).toBe(401);
  });

  it("is known by its own address, so that one who guesses tokens does not get all of them shut out", async () => {
    const seen: string[] = [];
    const access: GatewayOptions["access"] = {
      authenticate: ({ from }) => {
        seen.push(from.address);
        return { why: "nobody comes in" };
      },
    };
    const { port, ca } = await house({ access });
    for (const told of ["203.0.113.9", "127.0.0.1, 198.51.100.7", undefined]) {
      const headers = told === undefined ? {} : { "x-forwarded-for": told };
      const socket = new WebSocket(`wss://127.0.0.1:${port}/ws`, { ca, headers });
      await once(socket, "open");
      const payload = { clientId: "tester", authToken: "guess", clientType: "api" } as const;
      socket.send(JSON.stringify(createMessage("REGISTER", payload, { from: "tester" })));
      await once(socket, "close");
    }
    expect(seen).toEqual(["203.0.113.9", "198.51.100.7", "127.0.0.1"]);
  });
});
