import { generateKeyPairSync, X509Certificate } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fingerprintOf, foundAuthority, isDue, pack, succeed, unpack } from "../../../src/gateway/tls/authority.ts";
import { peerCertificate, validityOf } from "../../../src/gateway/tls/x509.ts";
import { DAY_MS, NOON_MS } from "./certificates.ts";

describe("an authority", () => {
  it("signs for TLS servers and nothing else, and counts by clocks that are wrong by a day either way", async () => {
    const authority = await foundAuthority(NOON_MS);
    const read = new X509Certificate(authority.certificate);
    expect(read.ca).toBe(true);
    expect(read.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(read.verify(read.publicKey)).toBe(true);
    const { notBeforeMs, notAfterMs } = validityOf(authority.certificate);
    expect(notBeforeMs).toBeLessThan(NOON_MS - DAY_MS);
    expect(notAfterMs).toBeGreaterThan(NOON_MS + 1_000 * DAY_MS);
  });

  it("gives certificates that name what they are for, by name and by number", async () => {
    const authority = await foundAuthority(NOON_MS);
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const names = ["attic.local", "192.168.1.7", "fd00::7"];
    const validity = { notBeforeMs: NOON_MS, notAfterMs: NOON_MS + DAY_MS };
    const read = new X509Certificate(
      await peerCertificate({ commonName: "Küche", publicKey, names }, authority, validity),
    );
    expect(read.checkIssued(new X509Certificate(authority.certificate))).toBe(true);
    expect(read.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
    expect(read.ca).toBe(false);
    expect(read.subject).toContain("CN=Küche");
    expect(read.checkHost("attic.local")).toBe("attic.local");
    expect(read.checkHost("attic")).toBeUndefined();
    expect(read.checkIP("192.168.1.7")).toBe("192.168.1.7");
    expect(read.checkIP("fd00::7")).toBe("fd00::7");
    expect(read.checkIP("192.168.1.8")).toBeUndefined();
  });

  it("is due a year before its end, and where the clock says another time than it counts", async () => {
    const authority = await foundAuthority(NOON_MS);
    expect(isDue(authority, NOON_MS)).toBeUndefined();
    expect(isDue(authority, NOON_MS + 3 * 365 * DAY_MS)).toBeUndefined();
    expect(isDue(authority, NOON_MS + 4.1 * 365 * DAY_MS)).toBe("age");
    expect(isDue(authority, NOON_MS + 6 * 365 * DAY_MS)).toBe("clock");
    expect(isDue(authority, NOON_MS - 10 * DAY_MS)).toBe("clock");
  });

  it("is vouched for by the one before: for a month after a revocation, to the end of a long life", async () => {
    const first = await foundAuthority(NOON_MS);
    const laterMs = NOON_MS + 100 * DAY_MS;
    const revoked = await succeed(first, "revoked", laterMs);
    expect(revoked.predecessor).toEqual({
      fingerprint: fingerprintOf(first),
      why: "revoked",
      untilMs: laterMs + 30 * DAY_MS,
    });
    const [bridge = Buffer.alloc(0)] = revoked.bridges;
    expect(new X509Certificate(bridge).checkIssued(new X509Certificate(first.certificate))).toBe(true);
    expect(validityOf(bridge).notAfterMs).toBe(laterMs + 30 * DAY_MS);
    const agedMs = NOON_MS + 4.5 * 365 * DAY_MS;
    const aged = await succeed(first, "age", agedMs);
    expect(validityOf(aged.bridges[0] ?? Buffer.alloc(0)).notAfterMs).toBe(validityOf(first.certificate).notAfterMs);
    expect((await succeed(first, "clock", agedMs)).bridges).toEqual([]);
    // Two in one month: who trusts the first is led over both.
    const again = await succeed(revoked, "revoked", laterMs + 10 * DAY_MS);
    expect(again.bridges).toHaveLength(2);
    expect((await succeed(revoked, "revoked", laterMs + 40 * DAY_MS)).bridges).toHaveLength(1);
  });

  it("is read back as it was packed, and from nothing else", async () => {
    const authority = await succeed(await foundAuthority(NOON_MS), "asked", NOON_MS);
    const other = await foundAuthority(NOON_MS);
    const packed = pack(authority);
    const read = unpack(packed);
    expect(read?.certificate.equals(authority.certificate)).toBe(true);
    expect(read).toMatchObject({ predecessor: { why: "asked" }, bridges: [expect.anything()] });
    expect(unpack({ about: packed.about, secret: pack(other).secret })).toBeUndefined();
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const validity = { notBeforeMs: NOON_MS, notAfterMs: NOON_MS + DAY_MS };
    const leaf = await peerCertificate({ commonName: "x", publicKey, names: ["x"] }, authority, validity);
    expect(unpack(pack({ certificate: leaf, privateKey, bridges: [] }))).toBeUndefined();
    expect(unpack(pack({ ...authority, bridges: [leaf] }))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(), (bytes, at) => {
        const about = Buffer.from(packed.about);
        about.set(bytes, Math.min(at % about.length, about.length - bytes.length));
        const [one, garbled] = [
          unpack({ about: bytes, secret: packed.secret }),
          unpack({ about, secret: packed.secret }),
        ];
        expect(one).toBeUndefined();
        // What changes nothing that counts may pass; another certificate never does.
        if (garbled !== undefined) expect(garbled.certificate.equals(authority.certificate)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
