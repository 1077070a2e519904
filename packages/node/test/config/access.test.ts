import { describe, expect, it } from "vitest";
import { clientAccessOf, type ClientAccess } from "../../src/config/index.ts";
import { isHostName } from "../../src/config/access-schema.ts";
import { load, loadText } from "./sample.ts";

function accessOf(text: string, flags = {}): ClientAccess {
  const result = load({ file: { path: "/etc/parley.toml", text }, flags });
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  return clientAccessOf(result.config);
}

describe("where clients come in", () => {
  it("is the local network by default, and this machine alone where that is wanted, by one flag or by the address", () => {
    expect(accessOf("")).toMatchObject({ host: "0.0.0.0", port: 8765, isLocalOnly: false });
    expect(accessOf("", { "listen.local_only": "true" })).toMatchObject({ host: "127.0.0.1", isLocalOnly: true });
    expect(accessOf('listen.host = "192.168.1.2"\nlisten.local_only = true')).toMatchObject({ host: "127.0.0.1" });
    for (const host of ["127.0.0.1", "127.9.9.9", "::1", "localhost"]) {
      expect(accessOf(`listen.host = "${host}"`)).toMatchObject({ host, isLocalOnly: true });
      expect(accessOf(`listen.host = "${host}"\nlisten.local_only = true`)).toMatchObject({ host });
    }
  });

  it("names the proxies that are believed, by address or network, in whatever form a socket writes them", () => {
    const { isProxy } = accessOf('listen.proxies = "127.0.0.1, 192.168.1.0/24, fd00::/8"');
    for (const address of ["127.0.0.1", "::ffff:127.0.0.1", "192.168.1.77", "fd12::7", "fd12::7%eth0"]) {
      expect([address, isProxy(address)]).toEqual([address, true]);
    }
    for (const address of ["127.0.0.2", "192.168.2.1", "::1", "", "nonsense", "192.168.1.0/24"]) {
      expect([address, isProxy(address)]).toEqual([address, false]);
    }
    expect(accessOf("").isProxy("127.0.0.1")).toBe(false);
  });

  it("names the pages that may come, and other names, each as it will be compared", () => {
    expect([...accessOf('cors.origins = "https://claude.ai,https://chat.openai.com:8443"').origins]).toEqual([
      "https://claude.ai",
      "https://chat.openai.com:8443",
    ]);
    expect(accessOf('listen.names = "Parley.Example.org 203.0.113.7"').names).toEqual([
      "parley.example.org",
      "203.0.113.7",
    ]);
  });

  it.each([
    'cors.origins = "*"',
    'cors.origins = "null"',
    'cors.origins = "claude.ai"',
    'cors.origins = "https://claude.ai/"',
    'cors.origins = "https://claude.ai/chat"',
    'cors.origins = "https://claude.ai:443"',
    'cors.origins = "https://CLAUDE.ai"',
    'cors.origins = "https://u:p@claude.ai"',
    'cors.origins = "file:///etc"',
    'listen.names = "*.example.org"',
    'listen.names = "-a.example"',
    'listen.names = "a..b"',
    'listen.names = "kitchen:8765"',
    'listen.proxies = "192.168.1.0/33"',
    'listen.proxies = "10.0.0.0/8/8"',
    'listen.proxies = "proxy.example"',
    'listen.proxies = "10.0.0.0/-1"',
  ])("%s is refused: it would never mean anybody, or everybody", (text) => {
    expect(loadText(text)).toMatchObject({ ok: false });
  });

  it("takes host names as they may be, and nothing else", () => {
    for (const name of ["a", "kitchen.local", "xn--kche-0ra.local", "1st", `${"a".repeat(63)}.b`]) {
      expect([name, isHostName(name)]).toEqual([name, true]);
    }
    for (const name of ["", ".", "a.", "a_b", "kü", "1.2.3.4", "::1", "a".repeat(64), `${"a.".repeat(127)}a`]) {
      expect([name, isHostName(name)]).toEqual([name, false]);
    }
  });
});
