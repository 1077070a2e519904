import { describe, expect, it } from "vitest";
import { managed, type Managed } from "../management/managed.ts";

let made = 0;
async function note({ kept }: Managed, account: string, question: string, threadId = "kitchen"): Promise<void> {
  made += 1;
  const turn = {
    id: `t${made}`,
    threadId,
    question,
    answer: "Yes.",
    wasInterrupted: false,
    atMs: 1_700_000_000_000 + made,
  };
  expect(await kept.note(account, turn)).toBe(true);
}

/** A house with two clients that are remembered, and what asks for one of them. */
async function house() {
  const all = await managed();
  const tokens = new Map<string, string>();
  for (const [name, role, remembers] of [
    ["anna", "member", true],
    ["ben", "member", true],
    ["boss", "admin", false],
    ["link", "bridge", false],
  ] as const) {
    tokens.set(name, (await all.book.add({ name, role, remembers, by: "test" })).token);
  }
  const as = (name: string, method: string, path: string) =>
    all.ask(method, path, undefined, { authorization: `Bearer ${tokens.get(name)}` });
  await note(all, "anna", "the roses are red");
  await note(all, "anna", "the trip is long", "trip");
  await note(all, "ben", "the roses are mine");
  return { ...all, as };
}

describe("what is remembered, over /api/v1", () => {
  it("is a client's own, found, read, listed and exported", async () => {
    const { as, gateway, book } = await house();
    expect((await as("anna", "GET", "/memory/search?text=roses")).body).toMatchObject({
      total: 1,
      found: [{ turn: { question: "the roses are red" }, snippet: { marks: [{ start: 4, end: 9 }] } }],
    });
    expect((await as("anna", "GET", "/memory/search?text=the&from=2030-01-01")).body).toMatchObject({ total: 0 });
    expect((await as("anna", "GET", "/memory/search?text=the&before=2030-01-01&thread=trip")).body).toMatchObject({
      total: 1,
    });
    expect((await as("anna", "GET", "/memory/threads")).body).toMatchObject({
      threads: [{ threadId: "trip" }, { threadId: "kitchen" }],
    });
    expect((await as("anna", "GET", "/memory/threads/trip")).body).toMatchObject({
      turns: [{ question: "the trip is long" }],
    });
    const { token } = await book.renew("anna");
    const headers = { authorization: `Bearer ${token}` };
    const exported = await (await fetch(`${gateway.url}/api/v1/memory/export`, { headers })).text();
    expect(
      exported
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).question),
    ).toEqual(["the trip is long", "the roses are red"]);
  });

  it("is not shown to other clients, nor to those that have no memory", async () => {
    const { as, ask } = await house();
    for (const path of [
      "/memory/search?text=roses&account=anna",
      "/memory/threads?account=anna",
      "/memory/threads/trip?account=anna",
      "/memory/export?account=anna",
    ]) {
      expect((await as("ben", "GET", path)).status).toBe(403);
      expect((await as("link", "GET", path)).status).toBe(403);
    }
    expect((await as("ben", "DELETE", "/memory?account=anna")).status).toBe(403);
    expect((await as("ben", "GET", "/memory/search?text=red")).body).toMatchObject({ total: 0 });
    expect((await as("link", "GET", "/memory/threads")).status).toBe(403);
    expect((await as("ben", "GET", "/memory/threads?account=anna&account=ben")).status).toBe(400);
    expect((await ask("GET", "/memory/threads", undefined, { authorization: "Bearer wrong" })).status).toBe(401);
    expect((await as("ben", "GET", "/clients")).status).toBe(403);
  });

  it("is shown to admins, who leave their name behind", async () => {
    const { as, ask } = await house();
    expect((await as("boss", "GET", "/memory/search?text=roses&account=anna")).body).toMatchObject({ total: 1 });
    expect((await as("boss", "GET", "/memory/threads?account=nobody")).status).toBe(404);
    expect((await ask("GET", "/audit")).body).toMatchObject({
      entries: [{ actor: "boss", action: "memory.search", target: "anna" }],
    });
  });

  it("is forgotten by whose it is, thread by thread or whole", async () => {
    const { as, kept } = await house();
    expect((await as("anna", "DELETE", "/memory/threads/trip")).body).toEqual({ forgotten: 1 });
    expect((await as("anna", "DELETE", "/memory")).body).toEqual({ forgotten: 1 });
    expect(kept.threads("anna")).toEqual([]);
    expect(kept.threads("ben")).toHaveLength(1);
  });

  it("goes with its client, and is never found by another of the same name", async () => {
    const all = await house();
    expect((await all.ask("DELETE", "/clients/anna")).status).toBe(200);
    expect(all.kept.threads("anna")).toEqual([]);
    // What a peer that was away has written all the same.
    await all.book.add({ name: "anna", role: "member", remembers: true, by: "test" });
    await note(all, "anna", "left behind");
    await all.book.remove("anna");
    expect((await all.ask("POST", "/clients", { name: "anna", role: "member", remembers: true })).status).toBe(201);
    expect(all.kept.threads("anna")).toEqual([]);
  });

  it("says what is wrong with a request", async () => {
    const { as } = await house();
    for (const query of [
      "",
      "?text=a&limit=many",
      "?text=a&from=soon",
      "?text=a&colour=red",
      `?text=${"a".repeat(600)}`,
    ]) {
      expect([query, (await as("anna", "GET", `/memory/search${query}`)).status]).toEqual([query, 400]);
    }
  });
});
