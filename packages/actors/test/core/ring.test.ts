import fc from "fast-check";
import { expect, test } from "vitest";
import { Ring } from "../../src/core/ring.ts";

const operation = fc.oneof(
  fc.record({ type: fc.constant("push" as const), item: fc.nat(20) }),
  fc.record({ type: fc.constant("unshift" as const), item: fc.nat(20) }),
  fc.record({ type: fc.constant("shift" as const) }),
  fc.record({ type: fc.constant("removeFirst" as const), item: fc.nat(20) }),
);

test("a ring behaves as an array does", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200, size: "max" }), (operations) => {
      const ring = new Ring<number>();
      const model: number[] = [];
      for (const each of operations) {
        if (each.type === "push") {
          ring.push(each.item);
          model.push(each.item);
        } else if (each.type === "unshift") {
          ring.unshift(each.item);
          model.unshift(each.item);
        } else if (each.type === "shift") {
          if (model.length > 0) expect(ring.shift()).toBe(model.shift());
        } else {
          const at = model.indexOf(each.item);
          const removed = ring.removeFirst((item) => item === each.item);
          expect(removed).toEqual(at === -1 ? undefined : { item: each.item });
          if (at !== -1) model.splice(at, 1);
        }
        expect(ring.length).toBe(model.length);
        expect(ring.peek()).toBe(model[0]);
      }
      while (model.length > 0) expect(ring.shift()).toBe(model.shift());
    }),
  );
});

test("a ring can hold undefined", () => {
  const ring = new Ring<undefined>();
  ring.push(undefined);
  expect(ring.length).toBe(1);
  expect(ring.shift()).toBeUndefined();
  expect(ring.length).toBe(0);
});
