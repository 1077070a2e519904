import path from "node:path";
import { format } from "prettier";
import { describe, expect, it } from "vitest";
import { describedPaths } from "../../tools/protocol/meanings.ts";
import { definedPaths, protocolPage } from "../../tools/protocol/page.ts";
import { schemaFiles } from "../../tools/protocol/schemas.ts";

const root = path.resolve(import.meta.dirname, "../..");

describe("docs/PROTOCOL.md", () => {
  it("is made from the definition as it is (vitest -u rewrites it)", async () => {
    const page = await format(protocolPage(), { parser: "markdown", printWidth: 120 });
    await expect(page).toMatchFileSnapshot(path.join(root, "docs/PROTOCOL.md"));
  });

  it("says of every field of a message what it means, and of nothing else", () => {
    expect(describedPaths.toSorted()).toEqual([...new Set(definedPaths())].toSorted());
  });
});

describe("packages/sdk/schema", () => {
  it.each(Object.entries(schemaFiles()))(
    "%s is what the definition says (vitest -u rewrites it)",
    async (name, file) => {
      const text = await format(JSON.stringify(file), { parser: "json", printWidth: 120 });
      await expect(text).toMatchFileSnapshot(path.join(root, "packages/sdk/schema", name));
    },
  );
});
