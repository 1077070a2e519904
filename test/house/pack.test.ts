import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PACKAGES } from "../../tools/imports/house.ts";
import { openAudioFile, toSpeech } from "@parley/audio/format";
import { copyExample, Example, freePorts, processesIn } from "./examples.ts";
import { ROOT, run, type Ended } from "./mini-house.ts";

const MINUTES_MS = 60_000;
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

const readManifest = (folder: string): Manifest => JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
const packages = Object.values(PACKAGES).map(({ folder }) => ({ folder, ...readManifest(folder) }));
const empty = packages.filter(({ exports }) => Object.keys(exports).length === 0).map(({ name }) => name);
/** Everything that somebody outside can import. */
const entries = packages.flatMap(({ name, exports }) =>
  Object.keys(exports).flatMap((subpath) =>
    subpath === "./package.json" || subpath.includes("*") ? [] : [name + subpath.slice(1)],
  ),
);

/** Nothing but what is needed, and no word about it. */
const WITH_SCRIPTS = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
const QUIET = [...WITH_SCRIPTS, "--ignore-scripts"];
/**
 * As `packages/node/README.md` has it, and with a proxy for onnxruntime's script at which nobody is: whatever it would fetch beside the
 * packages, it fails to, and the install with it.
 */
const INSTALLING = { ONNXRUNTIME_NODE_INSTALL: "skip", GLOBAL_AGENT_HTTPS_PROXY: "http://127.0.0.1:9" };

/** Fails with everything the command said. */
async function succeed(
  file: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  // What this checkout has set for itself is not what somebody else has.
  const own = Object.entries(process.env).filter(([key]) => !/onnxruntime/i.test(key));
  const ended = await run(file, args, { cwd, env: { ...Object.fromEntries(own), ...env } });
  if (ended.code !== 0)
    throw new Error(`${file} ${args.join(" ")} ended with ${ended.code}:\n${ended.stdout}${ended.stderr}`);
  return ended;
}

/** Their declarations are those of a package that does not compile with `exactOptionalPropertyTypes`, which `strict` does not ask for. */
const LESS_EXACT = new Set(["@parley/actors/xstate", "@parley/audio/interaction-machine"]);

/** How long the sound of a file is. */
async function speechMs(path: string): Promise<number> {
  let samples = 0;
  for await (const { length } of toSpeech((await openAudioFile(path)).pcm)) samples += length;
  return samples / 16;
}

function nameOf(line: string): string {
  return /as (\w+)/.exec(line)?.[1] ?? "";
}

describe("the published packages", () => {
  let root: string;
  let project: string;
  const tarballs = new Map<string, string>();

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), "parley-pack-"));
    project = join(root, "project");
    mkdirSync(project);
    await succeed(process.execPath, ["tools/build/main.ts"], ROOT);
    for (const { name, folder } of packages) {
      const { stdout } = await succeed("npm", ["pack", "--silent", "--pack-destination", root, `./${folder}`], ROOT);
      tarballs.set(name, join(root, basename(stdout.trim())));
    }
  }, 5 * MINUTES_MS);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it.for(packages)(
    "$name holds what is built, its README and its licence, and no sources or tests",
    async ({ name, exports }) => {
      const { stdout } = await succeed("tar", ["-tzf", tarballs.get(name) ?? ""], root);
      const files = stdout.trim().split("\n").map((path) => path.replace(/^package\//, "")).toSorted(); // prettier-ignore
      expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json"]));
      expect(
        files.filter((path) => /(^|\/)(src|test|bench|fixtures)\/|\.test\.|(?<!\.d)\.ts$|tsconfig|\.log$/.test(path)),
      ).toEqual([]);
      if (Object.keys(exports).length > 0)
        expect(files).toEqual(expect.arrayContaining(["dist/index.js", "dist/index.d.ts", "dist/index.js.map"]));
      else expect(files).toHaveLength(3);
    },
  );

  it("fetch nothing but packages when they are installed as their README says, install scripts and all", async () => {
    const hearing = join(root, "hearing");
    mkdirSync(hearing);
    const dependencies = { "@parley/audio": `file:${tarballs.get("@parley/audio")}` };
    writeFileSync(join(hearing, "package.json"), JSON.stringify({ name: "hearing", private: true, dependencies }));
    await succeed("npm", ["install", ...WITH_SCRIPTS], hearing, INSTALLING);
    const load = 'await import("onnxruntime-node"); await import("@parley/audio/engines")';
    await succeed(process.execPath, ["--input-type=module", "-e", load], hearing);
    const readme = readFileSync(join(ROOT, "packages/node/README.md"), "utf8");
    expect(readme).toContain("ONNXRUNTIME_NODE_INSTALL=skip npm install @parley/node");
  });

  describe("installed in a plain TypeScript project", () => {
    beforeAll(async () => {
      const embedding = copyExample("embedded-peer", join(project, "embedded-peer"), tarballs);
      const house = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
      const files = Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`]));
      const manifest = {
        name: "somebody-elses",
        private: true,
        type: "module",
        dependencies: { ...embedding.dependencies, ...files },
        devDependencies: { "@types/node": house.devDependencies["@types/node"] },
        overrides: {
          ...house.overrides,
          ...Object.fromEntries([...tarballs.keys()].map((name) => [name, `$${name}`])),
        },
      };
      writeFileSync(join(project, "package.json"), JSON.stringify(manifest, null, 2));
      await succeed("npm", ["install", ...QUIET], project);
    }, 5 * MINUTES_MS);

    it(
      "compile under strict settings, declarations checked, and run on Node without conditions",
      { timeout: 5 * MINUTES_MS },
      async () => {
        const compilerOptions = {
          module: "nodenext",
          target: "es2024",
          lib: ["es2024", "dom", "esnext.disposable", "esnext.iterator"],
          types: ["node"],
          strict: true,
          skipLibCheck: false,
          outDir: "out",
        };
        writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["main.ts"] }));
        const imports = entries.map((entry, n) => `import * as entry${n} from "${entry}";`);
        const exactly = imports.filter((_, n) => !LESS_EXACT.has(entries[n] ?? ""));
        writeFileSync(
          join(project, "exact.ts"),
          [...exactly, `export const all = [${exactly.map(nameOf).join()}];`].join("\n"),
        );
        const exact = { ...compilerOptions, exactOptionalPropertyTypes: true };
        writeFileSync(
          join(project, "tsconfig.exact.json"),
          JSON.stringify({ compilerOptions: exact, files: ["exact.ts"] }),
        );
        await succeed(process.execPath, [TSC, "--pretty", "false", "-p", "tsconfig.exact.json"], project);
        const counts = entries.map((entry, n) => `"${entry}": Object.keys(entry${n}).length`);
        const typed = [
          `import { AudioError, durationMs, type Pcm } from "@parley/audio";`,
          `const second: Pcm = { samples: new Float32Array(16_000), sampleRateHz: 16_000 };`,
          `const lengthMs: number = durationMs(second);`,
          `// @ts-expect-error: a code that does not exist; unnoticed if the declarations had turned into any`,
          `const refused = new AudioError("no-such-code", "x", { nextStep: "y" });`,
          `console.log(JSON.stringify({ lengthMs, isError: refused instanceof Error, counts: { ${counts.join(", ")} } }));`,
        ];
        writeFileSync(join(project, "main.ts"), [...imports, ...typed, ""].join("\n"));
        await succeed(process.execPath, [TSC, "--pretty", "false"], project);
        const { stdout } = await succeed(process.execPath, ["out/main.js"], project);
        const said: { lengthMs: number; isError: boolean; counts: Record<string, number> } = JSON.parse(stdout);
        expect(said).toMatchObject({ lengthMs: 1000, isError: true });
        expect(Object.keys(said.counts)).toEqual(entries);
        expect(
          Object.values(said.counts).every((count) => count > 0),
          stdout,
        ).toBe(true);
      },
    );

    it.for(empty)("%s is honestly empty", async (name) => {
      const script = `import("${name}").catch((error) => console.log(error.code))`;
      expect((await succeed(process.execPath, ["-e", script], project)).stdout.trim()).toBe(
        "ERR_PACKAGE_PATH_NOT_EXPORTED",
      );
    });

    describe("the example programs, with these packages and without this checkout", () => {
      let peers: string;
      let clients: string;

      beforeAll(async () => {
        // What the first one needs was installed above it; the second one needs little, and gets it by itself.
        peers = join(project, "embedded-peer");
        clients = join(root, "sdk-client");
        copyExample("sdk-client", clients, tarballs);
        await succeed("npm", ["install", ...QUIET], clients);
      }, 2 * MINUTES_MS);

      it("compile against the packed declarations", { timeout: 2 * MINUTES_MS }, async () => {
        await succeed(process.execPath, [TSC, "--noEmit", "--pretty", "false"], peers);
        await succeed(process.execPath, [TSC, "--noEmit", "--pretty", "false"], clients);
        expect(readdirSync(join(clients, "node_modules/@parley"))).toEqual(["sdk"]);
      });

      it("embed a peer, extend it, and end by themselves", { timeout: 4 * MINUTES_MS }, async () => {
        const example = new Example(peers, ["--demo"]);
        expect(await example.end(), example.errors).toBe(0);
        const said = "It is done: there is light in the kitchen.";
        expect(example.lines).toEqual([
          { url: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+\/ws$/), token: expect.any(String) },
          { turn: { question: "Turn on the light in the kitchen", answer: said } },
          { answer: said, lit: ["kitchen"] },
          { event: "switching", room: "hall" },
          { result: { lit: ["kitchen", "hall"] } },
          { refused: expect.stringContaining("room: Invalid option") },
          { actor: ["kitchen", "hall"] },
          { spokenMs: expect.any(Number) },
          { ended: ["kitchen", "hall"] },
        ]);
        expect(Number((await example.line("spokenMs"))["spokenMs"])).toBeGreaterThan(1_000);
        expect(example.errors).toBe("");
        expect(processesIn(root)).toEqual([]);
      });

      it(
        "work together: a client asks, hears, writes, and goes on when its peer dies",
        { timeout: 6 * MINUTES_MS },
        async () => {
          const [port = 0, other = 0] = await freePorts(2);
          const secret = ["--secret", "two rooms and one secret"];
          const hall = new Example(peers, ["--name", "hall", "--mesh-port", `${port}`, "--client", "lamp", ...secret]);
          const { url: first, token } = await hall.line("url");
          const joining = ["--join", `127.0.0.1:${port}`, "--mesh-port", `${other}`];
          const attic = new Example(peers, ["--name", "attic", ...joining, ...secret]);
          const { url: second } = await attic.line("url");
          const wav = join(root, "answer.wav");
          const given = ["--peers", [first, second].join(), "--token", String(token), "--wav", wav, "--lose-one"];
          const client = new Example(clients, given);
          expect(await client.line("waiting")).toEqual({ waiting: "hall" });
          await hall.kill();
          expect(await client.end(), client.errors).toBe(0);
          const wavBytes = readFileSync(wav).byteLength;
          expect(client.lines).toEqual([
            { connected: "hall" },
            { answer: "It is done: there is light in the bedroom." },
            { wavBytes },
            { message: { status: "delivered", arrived: "lamp-remote: the light is on" } },
            { lit: { lit: ["hall", "bedroom"] } },
            { waiting: "hall" },
            { lost: "hall", found: "attic", answer: "It is done: all lights are off." },
          ]);
          expect(await speechMs(wav)).toBeGreaterThan(400);
          expect(await attic.end(), attic.errors).toBe(0);
          expect(attic.lines.at(-1)).toEqual({ ended: [] });
          expect(processesIn(root)).toEqual([]);
        },
      );
    });

    it("bring the command parley", async () => {
      const { stdout } = await succeed(join(project, "node_modules/.bin/parley"), ["--version"], project);
      expect(stdout.trim()).toContain(packages.find(({ name }) => name === "@parley/node")?.version);
    });
  });
});
