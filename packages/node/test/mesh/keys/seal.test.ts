import fc from "fast-check";
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { privateKeyFrom, rawPrivate, rawPublic } from "../../../src/mesh/keys/raw-keys.ts";
import { seal, SEAL_BYTES, sealWith, unseal } from "../../../src/mesh/keys/seal.ts";

const hex = (text: string) => Buffer.from(text, "hex");
const context = { info: "a use", bound: hex("0102") };
const { privateKey } = generateKeyPairSync("x25519");
const publicKey = rawPublic(privateKey);
const broken = expect.objectContaining({ code: "seal-broken" });

describe("sealing", () => {
  it("is HPKE: keys, info and text of RFC 9180 appendix A.1.1, sealed with AES-256-GCM by another implementation", () => {
    // Made by @hpke/core 1.9.0, which gives the appendix's own bytes for the appendix's AES-128-GCM.
    const recipient = privateKeyFrom("X25519", hex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"));
    const ephemeral = privateKeyFrom("X25519", hex("52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736"));
    const rfc = { info: "Ode on a Grecian Urn", bound: Buffer.from("Count-0") };
    const plain = Buffer.from("Beauty is truth, truth beauty");
    const sealed = hex(
      "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431" +
        "090b7dc225419f7da9e8b460becfbb96a26c7964d79b8010d397fa838530a32a397b14f5776db19ff5e57734e0",
    );
    expect(sealWith(ephemeral, rawPublic(recipient), plain, rfc)).toEqual(sealed);
    expect(unseal(recipient, sealed, rfc)).toEqual(plain);
  });

  it("opens for its recipient, with the same context, and is 48 bytes longer than what it holds", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), fc.uint8Array(), (plain, info, bound) => {
        const sealed = seal(publicKey, plain, { info, bound });
        expect(sealed.length).toBe(plain.length + SEAL_BYTES);
        expect(unseal(privateKey, sealed, { info, bound })).toEqual(Buffer.from(plain));
      }),
    );
  });

  it("is never twice the same", () => {
    expect(seal(publicKey, hex("00"), context)).not.toEqual(seal(publicKey, hex("00"), context));
  });

  it("does not open for another key, another use or other bound bytes", () => {
    const sealed = seal(publicKey, hex("00ff"), context);
    expect(() => unseal(generateKeyPairSync("x25519").privateKey, sealed, context)).toThrowError(broken);
    expect(() => unseal(privateKey, sealed, { ...context, info: "another" })).toThrowError(broken);
    expect(() => unseal(privateKey, sealed, { ...context, bound: hex("0103") })).toThrowError(broken);
  });

  it("does not open, and says so, whichever byte is changed and wherever it is cut", () => {
    const sealed = seal(publicKey, Buffer.from("a secret of the house"), context);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => unseal(privateKey, changed, context)).toThrowError(broken);
      expect(() => unseal(privateKey, sealed.subarray(0, at), context)).toThrowError(broken);
    }
  });

  it("refuses keys that are none, and points that would make the secret known to everybody", () => {
    for (const key of [new Uint8Array(32), hex(`01${"00".repeat(31)}`), new Uint8Array(31), new Uint8Array(0)]) {
      expect(() => seal(key, hex("00"), context)).toThrowError(broken);
    }
    expect(() => unseal(privateKey, new Uint8Array(64), context)).toThrowError(broken);
  });
});

describe("raw keys", () => {
  it("are the same key when they come back", () => {
    const pairs = [
      { curve: "X25519", made: generateKeyPairSync("x25519").privateKey },
      { curve: "Ed25519", made: generateKeyPairSync("ed25519").privateKey },
    ] as const;
    for (const { curve, made } of pairs) {
      expect(rawPublic(privateKeyFrom(curve, rawPrivate(made)))).toEqual(rawPublic(made));
    }
  });
});
