import { describe, expect, it } from "vitest";
import {
  bearerToken,
  Entry,
  isLoopback,
  sameToken,
  type EntryOptions,
  type Incoming,
} from "../../src/gateway/guard.ts";

interface Asked {
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  readonly url?: string;
  readonly remote?: string;
  readonly local?: string;
  readonly isTls?: boolean;
}

function request({
  headers = {},
  url = "/",
  remote = "127.0.0.1",
  local = "127.0.0.1",
  isTls = false,
}: Asked): Incoming {
  const socket = { remoteAddress: remote, localAddress: local, ...(isTls ? { encrypted: true } : {}) };
  return { headersDistinct: headers, url, socket } as unknown as Incoming;
}

function lets(asked: Asked, options: EntryOptions = {}): boolean {
  return new Entry(options).refusalOf(request(asked)) === undefined;
}

const NAMES = { names: () => ["attic", "attic.local", "192.168.1.7", "fd00::7", "parley.example.org"] };

describe("the guard", () => {
  it.each(["127.0.0.1", "127.9.9.9", "::1", "localhost"])("counts %s as this machine only", (address) => {
    expect(isLoopback(address)).toBe(true);
  });
  it.each(["0.0.0.0", "::", "192.168.1.4", "127.0.0.1.evil.example", "localhost.evil.example", ""])(
    "does not count %j as this machine only",
    (address) => {
      expect(isLoopback(address)).toBe(false);
    },
  );

  it.each([
    "localhost:8765",
    "127.0.0.1:8765",
    "[::1]:8765",
    "LOCALHOST",
    "127.0.0.5:1",
    "attic",
    "Attic.local:8765",
    "192.168.1.7:8765",
    "[fd00::7]",
    "[FD00:0::7]:8765",
    "parley.example.org",
  ])("lets the Host %s in, which is this peer's own", (host) => {
    expect(lets({ headers: { host: [host] } }, NAMES)).toBe(true);
  });

  it.each([
    undefined,
    "",
    ":",
    ":8765",
    "evil.example",
    "evil.example:8765",
    "127.0.0.1.evil.example",
    "localhost.",
    "10.0.0.1",
    "attic.evil.example",
    "attic:8765:1",
    "[fd00::8]",
    "[attic]",
    "fd00::7",
    "attic@evil.example",
    "attic:999999",
  ])("keeps the Host %j out, as a rebound name would send", (host) => {
    expect(lets({ headers: host === undefined ? {} : { host: [host] } }, NAMES)).toBe(false);
  });

  it("lets the address in at which the connection came, whatever is known of the machine's addresses", () => {
    expect(lets({ headers: { host: ["10.1.2.3:8765"] }, local: "::ffff:10.1.2.3" })).toBe(true);
    expect(lets({ headers: { host: ["[fe80::1]:8765"] }, local: "fe80::1%eth0" })).toBe(true);
  });

  it("lets programs in, which send no Origin, its own page, those that are listed, and no other", () => {
    const origins = new Set(["https://claude.ai"]);
    const from = (origin: string, isTls: boolean): boolean =>
      lets({ headers: { host: ["127.0.0.1:8765"], origin: [origin] }, isTls }, { origins });
    expect(from("http://127.0.0.1:8765", false)).toBe(true);
    expect(from("https://127.0.0.1:8765", true)).toBe(true);
    expect(from("https://claude.ai", true)).toBe(true);
    for (const origin of [
      "http://evil.example",
      "null",
      "http://127.0.0.1:80",
      "http://claude.ai",
      "https://claude.ai.evil.example",
    ]) {
      expect([origin, from(origin, false)]).toEqual([origin, false]);
    }
    // The page of another scheme is another page.
    expect(from("https://127.0.0.1:8765", false)).toBe(false);
    expect(from("http://127.0.0.1:8765", true)).toBe(false);
    expect(
      lets(
        { headers: { host: ["attic"], origin: ["https://claude.ai", "https://evil.example"] } },
        { ...NAMES, origins },
      ),
    ).toBe(false);
  });

  it("compares tokens of any length and takes only the right one", () => {
    expect(sameToken("abc", "abc")).toBe(true);
    for (const wrong of ["", "ab", "abcd", "abC"]) expect(sameToken(wrong, "abc")).toBe(false);
  });

  it("reads a bearer token and nothing else", () => {
    expect(bearerToken("Bearer a-b_C9")).toBe("a-b_C9");
    for (const header of [undefined, "", "Basic abc", "Bearer", "Bearer a b"]) expect(bearerToken(header)).toBe("");
  });
});

describe("whoever comes by a proxy", () => {
  const options = { isProxy: (address: string) => address === "127.0.0.1" || address === "10.0.0.2" };
  const by = (remote: string, headers: Asked["headers"] = {}, given: EntryOptions = options) => {
    const [entry, asked] = [new Entry(given), request({ remote, headers })];
    return { address: entry.addressOf(asked), scheme: entry.schemeOf(asked), isFromHere: entry.isFromHere(asked) };
  };

  it("is where a proxy says that is believed, and a client may write in front of that what it likes", () => {
    const headers = { "x-forwarded-for": ["127.0.0.1, 203.0.113.9"], "x-forwarded-proto": ["https"] };
    expect(by("127.0.0.1", headers)).toEqual({ address: "203.0.113.9", scheme: "https", isFromHere: false });
    const twice = { "x-forwarded-for": ["::1, 203.0.113.9, 10.0.0.2"] };
    expect(by("127.0.0.1", twice)).toMatchObject({ address: "203.0.113.9", scheme: "http" });
    expect(by("127.0.0.1", { "x-forwarded-for": ["::1", "[2001:db8::1]:443"] }).address).toBe("2001:db8::1");
    expect(by("127.0.0.1", { "x-forwarded-for": ["::1, unknown"] }).address).toBe("127.0.0.1");
  });

  it("is the proxy itself where that is not believed, and not on this machine though the proxy is", () => {
    const headers = { "x-forwarded-for": ["203.0.113.9"], "x-forwarded-proto": ["https"] };
    expect(by("192.168.1.9", headers)).toEqual({ address: "192.168.1.9", scheme: "http", isFromHere: false });
    expect(by("127.0.0.1", headers, {})).toEqual({ address: "127.0.0.1", scheme: "http", isFromHere: false });
    expect(by("127.0.0.1", { via: ["1.1 nginx"] }, {}).isFromHere).toBe(false);
  });

  it("is no program of this machine, by whatever header a proxy tells of itself, nor by a name that is not loopback's", () => {
    const host = ["127.0.0.1:8765"];
    expect(by("::ffff:127.0.0.1", { host }, {})).toEqual({ address: "127.0.0.1", scheme: "http", isFromHere: true });
    expect(by("::1", { host: ["localhost"] }).isFromHere).toBe(true);
    expect(by("127.0.0.1", { host: ["[::1]:8765"] }).isFromHere).toBe(true);
    for (const header of [
      "x-forwarded-proto",
      "x-forwarded-port",
      "x-real-ip",
      "forwarded",
      "via",
      "cf-connecting-ip",
    ]) {
      expect([header, by("127.0.0.1", { host, [header]: ["127.0.0.1"] }).isFromHere]).toEqual([header, false]);
    }
    for (const name of ["parley.example.org", "attic.local", "", "192.168.1.9"]) {
      expect([name, by("127.0.0.1", { host: [name] }, {}).isFromHere]).toEqual([name, false]);
    }
    expect(by("127.0.0.1", {}, {}).isFromHere).toBe(false);
    expect(by("192.168.1.9", { host }).isFromHere).toBe(false);
  });
});
