/** The tool that sets timers. */
import * as z from "zod";
import { mayBePartOf, type Privacy } from "../../routing/index.ts";
import { defineTool, ToolError, type Tool } from "./tool.ts";
import { LONGEST_TIMER_MS, MAX_TIMERS, type Timer, type Timers } from "./timers.ts";

const amount = z
  .number()
  .min(0)
  .max(LONGEST_TIMER_MS / 1000)
  .optional();
const label = z.string().max(80).optional();

const parameters = z.union([
  z.object({
    do: z.literal("set").default("set"),
    hours: amount,
    minutes: amount,
    seconds: amount,
    label,
  }),
  z.object({ do: z.literal("list") }),
  z.object({ do: z.literal("cancel"), label, id: z.union([z.string().max(16), z.int()]).optional() }),
]);
type Parameters = z.output<typeof parameters>;

export function timerTool(timers: Timers): Tool {
  return defineTool({
    name: "timer",
    description: "Sets a timer, lists those that run, or cancels one. The person is told when it ends.",
    usage:
      '{"do": "set", "hours": 0, "minutes": 5, "seconds": 0, "label": "such as tea"}, {"do": "list"} or ' +
      '{"do": "cancel", "label": "tea"}',
    repeats: "by-key",
    hasEffects: true,
    parameters,
    run: (given, { key, privacy }) => {
      if (given.do === "list") return listed(timers, privacy);
      return given.do === "cancel" ? cancelled(timers, given, privacy) : set(timers, given, { key, privacy });
    },
  });
}

function set(
  timers: Timers,
  given: Extract<Parameters, { do: "set" }>,
  { key, privacy }: { readonly key: string; readonly privacy: Privacy | undefined },
): string {
  const { hours = 0, minutes = 0, seconds = 0 } = given;
  const ms = Math.round((hours * 3600 + minutes * 60 + seconds) * 1000);
  if (ms <= 0) throw new ToolError("say how long: hours, minutes or seconds above 0");
  if (ms > LONGEST_TIMER_MS) throw new ToolError(`a timer runs for at most ${LONGEST_TIMER_MS / 86_400_000} days`);
  const timer = timers.set({ ms, label: given.label?.trim() ?? "", key, privacy });
  if (timer === undefined) throw new ToolError(`${MAX_TIMERS} timers run already: cancel one first`);
  return `${nameOf(timer, privacy)} is set for ${spellMs(ms)}`;
}

function listed(timers: Timers, privacy: Privacy | undefined): string {
  const { list } = timers;
  if (list.length === 0) return "no timer runs";
  return list.map((timer) => `${nameOf(timer, privacy)}: ${spellMs(timer.endsAtMs - timers.nowMs())} left`).join("; ");
}

function cancelled(
  timers: Timers,
  { id, label: named }: Extract<Parameters, { do: "cancel" }>,
  privacy: Privacy | undefined,
): string {
  const { list } = timers;
  const names = (some: readonly Timer[]): string => some.map((timer) => nameOf(timer, privacy)).join(", ");
  if (list.length === 0) throw new ToolError("no timer runs");
  const wanted = named?.trim().toLowerCase() ?? "";
  const isMeant = (timer: Timer): boolean =>
    id === undefined
      ? wanted === "all" || (wanted !== "" && timer.label.toLowerCase() === wanted)
      : timer.id === String(id);
  // Where there is only one and none was named, it is clear which.
  const isClear = id === undefined && wanted === "" && list.length === 1;
  const gone = timers.cancel((timer) => isClear || isMeant(timer));
  if (gone.length === 0) throw new ToolError(`which one? There run ${names(list)}`);
  return `${names(gone)} ${gone.length === 1 ? "is" : "are"} cancelled`;
}

/** Such as "the timer tea (3)"; without its label for who may not be told that. */
function nameOf({ id, label: given, privacy }: Timer, asked: Privacy | undefined): string {
  return given === "" || !mayBePartOf(asked, privacy) ? `timer ${id}` : `the timer ${given} (${id})`;
}

/** Such as "1 h 5 min" or "30 s". */
export function spellMs(ms: number): string {
  const all = Math.max(0, Math.round(ms / 1000));
  if (all === 0) return ms > 0 ? `${Math.round(ms)} ms` : "0 s";
  const parts = [
    [Math.floor(all / 86_400), "d"],
    [Math.floor(all / 3600) % 24, "h"],
    [Math.floor(all / 60) % 60, "min"],
    [all % 60, "s"],
  ] as const;
  return parts.flatMap(([count, unit]) => (count === 0 ? [] : [`${count} ${unit}`])).join(" ");
}
