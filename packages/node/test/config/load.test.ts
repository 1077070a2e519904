import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SETTINGS, flagName, toToml } from "../../src/config/index.ts";
import type { Origin, Setting, SettingValue } from "../../src/config/index.ts";
import { valueOf } from "../../src/cli/config-command.ts";
import { HOST, load, loadText, validValue } from "./sample.ts";

type Written = { readonly [S in "file" | "environment" | "flag"]: SettingValue | undefined };

const maybe = (setting: Setting) => fc.option(validValue(setting), { nil: undefined });
const written = (setting: Setting): fc.Arbitrary<Written> =>
  fc.record({ file: maybe(setting), environment: maybe(setting), flag: maybe(setting) });

/** Each setting's own line number, found by its dotted key at the top of the file. */
function fileText(all: ReadonlyMap<Setting, Written>): { text: string; lines: Map<Setting, number> } {
  const rows: string[] = [];
  const lines = new Map<Setting, number>();
  for (const [setting, { file }] of all) {
    if (file !== undefined) lines.set(setting, rows.push(`${setting.key} = ${toToml(file)}`));
  }
  return { text: rows.join("\n"), lines };
}

/** The origin and, unless it is the default, the value that must win. */
function expected(
  setting: Setting,
  given: Written,
  line: number | undefined,
): { value?: SettingValue; origin: Origin } {
  if (given.flag !== undefined) {
    return { value: given.flag, origin: { source: "flag", flag: flagName(setting) ?? setting.key } };
  }
  if (given.environment !== undefined) {
    return { value: given.environment, origin: { source: "environment", name: setting.env } };
  }
  if (given.file === undefined || line === undefined) return { origin: { source: "default" } };
  const column = setting.key.length + " = ".length + 1;
  return { value: given.file, origin: { source: "file", file: "/etc/parley.toml", line, column } };
}

describe("loading the configuration", () => {
  it("takes flag over environment over file over default, for every setting at once, and says which it took", () => {
    const nothing: Written = { file: undefined, environment: undefined, flag: undefined };
    const worlds = fc
      .tuple(...SETTINGS.map(written))
      .map((all) => new Map(SETTINGS.map((setting, at) => [setting, all[at] ?? nothing])));
    fc.assert(
      fc.property(worlds, (world) => {
        const { text, lines } = fileText(world);
        const pick = (source: "environment" | "flag", name: (setting: Setting) => string) =>
          Object.fromEntries(
            [...world].flatMap(([s, w]) => (w[source] === undefined ? [] : [[name(s), String(w[source])]])),
          );
        const result = load({
          file: { path: "/etc/parley.toml", text },
          env: pick("environment", (setting) => setting.env),
          flags: pick("flag", (setting) => setting.key),
        });
        if (!result.ok) throw new Error(JSON.stringify(result.problems));
        for (const [setting, given] of world) {
          const { value, origin } = expected(setting, given, lines.get(setting));
          const found = valueOf(result.config, setting);
          expect([setting.key, result.origins[setting.key], found]).toEqual([setting.key, origin, value ?? found]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("fills in defaults from the machine", () => {
    const result = load({});
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.config).toMatchObject({
      name: "attic",
      home: "/home/ada/.local/share/parley",
      listen: { host: "0.0.0.0", port: 8765 },
      models: { cache: "/home/ada/.local/share/parley/models", folder: "", download: true },
      engines: { threads: 4 },
    });
  });

  it("has valid defaults on any machine", () => {
    const hosts = fc.record({
      hostname: fc.string({ unit: "binary", maxLength: 300 }),
      cores: fc.integer({ min: 0, max: 4096 }),
    });
    fc.assert(
      fc.property(hosts, (facts) => {
        expect(load({ host: { ...HOST, ...facts } }).ok).toBe(true);
      }),
    );
  });

  it("puts the model cache under home wherever home was said", () => {
    const places = [
      load({ flags: { home: "/srv/p" } }),
      load({ env: { PARLEY_HOME: "/srv/p" } }),
      loadText(`home = "/srv/p"`),
    ];
    for (const result of places) expect(result).toMatchObject({ config: { models: { cache: "/srv/p/models" } } });
  });

  it("resolves paths from the file they stand in, from the working folder, and from the user's folder", () => {
    const file = { path: "/etc/parley/parley.toml", text: `[models]\nfolder = "mine"` };
    expect(load({ file })).toMatchObject({ config: { models: { folder: "/etc/parley/mine" } } });
    expect(load({ env: { PARLEY_MODELS: "mine" } })).toMatchObject({ config: { models: { folder: "/work/mine" } } });
    expect(load({ flags: { home: "~/p" } })).toMatchObject({ config: { home: "/home/ada/p" } });
    const windows = { ...HOST, platform: "win32" as const, userFolder: String.raw`C:\Users\ada` };
    expect(load({ flags: { home: String.raw`~\p` }, host: windows, cwd: String.raw`D:\work` })).toMatchObject({
      config: { home: String.raw`C:\Users\ada\p` },
    });
  });

  it("treats an empty variable as not set", () => {
    expect(load({ env: { PARLEY_LISTEN_PORT: "" } })).toMatchObject({
      origins: { "listen.port": { source: "default" } },
    });
  });

  it("hands out a configuration that cannot be changed", () => {
    const result = load({});
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    for (const part of [
      result,
      result.config,
      result.config.listen,
      result.config.vad,
      result.origins,
      result.warnings,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });
});

describe("what is refused", () => {
  /** One wrong value for each setting, in TOML. */
  const wrong: readonly (readonly [Setting, string])[] = SETTINGS.flatMap((setting) => {
    const ofOtherKind = setting.kind === "text" ? ["1", "true"] : [`"1"`, `"x"`];
    const outside = setting.kind === "number" ? ["-1e9", "1e9", "nan", "inf"] : [];
    const whole = setting.allowed.includes("whole") ? ["1.5"] : [];
    const choice = setting.allowed.startsWith("one of") ? [`"nonsense"`] : [];
    return [...ofOtherKind, ...outside, ...whole, ...choice, "[]", "{}", "2026-01-01"].map(
      (toml) => [setting, toml] as const,
    );
  });

  it.each(wrong)("$0.key = $1, with its place and what is allowed", (setting, toml) => {
    const header = setting.section === "" ? "# top" : `[${setting.section}]`;
    const result = loadText(`${header}\n\n${setting.name}   = ${toml}\n`);
    expect(result).toMatchObject({ ok: false });
    if (result.ok) return;
    expect(result.problems).toHaveLength(1);
    expect(result.problems[0]).toMatchObject({
      place: { source: "file", file: "/etc/parley.toml", line: 3, column: setting.name.length + 6 },
      key: setting.key,
      allowed: setting.allowed,
    });
    expect(result.problems[0]?.message).toContain(setting.allowed);
  });

  it("says everything that is wrong at once, in the file, the environment and the flags", () => {
    const text = `nam = "x"\n[listen]\nport = 70000\nhost = 1\n[vioce]\nname = "x"\nspeed = 9\n[llm]\nprovider = "openai"\n`;
    const result = load({
      file: { path: "p.toml", text },
      env: { PARLEY_VOICE_SPEED: "fast" },
      flags: { "log.level": "loud" },
    });
    if (result.ok) throw new Error("accepted");
    expect(
      result.problems.map(({ place, suggestion }) => [place.source === "file" ? place.line : place, suggestion]),
    ).toEqual([
      [1, "name"],
      [5, "[voice]"],
      [3, undefined],
      [4, undefined],
      [9, undefined],
      [{ source: "environment", name: "PARLEY_VOICE_SPEED" }, undefined],
      [{ source: "flag", flag: "--log-level" }, undefined],
    ]);
  });

  it.each([
    [`[listen]\nprot = 1`, "listen.port"],
    [`port = 1`, "listen.port"],
    [`[listen]\nport.x = 1`, "listen.port"],
    [`[llm]\nollamaurl = "x"`, "llm.ollama_url"],
    [`[models.stt]\nx = 1`, "[stt]"],
    [`listen = 8765`, "[listen]"],
    [`[[listen]]\nport = 1`, "[listen]"],
    [`[lisen]`, "[listen]"],
    [`entirely_unlike_anything = 1`, undefined],
    [`__proto__ = 1`, undefined],
    [`[constructor]\nprototype = 1`, undefined],
    [`listen = { port = 1, hots = "x" }`, "listen.host"],
  ])("%j, with the suggestion %j", (text, suggestion) => {
    const result = loadText(text);
    if (result.ok) throw new Error("accepted");
    expect(result.problems).toHaveLength(1);
    expect(result.problems[0]?.suggestion).toBe(suggestion);
    expect(result.problems[0]?.message).toContain(
      suggestion === undefined ? "parley config lists them all" : `did you mean ${suggestion}?`,
    );
  });

  it("a setting that has another name now, with what to write instead", () => {
    const result = loadText("[vad]\nthreshold = 0.6");
    expect(result).toMatchObject({ ok: false, problems: [{ key: "vad.threshold", suggestion: "vad.sensitivity" }] });
    expect(result.ok || result.problems[0]?.message).toContain(
      "vad.threshold is now vad.sensitivity: higher hears more",
    );
  });

  it.each([
    ["name = ", 1, 8],
    ["[listen\nport = 1", 2, 1],
    ["name = 'a'\nname = 'b'", 2, 1],
  ])("the syntax error in %j, with line and column", (text, line, column) => {
    const result = loadText(text);
    expect(result).toMatchObject({ ok: false, problems: [{ place: { line, column } }] });
    expect(result.ok || result.problems[0]?.message).toContain("not valid TOML");
  });

  it("a wrong value that a stronger source overrides, too", () => {
    const result = load({ file: { path: "p.toml", text: "listen.port = -1" }, flags: { "listen.port": "1" } });
    expect(result).toMatchObject({ ok: false, problems: [{ key: "listen.port" }] });
  });

  it.each(["127.0.0.1.example.org", "127.0.0", "example.org", "*", "0.0.0.0:8765", "[::1]"])(
    "listening on %s, which is no address",
    (host) => {
      expect(load({ flags: { "listen.host": host } })).toMatchObject({ ok: false, problems: [{ key: "listen.host" }] });
    },
  );

  it("an address with a password, whatever else is right about it", () => {
    expect(loadText(`llm.ollama_url = "http://u:p@127.0.0.1/"`).ok).toBe(false);
    expect(loadText(`llm.ollama_url = "ftp://127.0.0.1/"`).ok).toBe(false);
  });
});

describe("any text as a configuration file", () => {
  const keyish = fc.constantFrom(
    "[listen]",
    "port = 1",
    "name='x'",
    "[[a]]",
    "a.b.c = {",
    "}",
    "= 3",
    '"""',
    "\u0000",
    "\u{FEFF}",
    "1e999",
    "'''",
    "x = [",
    ",",
  );
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.array(keyish, { maxLength: 20 }).map((rows) => rows.join("\n")),
  );

  it("gives a configuration or problems with places inside the file, never an exception", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const result = loadText(text);
        if (result.ok) return;
        expect(result.problems.length).toBeGreaterThan(0);
        const lines = text.split(/\r\n|[\n\r]/);
        for (const { place, message } of result.problems) {
          expect(message).not.toBe("");
          if (place.source !== "file") throw new Error("a problem of the file is placed elsewhere");
          expect(place.line).toBeGreaterThanOrEqual(1);
          expect(place.line).toBeLessThanOrEqual(lines.length + 1);
          expect(place.column).toBeGreaterThanOrEqual(1);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("survives nesting deeper than any stack", () => {
    for (const depth of [20_000, 200_000]) {
      const result = loadText(`name = ${"[".repeat(depth)}${"]".repeat(depth)}`);
      expect(result.ok).toBe(false);
    }
  });

  it("may begin with a byte-order mark", () => {
    expect(loadText("\u{FEFF}name = 'x'")).toMatchObject({ config: { name: "x" } });
  });
});

describe("PARLEY_ names in the environment", () => {
  it("are reported when their setting has another name now", () => {
    expect(load({ env: { PARLEY_VAD_MIN_SILENCE_MS: "300" } }).warnings).toEqual([
      "PARLEY_VAD_MIN_SILENCE_MS in the environment is ignored: it is now PARLEY_VAD_SILENCE_TIMEOUT_MS, the value stays the same",
    ]);
  });

  it("are reported when unknown, with what was probably meant", () => {
    const result = load({ env: { PARLEY_LISTN_PORT: "1", PARLEY_WHATEVER_THIS_IS_NOT: "1", OTHER: "1" } });
    expect(result.ok).toBe(true);
    expect(result.warnings).toEqual([
      "PARLEY_LISTN_PORT in the environment is not a setting and is ignored; did you mean PARLEY_LISTEN_PORT?",
      "PARLEY_WHATEVER_THIS_IS_NOT in the environment is not a setting and is ignored",
    ]);
  });

  it("are not reported when they are known", () => {
    const env = { PARLEY_CONFIG: "x", PARLEY_JOIN_SECRET: "x", PARLEY_TEST_ANYTHING: "1", PARLEY_MODELS: "/m" };
    expect(load({ env }).warnings).toEqual([]);
  });
});
