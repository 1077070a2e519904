import { describe, expect, it } from "vitest";
import { AddressBook } from "../../src/client/link/address-book.ts";

const [A, B, C] = ["wss://a/ws", "wss://b/ws", "wss://c/ws"];

describe("the order in which peers are tried", () => {
  it("has those last that hand over what they do, given by a person or not, and before them only who is known to have left", () => {
    const book = new AddressBook([A]);
    book.learn([A, B, C], [A]);
    book.welcomed(C);
    for (let i = 0; i < 20; i += 1) book.failed(B);
    expect(book.order(() => 0)).toEqual([C, B, A]);
    book.ended(C, "stopping");
    expect(book.order(() => 0)).toEqual([B, A, C]);
    // They do so no more.
    book.learn([A, B, C], []);
    expect(book.order(() => 0)).toEqual([A, B, C]);
  });
});
