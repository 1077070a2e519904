import { request } from "node:http";
import fc from "fast-check";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { PeerError, type PeerErrorCode } from "../../../src/errors.ts";
import { contextLogger } from "../../../src/log.ts";
import { fingerprintOf } from "../../../src/mesh/door/code/fingerprint.ts";
import { CODE, fakePeer, fakePeerId, knocker, metCluster } from "../../fake-cluster.ts";
import { managed, TOKEN } from "./managed.ts";
import { eventually } from "../../support.ts";

const EVERYTHING = [
  ["GET", "/cluster", undefined],
  ["GET", "/peers", undefined],
  ["GET", "/pairing", undefined],
  ["POST", "/pairing", {}],
  ["DELETE", "/pairing", undefined],
  ["GET", "/waiting", undefined],
  ["POST", "/waiting/approve", { who: "kitchen" }],
  ["POST", "/join", { code: CODE }],
  ["POST", "/peers/revoke", { peer: "kitchen" }],
  ["POST", "/leave", {}],
  ["POST", "/recover", { isLastResort: true }],
  ["GET", "/settings", undefined],
  ["PUT", "/settings", { key: "voice", value: "amy" }],
  ["GET", "/pairs?key=k", undefined],
  ["PUT", "/pairs", { key: "k", value: "v" }],
  ["GET", "/outbox", undefined],
] as const;

const refused = (code: string): unknown => ({
  error: { code, message: expect.stringMatching(/.+/) as string, nextStep: expect.stringMatching(/\.$/) as string },
});

/** `fetch` does not let a Host be chosen. */
function statusByHost(port: number, method: string, path: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { host, authorization: `Bearer ${TOKEN}` };
    const asking = request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asking.on("error", reject);
    asking.end();
  });
}

describe("whoever may not manage the peer", () => {
  it.each(EVERYTHING)(
    "as a page of another site gets 403 for %s %s, and nothing happens",
    async (method, path, body) => {
      const { ask, gateway, cluster } = await managed();
      for (const origin of ["http://evil.example", "null", `https://127.0.0.1:${gateway.port}`]) {
        expect(await ask(method, path, body, { origin })).toMatchObject({
          status: 403,
          body: refused("AUTHORIZATION_DENIED"),
        });
      }
      // A name that was made to lead here (DNS rebinding): the page is of one origin with the peer then.
      expect(await statusByHost(gateway.port, method, `/api/v1${path}`, "evil.example")).toBe(403);
      expect(cluster.asked).toEqual([]);
    },
  );

  it.each(EVERYTHING)("without the token gets 401 for %s %s, and nothing happens", async (method, path, body) => {
    const { ask, cluster } = await managed();
    for (const authorization of ["", "Bearer guess", "Basic YTpi"]) {
      const answer = await ask(method, path, body, { authorization });
      expect(answer).toMatchObject({ status: 401, body: refused("AUTHENTICATION_FAILED") });
    }
    expect(cluster.asked).toEqual([]);
  });

  it("as a form of a page, which needs no leave to be sent, is not understood", async () => {
    const { ask, cluster } = await managed();
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const answer = await ask("POST", "/join", JSON.stringify({ code: CODE }), { "content-type": type });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.body).toMatchObject(refused("usage") as object);
    }
    expect(cluster.asked).toEqual([]);
  });
});

describe("the person whose peer it is", () => {
  it("sees how it stands with its cluster, and no code", async () => {
    const { ask, cluster } = await managed();
    cluster.knocking = [knocker("cellar", "C")];
    cluster.clusters = [metCluster()];
    await cluster.openPairing();
    const { status, body } = await ask("GET", "/cluster");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      belonging: "member",
      peerId: cluster.peerId,
      fingerprint: fingerprintOf(cluster.peerId),
      clusterId: "k7q2-home",
      status: { state: "healthy" },
      met: [{ name: "kitchen" }],
      waiting: [{ name: "cellar", fingerprint: fingerprintOf(fakePeerId("C")) }],
      pairing: { triesLeft: 5 },
    });
    expect(JSON.stringify(body)).not.toContain(CODE);
  });

  it("sees the peers, opens a window for one more, sees it open, and closes it", async () => {
    const { ask, cluster } = await managed();
    expect((await ask("GET", "/peers")).body).toMatchObject({ peers: [{ name: "attic", isSelf: true }] });
    expect((await ask("GET", "/pairing")).body).toEqual({ pairing: null, ended: null });
    const opened = await ask("POST", "/pairing");
    expect(opened.body).toMatchObject({
      pairing: { code: CODE, triesLeft: 5, uri: expect.stringMatching(/^parley:pair\?/) as string },
    });
    expect((await ask("POST", "/pairing", {})).body).toEqual(opened.body);
    expect((await ask("GET", "/pairing")).body).toEqual(opened.body);
    expect((await ask("DELETE", "/pairing")).body).toEqual({ pairing: null, ended: "closed" });
    expect(cluster.pairing).toBeUndefined();
  });

  it("lets in who knocks, by name or fingerprint", async () => {
    const { ask, cluster } = await managed();
    cluster.knocking = [knocker("cellar", "C"), knocker("porch", "P")];
    expect((await ask("GET", "/waiting")).body).toMatchObject({ waiting: [{ name: "cellar" }, { name: "porch" }] });
    expect((await ask("POST", "/waiting/approve", { who: "cellar" })).body).toMatchObject({ peer: { name: "cellar" } });
    const who = fingerprintOf(fakePeerId("P"));
    expect((await ask("POST", "/waiting/approve", { who })).body).toMatchObject({ peer: { name: "porch" } });
    expect(await ask("POST", "/waiting/approve", { who: "nobody" })).toMatchObject({
      status: 404,
      body: refused("no-such-peer"),
    });
  });

  it("joins by code, with or without an address", async () => {
    const { ask, cluster } = await managed();
    cluster.belonging = "waiting";
    expect(await ask("POST", "/join", { code: "acde fghj" })).toMatchObject({
      status: 200,
      body: { belonging: "member" },
    });
    await ask("POST", "/join", { code: CODE, address: "kitchen.local:8766" });
    expect(cluster.joins.map(({ address }) => address)).toEqual([undefined, "kitchen.local:8766"]);
    const wrong = await ask("POST", "/join", { code: "AAAA-AAAA" });
    expect(wrong).toMatchObject({ status: 422, body: refused("pairing-failed") });
  });

  it("is told to ask again while nobody there has approved it, or its newcomer has not agreed", async () => {
    const { ask, cluster } = await managed({ times: { joinMs: 50, peopleMs: 50 } });
    const gate = Promise.withResolvers<void>();
    cluster.hold = gate.promise;
    cluster.belonging = "waiting";
    cluster.knocking = [knocker("cellar", "C")];
    const fingerprint = fingerprintOf(fakePeerId("M"));
    expect(await ask("POST", "/join", { fingerprint })).toMatchObject({ status: 202, body: { belonging: "waiting" } });
    expect(await ask("POST", "/join", { code: CODE })).toMatchObject({ status: 504, body: refused("peer-silent") });
    expect(await ask("POST", "/waiting/approve", { who: "cellar" })).toMatchObject({
      status: 202,
      body: { peer: null },
    });
    gate.resolve();
    expect(await ask("POST", "/join", { fingerprint })).toMatchObject({ status: 200, body: { belonging: "member" } });
    await eventually(() => cluster.members.map(({ name }) => name)).toContain("cellar");
  });

  it("who goes away while it joins takes the attempt along, and that is no error", async () => {
    const lines: { level: number; why?: string; err?: unknown }[] = [];
    const sink = { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) };
    const { gateway, cluster } = await managed({ log: pino({}, sink) });
    cluster.hold = new Promise(() => undefined);
    const going = new AbortController();
    const asking = fetch(`${gateway.url}/api/v1/join`, {
      method: "POST",
      signal: going.signal,
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ code: CODE }),
    }).catch((error: unknown) => error);
    await eventually(() => cluster.joins.length).toBe(1);
    going.abort();
    await asking;
    await eventually(() => cluster.joins[0]?.signal.aborted).toBe(true);
    expect(cluster.joins).toHaveLength(1);
    await eventually(() => lines).toMatchObject([{ level: 30, why: "whoever asked has gone" }]);
    expect(lines[0]).not.toHaveProperty("err");
  });

  it("revokes, and hears who has applied it; leaves", async () => {
    const { ask, cluster } = await managed();
    cluster.members = [...cluster.members, fakePeer("kitchen", "K")];
    expect((await ask("POST", "/peers/revoke", { peer: "kitchen" })).body).toEqual({
      revocation: {
        peerId: fakePeerId("K"),
        name: "kitchen",
        appliedBy: [fakePeerId("A")],
        notYetAppliedBy: ["cellar"],
      },
    });
    expect(await ask("POST", "/peers/revoke", { peer: "kitchen" })).toMatchObject({
      status: 404,
      body: refused("no-such-peer"),
    });
    expect((await ask("POST", "/leave")).body).toEqual({ belonging: "left", isAgreed: true, dropped: 0 });
  });

  it("is refused to leave without a quorum, unless it is forced; then it hears that nobody else knows", async () => {
    const { ask, cluster } = await managed();
    cluster.failure = new PeerError("no-quorum", "1 of 3 voters is there", { nextStep: "Bring back kitchen." });
    for (const body of [undefined, {}, { isForced: false }]) {
      expect(await ask("POST", "/leave", body)).toMatchObject({ status: 503, body: refused("no-quorum") });
    }
    expect(cluster.belonging).toBe("member");
    const forced = await ask("POST", "/leave", { isForced: true });
    expect(forced).toMatchObject({ status: 200, body: { belonging: "left", isAgreed: false } });
  });

  it.each<[PeerErrorCode, number]>([
    ["no-quorum", 503],
    ["not-member", 409],
    ["pairing-paused", 429],
    ["unreachable", 502],
    ["internal", 500],
  ])("is told of %s as %i, with what to do", async (code, status) => {
    const { ask, cluster } = await managed();
    cluster.failure = new PeerError(code, "it failed", { nextStep: "Do something.", details: { retryAfterMs: 7 } });
    for (const [method, path, body] of [
      ["POST", "/pairing"],
      ["POST", "/leave"],
      ["POST", "/join", { code: CODE }],
    ] as const) {
      expect(await ask(method, path, body)).toMatchObject({
        status,
        body: { error: { code, details: { retryAfterMs: 7 } } },
      });
    }
  });

  it("of a peer without a cluster is told so, and still sees that", async () => {
    const { ask, cluster } = await managed();
    cluster.belonging = "off";
    expect((await ask("GET", "/cluster")).body).toMatchObject({ belonging: "off" });
    for (const [method, path, body] of EVERYTHING.slice(1)) {
      expect(await ask(method, path, body)).toMatchObject({ status: 409, body: refused("cluster-off") });
    }
  });

  it("finds each request in the log by the id that the answer carries", async () => {
    const lines: { correlation?: string; err?: { message: string } }[] = [];
    const sink = { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) };
    const { ask, cluster } = await managed({ log: contextLogger(pino({}, sink), () => ({ term: 3 })) });
    cluster.failure = new PeerError("internal", "it failed", { nextStep: "Report it." });
    const answers = await Promise.all([ask("POST", "/leave"), ask("POST", "/leave")]);
    const ids = answers.map(({ headers }) => headers.get("x-request-id"));
    expect(new Set(ids).size).toBe(2);
    expect(lines).toHaveLength(2);
    expect(new Set(lines.map(({ correlation }) => correlation))).toEqual(new Set(ids));
    expect(lines).toMatchObject([{ term: 3, err: { message: "it failed" } }, { term: 3 }]);
  });
});

describe("whatever is sent", () => {
  const wrong: readonly unknown[] = [
    ["POST", "/join", {}],
    ["POST", "/join", { code: "" }],
    ["POST", "/join", { code: "  " }],
    ["POST", "/join", { code: 7 }],
    ["POST", "/join", { code: CODE, fingerprint: "x" }],
    ["POST", "/join", { code: CODE, more: true }],
    ["POST", "/join", { code: "x".repeat(65) }],
    ["POST", "/join", []],
    ["POST", "/join", "{"],
    ["POST", "/join", "null"],
    ["POST", "/join", { code: CODE, address: "x".repeat(5000) }],
    ["POST", "/waiting/approve", { who: ["kitchen"] }],
    ["POST", "/peers/revoke", {}],
    ["POST", "/pairing", { minutes: 60 }],
    ["POST", "/leave", { yes: true }],
    ["POST", "/leave", { isForced: "yes" }],
    ["POST", "/recover", {}],
    ["POST", "/recover", { isLastResort: false }],
  ];

  it.each(wrong as [string, string, unknown][])(
    "%s %s with %j is refused, and nothing happens",
    async (method, path, body) => {
      const { ask, cluster } = await managed();
      const answer = await ask(method, path, body);
      expect([400, 413]).toContain(answer.status);
      expect(answer.body).toMatchObject(refused("usage") as object);
      expect(cluster.asked).toEqual([]);
    },
  );

  it("is answered with a typed error or done, and the peer goes on", async () => {
    const { ask } = await managed();
    const bodies = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({ code: fc.oneof(fc.string(), fc.constant(CODE)), address: fc.string() }, { requiredKeys: [] })
        .map((body) => JSON.stringify(body)),
      fc.record({ who: fc.string(), peer: fc.string() }, { requiredKeys: [] }).map((body) => JSON.stringify(body)),
    );
    const paths = fc.constantFrom("/join", "/pairing", "/waiting/approve", "/peers/revoke");
    await fc.assert(
      fc.asyncProperty(paths, bodies, async (path, body) => {
        const { status, body: answer } = await ask("POST", path, body);
        if (status === 200) return;
        expect([400, 404, 422]).toContain(status);
        expect(answer).toMatchObject({ error: { code: expect.stringMatching(/^[a-z-]+$/) as string } });
      }),
      { numRuns: 200 },
    );
    expect((await ask("GET", "/peers")).status).toBe(200);
  });
});
