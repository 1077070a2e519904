import { expect, it } from "vitest";
import { applicationSchema } from "../../../src/mesh/door/protocol/messages.ts";
import { application } from "./people.ts";

it("a newcomer that does not say which commands its software knows knows the first ones, and what a newer one says beside is passed over", () => {
  const { knows: _, ...first } = application;
  expect(applicationSchema.parse(first)).toEqual({ ...application, knows: 1 });
  expect(applicationSchema.parse({ ...application, knows: 7, hatSize: 58 })).toEqual({ ...application, knows: 7 });
  for (const knows of [0, -1, 1.5, "2", null, 1e9]) {
    expect(applicationSchema.safeParse({ ...application, knows }).success).toBe(false);
  }
});
