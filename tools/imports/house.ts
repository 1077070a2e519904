/**
 * The house as a table: which package may use which, and the floors inside a package. This is `docs/ARCHITECTURE.md`
 * for a program to check; change both in the same commit.
 */

/** What one package may import. */
export interface PackageRule {
  /** Folder under the root, which is also how its files are known. */
  readonly folder: string;
  /** Packages (all their exports) or single exports (`@parley/audio/turn`) that its shipped files may use. */
  readonly uses: readonly string[];
  /** Shipped files must run in a browser: no `node:` and of npm's packages only these. */
  readonly browserSafe?: readonly string[];
  /** Rooms that this does not hold for, exported apart; no other room is on a floor above them. */
  readonly nodeOnly?: readonly string[];
  /** Folders and files directly under `src`, lowest floor first; rooms of one floor do not import each other. */
  readonly floors?: readonly (readonly string[])[];
  /** Rooms that import nothing but themselves and these npm packages: pure and browser-safe. */
  readonly sealed?: Readonly<Record<string, readonly string[]>>;
}

export const PACKAGES: Readonly<Record<string, PackageRule>> = {
  "@parley/raft": {
    folder: "packages/raft",
    uses: [],
    floors: [["errors.ts"], ["core"], ["storage", "wire"], ["driver"], ["testing"], ["index.ts"]],
  },
  "@parley/actors": {
    folder: "packages/actors",
    uses: [],
    floors: [
      ["errors.ts"],
      ["supervision"],
      ["core"],
      ["remoting", "bus", "jobs"],
      ["placement"],
      ["testing"],
      ["index.ts", "xstate.ts"],
    ],
  },
  "@parley/vaults": { folder: "packages/vaults", uses: [] },
  "@parley/audio": {
    folder: "packages/audio",
    uses: [],
    floors: [
      ["errors.ts"],
      ["turn"],
      ["format", "models"],
      ["engines", "devices"],
      ["pipeline"],
      ["testing"],
      ["index.ts"],
    ],
    sealed: { turn: ["xstate"] },
  },
  "@parley/sdk": {
    folder: "packages/sdk",
    uses: ["@parley/audio/turn"],
    browserSafe: ["zod"],
    nodeOnly: ["node"],
    floors: [["errors.ts"], ["protocol"], ["client", "schema.ts"], ["index.ts"], ["node"]],
  },
  "@parley/node": {
    folder: "packages/node",
    uses: ["@parley/sdk", "@parley/audio", "@parley/vaults", "@parley/actors", "@parley/raft"],
    floors: [
      ["errors.ts", "version.ts"],
      ["config"],
      ["log.ts"],
      ["routing", "providers", "mesh"],
      ["assistant", "cluster"],
      ["services"],
      ["extend"],
      ["gateway", "report.ts"],
      ["peer.ts"],
      ["embed"],
      ["cli", "testing"],
      ["index.ts", "main.ts"],
    ],
  },
};

/** Folders that are no package of the product. They use packages through their exports, like anybody outside. */
export const OUTSIDE: Readonly<Record<string, { readonly byPath: readonly string[]; readonly standsAlone?: true }>> = {
  // Somebody else's programs: each brings all that it imports, the house's packages too.
  "examples/embedded-peer": { byPath: ["examples/embedded-peer"], standsAlone: true },
  "examples/sdk-client": { byPath: ["examples/sdk-client"], standsAlone: true },
  simulations: { byPath: ["simulations"] },
  test: { byPath: ["test", "tools"] },
  tools: { byPath: ["tools"] },
};

/** What tests and benches of a package may reach by path beside their own package. */
export const TEST_KIT: readonly string[] = [
  "tools/bench/types.ts",
  "tools/bench/rows.ts",
  "tools/bench/parts.ts",
  "tools/bench/usage-error.ts",
  "tools/bench/between/asks.ts",
  "tools/bench/between/bare.ts",
  "tools/bench/between/orders.ts",
  "tools/bench/between/round-trips.ts",
  "simulations/routing/compare.ts",
  "simulations/routing/library.ts",
];

/** Packages that a file only looks for, and does without when they are absent. */
export const LOOKED_UP_IF_PRESENT: Readonly<Record<string, readonly string[]>> = {
  "packages/node/bin/parley.js": ["node"],
};

const EXAMPLE_TOOLS = { "@types/node": "types of Node, named in its tsconfig.json", typescript: "npm run check" };

/** Dependencies that no import names, and why they are there all the same. */
export const USED_WITHOUT_IMPORT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "examples/embedded-peer": EXAMPLE_TOOLS,
  "examples/sdk-client": EXAMPLE_TOOLS,
  "": {
    "@types/node": "types of Node, named in tsconfig.base.json",
    node: "Node 24, which runs every script",
    oxlint: "npm run check",
    "oxlint-tsgolint": "the type-aware half of oxlint",
    prettier: "npm run check",
    typescript: "npm run check, npm run build",
  },
};
