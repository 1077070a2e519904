import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pino from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { foundAuthority, succeed, type Authority } from "../../../src/gateway/tls/authority.ts";
import { Credentials } from "../../../src/gateway/tls/credentials.ts";
import { noLog, temporaryFolder } from "../../support.ts";
import { DAY_MS, NOON_MS, shownBy } from "./certificates.ts";

const NONE = { certificate: "", key: "" };

async function made(files = NONE, log = noLog) {
  const world = { authority: await foundAuthority(NOON_MS), names: ["attic.local", "192.168.1.7"], nowMs: NOON_MS };
  const changes = new Set<() => void>();
  const authorities = {
    current: async (): Promise<Authority> => world.authority,
    watch: (changed: () => void) => {
      changes.add(changed);
      return () => changes.delete(changed);
    },
  };
  const nowMs = (): number => world.nowMs;
  const names = (): readonly string[] => world.names;
  const credentials = new Credentials({ authorities, names, name: "attic", files, log, nowMs });
  onTestFinished(() => credentials.close());
  const read = async (): Promise<X509Certificate> => new X509Certificate((await credentials.current()).certificate);
  return { world, credentials, read };
}

describe("what a peer shows", () => {
  it("comes from the authority, for its names, for three months, by clocks that are wrong by a day", async () => {
    const { world, read } = await made();
    const shown = await read();
    expect(shown.checkIssued(new X509Certificate(world.authority.certificate))).toBe(true);
    expect([shown.checkHost("attic.local"), shown.checkIP("192.168.1.7")]).toEqual(["attic.local", "192.168.1.7"]);
    expect(shown.validFromDate.getTime()).toBeLessThanOrEqual(NOON_MS - DAY_MS);
    expect(shown.validToDate.getTime()).toBe(NOON_MS + 90 * DAY_MS);
  });

  it("is made when a client asks, and not before", async () => {
    const { credentials } = await made();
    let told = 0;
    credentials.watch(() => (told += 1));
    await credentials.look();
    expect(told).toBe(0);
    await credentials.current();
    expect(told).toBe(1);
  });

  it("stays the same until a third of its life is left, and is then another one, with another key", async () => {
    const { world, credentials, read } = await made();
    const first = await read();
    const told: number[] = [];
    credentials.watch(() => told.push(world.nowMs));
    world.nowMs += 59 * DAY_MS;
    await credentials.look();
    expect((await read()).serialNumber).toBe(first.serialNumber);
    world.nowMs += 2 * DAY_MS;
    await credentials.look();
    const next = await read();
    expect(next.validToDate.getTime()).toBe(world.nowMs + 90 * DAY_MS);
    expect(next.publicKey.equals(first.publicKey)).toBe(false);
    expect(told).toEqual([world.nowMs]);
    await credentials.look();
    expect(told).toHaveLength(1);
  });

  it("is another one when addresses change, the authority does, or the clock is set back by days", async () => {
    const { world, credentials, read } = await made();
    const serials = new Set([(await read()).serialNumber]);
    world.names = [...world.names, "192.168.1.8"];
    await credentials.look();
    expect((await read()).checkIP("192.168.1.8")).toBeDefined();
    serials.add((await read()).serialNumber);
    const before = world.authority;
    world.authority = await succeed(before, "revoked", NOON_MS);
    await credentials.look();
    serials.add((await read()).serialNumber);
    const { certificate } = await credentials.current();
    // What the one before says of the new one comes along.
    expect(certificate.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    world.nowMs += 31 * DAY_MS;
    await credentials.look();
    // And no longer than it counts: some clients stumble over what has ended.
    expect((await credentials.current()).certificate.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
    world.nowMs -= 31 * DAY_MS;
    world.nowMs += 20 * DAY_MS;
    world.names = ["attic.local"];
    await credentials.look();
    world.nowMs -= 20 * DAY_MS;
    await credentials.look();
    serials.add((await read()).serialNumber);
    expect((await read()).validFromDate.getTime()).toBeLessThan(NOON_MS);
    expect(serials.size).toBe(4);
  });

  it("never outlives its authority, and is not made again and again because of that", async () => {
    const { world, credentials, read } = await made();
    const end = new X509Certificate(world.authority.certificate).validToDate.getTime();
    world.nowMs = end - 10 * DAY_MS;
    const first = await read();
    expect(first.validToDate.getTime()).toBe(end);
    world.nowMs += 9 * DAY_MS;
    for (let i = 0; i < 3; i += 1) await credentials.look();
    expect((await read()).serialNumber).toBe(first.serialNumber);
  });
});

describe("a certificate of a person's own", () => {
  async function files() {
    const folder = await temporaryFolder();
    onTestFinished(() => folder.remove());
    const paths = { certificate: join(folder.path, "own.pem"), key: join(folder.path, "own.key") };
    const authority = await foundAuthority(NOON_MS);
    const write = async (names: readonly string[], nowMs = NOON_MS): Promise<void> => {
      const shown = await shownBy(authority, names, nowMs);
      await Promise.all([writeFile(paths.certificate, shown.certificate), writeFile(paths.key, shown.key)]);
    };
    return { paths, write };
  }

  it("is shown in place of the authority's, and read again when it changes", async () => {
    const { paths, write } = await files();
    await write(["parley.example.org"]);
    const { credentials, read } = await made(paths);
    await credentials.open();
    expect((await read()).checkHost("parley.example.org")).toBeDefined();
    let told = 0;
    credentials.watch(() => (told += 1));
    await credentials.look();
    await write(["next.example.org"]);
    await credentials.look();
    expect((await read()).checkHost("next.example.org")).toBeDefined();
    expect(told).toBe(1);
  });

  it("is shown on while its files do not fit, and that is said once", async () => {
    const { paths, write } = await files();
    await write(["parley.example.org"]);
    const lines: string[] = [];
    const log = pino({ level: "warn" }, { write: (line) => void lines.push(line) });
    const { credentials, read } = await made(paths, log);
    await credentials.open();
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    await writeFile(paths.key, other.export({ format: "pem", type: "pkcs8" }));
    await credentials.look();
    await credentials.look();
    expect((await read()).checkHost("parley.example.org")).toBeDefined();
    expect(lines.filter((line) => line.includes("does not belong to the certificate"))).toHaveLength(1);
    await rm(paths.certificate);
    await credentials.look();
    expect(lines.join("")).toContain("cannot be read (ENOENT)");
    await write(["mended.example.org"]);
    await credentials.look();
    expect((await read()).checkHost("mended.example.org")).toBeDefined();
  });

  it("is refused at the start, with what is wrong with it", async () => {
    const { paths, write } = await files();
    await write(["parley.example.org"]);
    const locked = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
      format: "pem",
      type: "pkcs8",
      cipher: "aes-256-cbc",
      passphrase: "secret",
    });
    const key = String(
      generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" }),
    );
    for (const [path, text, why] of [
      [paths.key, key, /own\.key does not belong to the certificate/],
      [paths.key, locked, /locked by a passphrase/],
      [paths.key, "nonsense", /holds no private key/],
      [paths.certificate, key, /holds no certificate/],
      [paths.certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", /cannot be read/],
    ] as const) {
      await write(["parley.example.org"]);
      await writeFile(path, text);
      const { credentials } = await made(paths);
      await expect(credentials.open()).rejects.toMatchObject({
        code: "config-invalid",
        message: expect.stringMatching(why) as string,
      });
    }
    await expect(made({ ...paths, key: "" })).rejects.toThrow(/tls\.key is not/);
    await expect(made({ ...paths, certificate: "" })).rejects.toThrow(/tls\.certificate is not/);
  });

  it("is shown though it has ended, and that is said", async () => {
    const { paths, write } = await files();
    await write(["parley.example.org"], NOON_MS - 30 * DAY_MS);
    const lines: string[] = [];
    const { credentials, read } = await made(
      paths,
      pino({ level: "warn" }, { write: (line) => void lines.push(line) }),
    );
    await credentials.open();
    expect((await read()).checkHost("parley.example.org")).toBeDefined();
    expect(lines.join("")).toMatch(/it ended on 2027-05-03/);
  });
});
