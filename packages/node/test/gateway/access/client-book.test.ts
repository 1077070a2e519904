import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPeerError } from "../../../src/errors.ts";
import { ClientBook } from "../../../src/gateway/access/client-book.ts";
import { decodeRecord } from "../../../src/gateway/access/client-record.ts";
import { temporaryPairs } from "./temporary-pairs.ts";

const isUsage = (error: unknown): boolean => isPeerError(error, "usage");
const isUnknown = (error: unknown): boolean => isPeerError(error, "no-such-client");

describe("the clients of a house", () => {
  it("are known by their tokens, of which only a proof is written down", async () => {
    const written = await temporaryPairs();
    const book = new ClientBook(written);
    const { client, token } = await book.add({ name: "tablet", role: "member", by: "this machine" });
    expect(Buffer.from(token, "base64url")).toHaveLength(32);
    expect(book.authenticate(token)).toEqual(client);
    expect(book.authenticate(`${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`)).toBe("unknown");
    expect(book.authenticate("")).toBe("unknown");
    for (const [, { value }] of written.range("")) expect(new TextDecoder().decode(value)).not.toContain(token);
    expect(JSON.stringify(client)).not.toContain(token);
  });

  it("are the same to another peer that reads the same pairs", async () => {
    const written = await temporaryPairs();
    const [one, other] = [new ClientBook(written), new ClientBook(written)];
    const { token } = await one.add({ name: "tablet", role: "guest", by: "x" });
    await expect.poll(() => other.authenticate(token)).toMatchObject({ name: "tablet", role: "guest" });
    await other.remove("tablet");
    await expect.poll(() => one.authenticate(token)).toBe("unknown");
  });

  it("have one name each", async () => {
    const book = new ClientBook(await temporaryPairs());
    await book.add({ name: "tablet", role: "member", by: "x" });
    await expect(book.add({ name: "tablet", role: "admin", by: "x" })).rejects.toSatisfy(isUsage);
    expect(book.get("tablet").role).toBe("member");
    for (const name of ["", " tablet", "a/b", "../x", "a\nb", "x".repeat(65), "-", "a\u0000"]) {
      await expect(book.add({ name, role: "member", by: "x" })).rejects.toSatisfy(isUsage);
    }
    for (const name of ["Küche", "a", "living-room.tablet_2"]) await book.add({ name, role: "member", by: "x" });
    expect(book.list().map(({ name }) => name)).toEqual(["Küche", "a", "living-room.tablet_2", "tablet"]);
  });

  it("get a new token, and the old one holds no more", async () => {
    const book = new ClientBook(await temporaryPairs());
    const { token: old } = await book.add({ name: "tablet", role: "member", by: "x" });
    const { token } = await book.renew("tablet");
    expect(book.authenticate(old)).toBe("unknown");
    expect(book.authenticate(token)).toMatchObject({ name: "tablet" });
    await expect(book.renew("nobody")).rejects.toSatisfy(isUnknown);
  });

  it("are locked out, let in again, and expire", async () => {
    let nowMs = 1_000;
    const book = new ClientBook(await temporaryPairs(), () => nowMs);
    const { token } = await book.add({ name: "tablet", role: "guest", by: "x", expiresMs: 2_000 });
    await book.change("tablet", { isActive: false });
    expect(book.authenticate(token)).toBe("locked");
    await book.change("tablet", { isActive: true });
    expect(book.authenticate(token)).toMatchObject({ name: "tablet" });
    nowMs = 2_000;
    expect(book.authenticate(token)).toBe("expired");
    const { token: next, client } = await book.renew("tablet");
    expect(book.authenticate(next)).toEqual(client);
    expect(client.expiresMs).toBeUndefined();
    await expect(book.change("nobody", {})).rejects.toSatisfy(isUnknown);
    await expect(book.remove("nobody")).rejects.toSatisfy(isUnknown);
  });

  it("change side by side without one change getting lost", async () => {
    const written = await temporaryPairs();
    const [one, other] = [new ClientBook(written), new ClientBook(written)];
    await one.add({ name: "tablet", role: "member", by: "x" });
    await Promise.all([one.change("tablet", { remembers: true }), other.change("tablet", { role: "guest" })]);
    expect(one.get("tablet")).toMatchObject({ remembers: true, role: "guest" });
  });

  it("are not made of what cannot be read", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(decodeRecord(bytes)).toBeUndefined();
      }),
    );
  });
});
