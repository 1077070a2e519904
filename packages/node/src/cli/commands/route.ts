/** `parley route`: who of the house does what, why, and what its owner wants of that. */
import type { Command } from "commander";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { codeOf, PeerError } from "../../errors.ts";
import { explanationText } from "../../routing/explain.ts";
import { read, settingAnswer } from "../cluster/answers.ts";
import type { CliContext } from "../context.ts";
import { printJson } from "../json-line.ts";
import { explainAnswer, routeAnswer, trialAnswer } from "../route/answers.ts";
import { policyText, servicesText, trialText } from "../route/texts.ts";
import { withManagement, type Managing } from "./cluster/with-management.ts";

/** As `routing/policy.ts`. */
const POLICY_SETTING = "routing/policy";
const MOST_CHARS = 65_536;

const EXPLAIN_HELP = `
A request is a capability (stt, tts, llm, vad, wake) and what is needed of it:
  parley route explain "STT:lang=en,mode=interactive"
  parley route explain "TTS:en:voice=default"
  parley route explain "LLM:class=planning"
Nothing is begun by asking. Times are what the peer expects now; the lowest score does it.
`;

const POLICY_HELP = `
A policy is JSON, by capability or * for all (docs/ROUTING.md):
  {"llm": {"prefer": ["gpu-box", "pi"]}, "stt": {"weights": {"elsewhere": 0.5}}, "tts": {"localOnly": true}}
It is the same for every peer of the house, and takes effect when the cluster can agree on it.
`;

/** Adds `route` to the program. */
export function registerRouteCommand(program: Command, context: CliContext): void {
  const route = program.command("route").description("who of the house hears, thinks and speaks, and why");
  const explain = route
    .command("explain")
    .description(
      "show who would do a job now: candidates with their expected time, and the rule that leaves each other out",
    )
    .argument("<request>", 'such as "STT:lang=en,mode=interactive"')
    .addHelpText("after", EXPLAIN_HELP);
  explain.action((request: string) =>
    withManagement(explain, context, async ({ management, json, signal }) => {
      const answer = await management.get(`/route/explain?request=${encodeURIComponent(request)}`, { signal });
      if (json) return printJson(context, answer);
      context.stdout(`${explanationText(read(explainAnswer, answer))}\n`);
    }),
  );
  const list = route
    .command("list")
    .description("list the services of the house: who, with which model, how busy, how fast");
  list.action(() =>
    withManagement(list, context, async ({ management, json, signal }) => {
      const answer = await management.get("/route", { signal });
      if (json) return printJson(context, answer);
      context.stdout(servicesText(read(routeAnswer, answer).services));
    }),
  );
  addPolicy(route, context);
}

function addPolicy(route: Command, context: CliContext): void {
  const policy = route
    .command("policy")
    .description("what the owner wants: who does it rather, who not, and what stays on its host")
    .addHelpText("after", POLICY_HELP);
  const show = policy.command("show", { isDefault: true }).description("show what was chosen");
  show.action(() =>
    withManagement(show, context, async ({ management, json, signal }) => {
      const answer = read(routeAnswer, await management.get("/route", { signal }));
      const { policy: chosen, isChosen, problems } = answer;
      if (json) return printJson(context, { policy: chosen, isChosen, problems });
      context.stdout(policyText(chosen, problems));
    }),
  );
  const set = policy
    .command("set")
    .description("choose one, and show what it changes")
    .argument("<file>", "its JSON (- is stdin)")
    .option("--dry-run", "only show what it would change");
  set.action(async (file: string) => {
    const chosen = await readPolicyFile(file === "-" ? file : path.resolve(context.cwd, file));
    const isTrial = set.opts()["dryRun"] === true;
    await withManagement(set, context, (managing) => change(managing, context, chosen, isTrial));
  });
  const reset = policy
    .command("reset")
    .description("choose none, and show what that changes")
    .option("--dry-run", "only show what it would change");
  reset.action(() =>
    withManagement(reset, context, (managing) => change(managing, context, null, reset.opts()["dryRun"] === true)),
  );
}

async function change(
  { management, json, signal }: Managing,
  context: CliContext,
  policy: unknown,
  isTrial: boolean,
): Promise<void> {
  const trial = await management.post("/route/policy", { body: { policy }, signal });
  const told = read(trialAnswer, trial);
  if (!json) context.stdout(trialText(told));
  if (isTrial) return json ? printJson(context, { ...told, delivery: null, isTrial }) : undefined;
  const value = policy === null ? null : JSON.stringify(policy);
  const answer = await management.put("/settings", { body: { key: POLICY_SETTING, value }, signal });
  const { delivery } = read(settingAnswer, answer);
  if (json) return printJson(context, { ...told, delivery, isTrial });
  if (delivery === null)
    return context.stdout("It is written down here, and takes effect when the cluster can agree on it.\n");
  if (delivery.outcome === "done") return context.stdout("It is agreed on.\n");
  throw new PeerError("peer-refused", `the policy was not changed: ${delivery.detail ?? delivery.outcome}`, {
    nextStep: "See what holds: parley route policy.",
  });
}

/** @throws PeerError `usage` for what is no JSON */
async function readPolicyFile(file: string): Promise<unknown> {
  const text =
    file === "-"
      ? await readStdin()
      : await readFile(file, "utf8").catch((cause: unknown) => {
          throw usage(`the policy's file ${file} cannot be read (${codeOf(cause)})`, "Check its name.", cause);
        });
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (cause) {
    throw usage("the policy is no JSON", "See what one looks like: parley route policy --help.", cause);
  }
}

async function readStdin(): Promise<string> {
  let text = "";
  for await (const piece of process.stdin.setEncoding("utf8")) {
    text += String(piece);
    if (text.length > MOST_CHARS) break;
  }
  return text;
}

function usage(what: string, nextStep: string, cause?: unknown): PeerError {
  return new PeerError("usage", what, { nextStep, cause });
}
