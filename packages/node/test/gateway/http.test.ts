/** What is answered over bare HTTP: to load balancers, to what is no request of ours, and to what only looks like one. */
import { once } from "node:events";
import { connect } from "node:net";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { managed, TOKEN } from "./management/managed.ts";

const AUTHORIZATION = `Bearer ${TOKEN}`;
const failure = (code: string): unknown => ({
  error: { code, message: expect.stringMatching(/.+/) as string, nextStep: expect.stringMatching(/\.$/) as string },
});

interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: unknown;
}

/** The answer to these lines, byte for byte as they are: no library puts its own headers in. */
function say(port: number, lines: readonly string[], body = ""): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const heard: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`));
    socket.on("data", (chunk: Buffer) => heard.push(chunk));
    socket.on("error", reject);
    socket.setTimeout(20_000, () => socket.destroy(new Error("no answer came")));
    socket.on("close", () => {
      const [head = "", text = ""] = Buffer.concat(heard).toString().split("\r\n\r\n");
      resolve({ status: Number(head.split(" ")[1]), head, body: text.startsWith("{") ? JSON.parse(text) : text });
    });
  });
}

describe("the health of a peer", () => {
  it("is told to everybody on this machine in one word, and in full only with the token", async () => {
    const { gateway } = await managed();
    const open = await fetch(`${gateway.url}/health`);
    expect([open.status, await open.json()]).toEqual([200, { service: "parley", status: "healthy" }]);
    const guessed = await fetch(`${gateway.url}/health`, { headers: { authorization: "Bearer guess" } });
    expect(await guessed.json()).toEqual({ service: "parley", status: "healthy" });
    const full = await fetch(`${gateway.url}/health`, { headers: { authorization: AUTHORIZATION } });
    expect(await full.json()).toEqual({
      service: "parley",
      status: "healthy",
      peerId: expect.stringMatching(/^12D3KooW/) as string,
      timestamp: expect.stringMatching(/Z$/) as string,
      uptimeSeconds: expect.any(Number) as number,
      checks: { stt: true },
    });
  });

  it("is a status that load balancers understand", async () => {
    const { gateway } = await managed({ health: () => ({ healthy: false, checks: { stt: false } }) });
    for (const method of ["GET", "HEAD"]) {
      expect((await fetch(`${gateway.url}/health`, { method })).status).toBe(503);
    }
    expect(await (await fetch(`${gateway.url}/health`)).json()).toEqual({ service: "parley", status: "unhealthy" });
  });
});

describe("a peer that has as many clients as it takes", () => {
  const UPGRADE = [
    "GET /ws HTTP/1.1",
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];

  it("sends one more to another peer, and takes one again when one has left", async () => {
    const { gateway } = await managed({ gateway: { connections: 1 } });
    const inside = new WebSocket(`${gateway.url.replace("http", "ws")}/ws`);
    await once(inside, "open");
    const refused = await say(gateway.port, UPGRADE);
    expect([refused.status, refused.body]).toEqual([503, failure("RATE_LIMIT_EXCEEDED")]);
    inside.terminate();
    await vi.waitFor(async () => {
      const next = new WebSocket(`${gateway.url.replace("http", "ws")}/ws`);
      await once(next, "open");
      next.terminate();
    });
  });
});

describe("what the gateway does not know", () => {
  const headers = { authorization: AUTHORIZATION };

  it.each(["/nothing", "/api/v1/nothing", "/health/", "/api/v2/cluster", "/%41", "/api/v1/outbox/x/y"])(
    "%s is answered with an error like any other",
    async (path) => {
      const { gateway } = await managed();
      const answer = await fetch(`${gateway.url}${path}`, { headers });
      expect([answer.status, await answer.json()]).toEqual([404, failure("usage")]);
    },
  );

  it("a method that a route does not have is named, with those that it has", async () => {
    const { gateway, cluster } = await managed();
    for (const [method, path, allowed] of [
      ["POST", "/status", "GET, HEAD"],
      ["PATCH", "/api/v1/pairing", "DELETE, GET, HEAD, POST"],
      ["GET", "/api/v1/leave", "POST"],
      ["OPTIONS", "/api/v1/leave", "POST"],
      ["PROPFIND", "/health", "GET, HEAD"],
      ["DELETE", "/api/v1/settings", "GET, HEAD, PUT"],
    ] as const) {
      const answer = await fetch(`${gateway.url}${path}`, { method, headers });
      expect([method, path, answer.status, answer.headers.get("allow"), await answer.json()]).toEqual([
        method,
        path,
        405,
        allowed,
        failure("usage"),
      ]);
    }
    expect(cluster.asked).toEqual([]);
  });

  it("is told to nobody without the token", async () => {
    const { gateway } = await managed();
    for (const [method, path] of [
      ["GET", "/nothing"],
      ["POST", "/health"],
      ["POST", "/status"],
      ["OPTIONS", "/api/v1/leave"],
    ] as const) {
      const answer = await fetch(`${gateway.url}${path}`, { method });
      expect([path, answer.status, await answer.json()]).toEqual([path, 401, failure("AUTHENTICATION_FAILED")]);
    }
  });

  it("a path, a body or a request that cannot be read is answered with an error like any other", async () => {
    const { gateway } = await managed();
    const host = `Host: 127.0.0.1:${gateway.port}`;
    const auth = `Authorization: ${AUTHORIZATION}`;
    const closing = "Connection: close";
    const json = "Content-Type: application/json";
    for (const [lines, status, body] of [
      [["GET /%zz HTTP/1.1", host, auth, closing], 400, ""],
      [["GET /health HTTP/1.1", host, "no header at all", closing], 400, ""],
      [["NONSENSE"], 400, ""],
      [["GET /health HTTP/1.1", host, `X-Long: ${"x".repeat(20_000)}`, closing], 431, ""],
      [["POST /api/v1/join HTTP/1.1", host, auth, json, "Content-Length: 5", closing], 400, "{nope"],
      [["POST /api/v1/join HTTP/1.1", host, auth, json, "Content-Length: 9999", closing], 413, "x".repeat(9999)],
    ] as const) {
      const answer = await say(gateway.port, lines, body);
      expect([lines[0], answer.status, answer.body]).toEqual([lines[0], status, failure("usage")]);
    }
  });

  it("never answers in another form, whatever is asked for", async () => {
    const { gateway } = await managed();
    const segment = fc.constantFrom("api", "v1", "health", "status", "..", "%2e", "%", "%00", "ws", ";", "é", "");
    const paths = fc.array(segment, { maxLength: 5 }).map((parts) => `/${parts.map(encodeURI).join("/")}`);
    const methods = fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "LOCK");
    await fc.assert(
      fc.asyncProperty(methods, paths, fc.boolean(), async (method, path, knows) => {
        const { status, body } = await say(gateway.port, [
          `${method} ${path} HTTP/1.1`,
          `Host: localhost:${gateway.port}`,
          ...(knows ? [`Authorization: ${AUTHORIZATION}`] : []),
          "Connection: close",
        ]);
        if (status < 400) return;
        expect(body).toEqual({
          error: expect.objectContaining({ code: expect.any(String), nextStep: expect.any(String) }),
        });
      }),
      { numRuns: 150 },
    );
  });
});

describe("a request that names two places", () => {
  const ASKS = ["/health", "/status", "/ws"];

  it("by two Host headers is refused, whichever comes first, also for a WebSocket", async () => {
    const { gateway } = await managed();
    const own = `Host: 127.0.0.1:${gateway.port}`;
    const upgrade = [
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}`,
    ];
    for (const path of ASKS) {
      for (const hosts of [
        [own, "Host: mallory.example"],
        ["Host: mallory.example", own],
        [own, own],
      ]) {
        const closing = path === "/ws" ? ["Connection: Upgrade", ...upgrade] : ["Connection: close"];
        const lines = [`GET ${path} HTTP/1.1`, ...hosts, `Authorization: ${AUTHORIZATION}`, ...closing];
        const { status, body } = await say(gateway.port, lines);
        expect([path, hosts, status, body]).toEqual([path, hosts, 400, failure("INVALID_MESSAGE")]);
      }
    }
  });

  it("by a Host of ours and a target elsewhere is refused; one that is asked for in full is not", async () => {
    const { gateway } = await managed();
    const host = `127.0.0.1:${gateway.port}`;
    const ask = async (target: string): Promise<number> => {
      const lines = [`GET ${target} HTTP/1.1`, `Host: ${host}`, `Authorization: ${AUTHORIZATION}`, "Connection: close"];
      return (await say(gateway.port, lines)).status;
    };
    for (const target of [
      "http://mallory.example/health",
      "http://mallory.example/status",
      `http://mallory.example:${gateway.port}/health`,
      `http://${host}@mallory.example/health`,
      `http://mallory.example@${host}/health`,
      `https://${host}/health`,
      `ftp://${host}/health`,
      "*",
    ]) {
      expect([target, await ask(target)]).toEqual([target, 403]);
    }
    expect(await ask(`http://${host}/health`)).toBe(200);
    expect(await ask(`HTTP://${host}/status`)).toBe(200);
  });

  it("by none at all is refused", async () => {
    const { gateway } = await managed();
    for (const lines of [
      ["GET /health HTTP/1.1", "Connection: close"],
      ["GET /health HTTP/1.0"],
      ["GET /health HTTP/1.1", "Host:", "Connection: close"],
    ]) {
      const { status, body } = await say(gateway.port, lines);
      expect([lines, status, body]).toEqual([lines, 403, failure("AUTHORIZATION_DENIED")]);
    }
  });
});

describe("a page of another origin", () => {
  it("is not given leave by a preflight, whatever it asks leave for", async () => {
    const { gateway, cluster } = await managed();
    const foreign = [
      "http://mallory.example",
      "null",
      `http://localhost:1`,
      `http://127.0.0.1:${gateway.port}.mallory.example`,
    ];
    for (const origin of foreign) {
      for (const path of ["/health", "/status", "/api/v1/leave", "/nothing"]) {
        const answer = await fetch(`${gateway.url}${path}`, {
          method: "OPTIONS",
          headers: {
            origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization, content-type",
            "access-control-request-private-network": "true",
          },
        });
        expect([origin, path, answer.status]).toEqual([origin, path, 403]);
        expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
      }
    }
    expect(cluster.asked).toEqual([]);
  });

  it("is refused with two origins, one of them ours", async () => {
    const { gateway } = await managed();
    const own = `127.0.0.1:${gateway.port}`;
    const { status } = await say(gateway.port, [
      "GET /status HTTP/1.1",
      `Host: ${own}`,
      `Origin: http://${own}`,
      "Origin: http://mallory.example",
      `Authorization: ${AUTHORIZATION}`,
      "Connection: close",
    ]);
    expect(status).toBe(403);
  });

  it("is told why its WebSocket is refused, as programs are", async () => {
    const { gateway } = await managed();
    const upgrade = (path: string, more: readonly string[]): Promise<RawAnswer> =>
      say(gateway.port, [
        `GET ${path} HTTP/1.1`,
        `Host: 127.0.0.1:${gateway.port}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}`,
        ...more,
      ]);
    const page = await upgrade("/ws", ["Origin: http://mallory.example"]);
    expect([page.status, page.body]).toEqual([403, failure("AUTHORIZATION_DENIED")]);
    const lost = await upgrade("/nothing", []);
    expect([lost.status, lost.body]).toEqual([404, failure("usage")]);
  });
});
