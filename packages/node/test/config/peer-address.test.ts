import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPeerAddress } from "../../src/config/index.ts";

describe("a peer's address", () => {
  it.each([
    ["kitchen.local", "https://kitchen.local:8765"],
    ["kitchen:9000", "https://kitchen:9000"],
    ["192.168.1.7", "https://192.168.1.7:8765"],
    ["fd00::7", "https://[fd00::7]:8765"],
    ["[FD00::0:7]:443", "https://[fd00::7]:443"],
    ["https://parley.example.org:443/", "https://parley.example.org:443"],
    ["wss://kitchen.local:8765/ws", "https://kitchen.local:8765"],
    ["localhost", "http://localhost:8765"],
    ["127.1:80", "http://127.0.0.1:80"],
    ["::1", "http://[::1]:8765"],
    ["https://localhost", "https://localhost:8765"],
    ["küche.local", "https://xn--kche-0ra.local:8765"],
  ])("%s is %s", (text, http) => {
    expect(readPeerAddress(text)).toMatchObject({ http, socket: `${http.replace("http", "ws")}/ws` });
  });

  it.each([
    "",
    "kitchen:",
    "kitchen:0",
    "kitchen:65536",
    "http://kitchen.local",
    "ws://192.168.1.7:8765",
    "ftp://kitchen",
    "you@kitchen",
    "https://you:secret@kitchen",
    "kitchen/other",
    "kitchen?x",
    "kitchen#x",
    "two words",
    "[::1",
    "a:b:c",
  ])("%s is none", (text) => {
    expect(readPeerAddress(text)).toBeUndefined();
  });

  it("is never one that shows a token to a network, nor other than what it says of itself", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "http://",
        "https://",
        "ws:",
        "//",
        "@",
        ":",
        "127.0.0.1",
        "localhost",
        "[",
        "]",
        "::1",
        "a.b",
        "8765",
        "/ws",
        "#",
        "?",
        "\\",
      ),
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const address = readPeerAddress(pieces.join(""));
        if (address === undefined) return;
        const url = new URL(address.http);
        expect(url.username + url.password + url.search + url.hash).toBe("");
        if (!address.isSecure) expect(url.hostname).toMatch(/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/);
        expect(readPeerAddress(address.http)).toEqual(address);
      }),
    );
  });
});
