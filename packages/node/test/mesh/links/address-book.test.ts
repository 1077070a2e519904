import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressBook, MAX_ADDRESSES, toldBy } from "../../../src/mesh/links/address-book.ts";

const at = (host: number, port = 1): string => `/ip4/10.0.0.${host}/tcp/${port}`;

describe("a peer's addresses", () => {
  it("are tried in the order of their last success, then the newest first", () => {
    const book = new AddressBook();
    expect(book.learn([at(1), at(2), at(3), at(4)])).toBe(true);
    book.worked(at(2));
    book.worked(at(1));
    expect(book.candidates()).toEqual([at(1), at(2), at(4), at(3)]);
    expect(book.learn([at(3)])).toBe(false);
    expect(book.candidates()).toEqual([at(1), at(2), at(3), at(4)]);
  });

  it("are few, and those that worked are forgotten last", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(200), fc.boolean()), { maxLength: 60 }), (told) => {
        const book = new AddressBook();
        const good: string[] = [];
        for (const [host, works] of told) {
          if (works) book.worked(at(host));
          else book.learn([at(host)]);
          if (works) good.push(at(host));
        }
        const candidates = book.candidates();
        expect(candidates.length).toBeLessThanOrEqual(MAX_ADDRESSES);
        const newest = [...new Set(good.toReversed())].slice(0, MAX_ADDRESSES);
        expect(candidates.slice(0, newest.length)).toEqual(newest);
      }),
    );
  });

  it("pass over what is none", () => {
    const book = new AddressBook();
    expect(book.learn(["", "10.0.0.1", "/ip4/10.0.0.1/udp/1", "/unix/x", "/ip4/999.0.0.1/tcp/1"])).toBe(false);
    fc.assert(
      fc.property(fc.string(), (text) => {
        new AddressBook().learn([text]);
      }),
    );
    expect(book.candidates()).toEqual([]);
  });

  it("are those that it tells, and where it was seen to be with the ports it listens on", () => {
    const told = ["/ip4/127.0.0.1/tcp/4001", at(7, 4001)];
    expect(toldBy(told, "/ip4/10.0.0.9/tcp/55555")).toEqual([at(9, 4001), at(7, 4001)]);
    expect(toldBy(told, "/ip4/127.0.0.1/tcp/55555")).toEqual(told);
    expect(toldBy(["nonsense"], at(1))).toEqual([]);
  });
});
