import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isActorError } from "../../src/errors.ts";
import { messageKinds, type StandardSchema } from "../../src/remoting/message-kinds.ts";

type Message = { readonly type: "greet"; readonly name: string } | { readonly type: "count"; readonly by: number };

const count: StandardSchema<{ readonly type: "count"; readonly by: number }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      const by: unknown = typeof value === "object" && value !== null && "by" in value ? value.by : undefined;
      if (typeof by === "number") return { value: { type: "count", by } };
      return { issues: [{ message: "is no number", path: ["by", { key: 0 }] }, { message: "is odd" }] };
    },
  },
};

const accepts = messageKinds<Message>("greeter", {
  greet: (message) => {
    const { name } = message as { readonly name?: unknown };
    if (typeof name !== "string") throw new TypeError("it has no name");
    return { type: "greet", name };
  },
  count,
});

function refusal(message: unknown): string {
  try {
    accepts(message);
  } catch (error) {
    if (isActorError(error, "bad-message")) return error.message;
    throw error;
  }
  return "none";
}

describe("the kinds of a protocol", () => {
  it("let through what their checks let through, as the checks give it back", () => {
    expect(accepts({ type: "greet", name: "Ann", more: 1 })).toStrictEqual({ type: "greet", name: "Ann" });
    expect(accepts({ type: "count", by: 2, more: 1 })).toStrictEqual({ type: "count", by: 2 });
  });

  it("refuse unknown kinds, and whatever has none", () => {
    expect(refusal({ type: "leave" })).toBe('greeter has no message of type "leave"');
    expect(refusal({ type: "toString" })).toBe('greeter has no message of type "toString"');
    for (const message of [null, 5, "greet", [], {}, { type: 5 }]) {
      expect(refusal(message)).toBe("greeter has no message of type undefined");
    }
  });

  it("say what is wrong with a message", () => {
    expect(refusal({ type: "greet" })).toBe("greeter: greet will not do: it has no name");
    expect(refusal({ type: "count" })).toBe("greeter: count will not do: by.0: is no number; is odd");
  });

  it("refuse a check that would make messages wait", () => {
    const slow = messageKinds<{ readonly type: "slow" }>("slow", {
      slow: {
        "~standard": { version: 1, vendor: "test", validate: () => Promise.resolve({ value: { type: "slow" } }) },
      },
    });
    expect(() => slow({ type: "slow" })).toThrow("slow: slow will not do: its check is asynchronous");
  });

  it("never throw anything but their refusal", () => {
    fc.assert(
      fc.property(fc.anything(), (message) => {
        refusal(message);
        refusal({ type: "greet", name: message });
        refusal({ type: "count", by: message });
      }),
    );
  });
});
