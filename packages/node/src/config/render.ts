/** The schema as text for people: the commented default file and the reference page. */
import { OTHER_ENVIRONMENT } from "./schema.ts";
import { SECTIONS, SETTINGS, flagName, toToml } from "./settings.ts";
import type { Section, Setting } from "./settings.ts";

const PRECEDENCE = "A flag wins over the environment, the environment over the file, the file over the default.";

const WHERE =
  "The file is the one named by `--config`, else by `PARLEY_CONFIG`, else `parley.toml` in the folder named by `--home` or " +
  "`PARLEY_HOME`, else `parley.toml` in your configuration folder (`~/.config/parley` or `$XDG_CONFIG_HOME/parley`; on macOS " +
  "`~/Library/Application Support/Parley`; on Windows `%APPDATA%\\Parley`).";

const RULES =
  "An empty environment variable counts as not set. Paths may begin with `~`; a relative path in the file starts at the file, " +
  "elsewhere at the working folder. A wrong key or value is refused wherever it stands, with its place and what is allowed; " +
  "an unknown `PARLEY_` name in the environment is only reported.";

/** `config/parley.toml`: every setting, commented out, at its default. Take the `#` off a setting to change it. */
export function renderTemplate(): string {
  const head = [
    ...comment("Parley's settings at their defaults. Take the # off a line to change it."),
    ...comment(PRECEDENCE),
    ...comment("`parley config` shows every value in force and where it comes from."),
  ];
  const top = SETTINGS.filter((setting) => setting.section === "").flatMap(templateLines);
  const sections = SECTIONS.flatMap((section) => [
    "",
    ...comment(section.meaning),
    `[${section.name}]`,
    ...SETTINGS.filter((setting) => setting.section === section.name).flatMap(templateLines),
  ]);
  return `${[...head, ...top, ...sections].join("\n")}\n`;
}

function templateLines(setting: Setting): string[] {
  const fallback = setting.defaultWords === toToml(setting.example) ? [] : [`Default: ${setting.defaultWords}.`];
  const unit = setting.unit === undefined ? "" : ` (${setting.unit})`;
  const allowed = `Allowed${unit}: ${setting.allowed}.`;
  const lines = [setting.meaning, [allowed, ...fallback].join(" ")];
  return ["", ...lines.flatMap(comment), `#${setting.name} = ${toToml(setting.example)}`];
}

/** `text` as comment lines of at most 110 characters. */
function comment(text: string): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last.length + word.length > 107) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines.map((line) => `# ${line}`);
}

/** `docs/CONFIGURATION.md`: the reference, as Markdown with unaligned tables. */
export function renderReference(): string {
  const top = { name: "", meaning: "Settings that stand before the first section." };
  const sections = [top, ...SECTIONS].map(referenceSection);
  return [
    "# Configuration",
    "",
    "<!-- Made from packages/node/src/config/schema.ts; change it there, then run `npx vitest run packages/node/test/config -u`. -->",
    "",
    "`parley config` prints every value in force with its source; `config/parley.toml` is this page as a file to start from.",
    "",
    PRECEDENCE,
    WHERE,
    RULES,
    "",
    ...sections,
    "## Other names in the environment",
    "",
    "| name | meaning |",
    "| --- | --- |",
    ...OTHER_ENVIRONMENT.map((other) => row([code(other.name), other.meaning])),
    "",
  ].join("\n");
}

function referenceSection(section: Section): string {
  const rows = SETTINGS.filter((setting) => setting.section === section.name).map(referenceRow);
  return [
    section.name === "" ? "## The peer" : `## [${section.name}]`,
    "",
    section.meaning,
    "",
    "| setting | meaning | allowed | default | environment | flag |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function referenceRow(setting: Setting): string {
  const fallback = setting.defaultWords === toToml(setting.example) ? code(setting.defaultWords) : setting.defaultWords;
  const flag = flagName(setting);
  const allowed = setting.unit === undefined ? setting.allowed : `${setting.allowed} (${setting.unit})`;
  return row([
    code(setting.name),
    setting.meaning,
    allowed,
    fallback,
    code(setting.env),
    flag === undefined ? "" : code(flag),
  ]);
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", String.raw`\|`)).join(" | ")} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}
