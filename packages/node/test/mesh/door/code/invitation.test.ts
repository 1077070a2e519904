import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawInvitation, invitationText, readInvitation } from "../../../../src/mesh/door/code/invitation.ts";

const invitation = {
  code: "KQ7M3XWA",
  peerId: "12D3KooWQYzhkT4UbBxBxKWGcSZsAwSWeNVXRKTsUGfVM2yQDbJ1",
  addresses: ["/ip4/192.168.1.7/tcp/8766", "/ip6/fe80::1/tcp/8766", "/dns4/kitchen.local/tcp/8766"],
};

const anyText = fc.array(fc.nat(0xffff), { maxLength: 30 }).map((units) => String.fromCharCode(...units));

describe("an invitation", () => {
  it("is a short URI that is read back as it was", () => {
    const text = invitationText(invitation);
    expect(text).toMatch(/^parley:pair\?code=KQ7M3XWA&peer=12D3KooW\w+&at=\/ip4\/192\.168\.1\.7\/tcp\/8766&at=/);
    expect(readInvitation(` ${text}\n`)).toEqual(invitation);
  });

  it("carries no more addresses than a phone can read", () => {
    const addresses = Array.from({ length: 9 }, (_, n) => `/ip4/10.0.0.${n}/tcp/1`);
    expect(readInvitation(invitationText({ ...invitation, addresses }))?.addresses).toEqual(addresses.slice(0, 4));
  });

  it("is drawn for a terminal that has 80 columns and 40 lines", () => {
    const lines = drawInvitation({ ...invitation, addresses: invitation.addresses.slice(0, 2) }).split("\n");
    expect(lines.length).toBeLessThan(40);
    for (const line of lines) expect(line.length).toBeLessThan(80);
  });

  it.each([
    "",
    "https://example.org/?code=KQ7M3XWA",
    "parley:pair",
    "parley:pair?code=KQ7M3XWA",
    "parley:pair?code=short&peer=12D3KooWQYzhkT4UbBxBxKWGcSZsAwSWeNVXRKTsUGfVM2yQDbJ1",
    `${invitationText(invitation)}&at=javascript:alert(1)`,
    `${invitationText(invitation)}${"&x=1".repeat(400)}`,
  ])("is not read from %j", (text) => {
    expect(readInvitation(text)).toBeUndefined();
  });

  it("is read from any text without throwing, and then holds only what it may", () => {
    const nearly = fc
      .array(fc.oneof(fc.constantFrom("code=KQ7M3XWA", `peer=${invitation.peerId}`, "at=/ip4/1.2.3.4"), fc.string()))
      .map((parts) => `parley:pair?${parts.join("&")}`);
    fc.assert(
      fc.property(fc.oneof(nearly, anyText), (text) => {
        const read = readInvitation(text);
        if (read !== undefined) expect(readInvitation(invitationText(read))).toEqual(read);
      }),
    );
  });
});
