/** The tool that knows what time it is, here and elsewhere. */
import * as z from "zod";
import { defineTool, ToolError, type Tool } from "./tool.ts";

export interface TimeOptions {
  /** Epoch. */
  readonly nowMs: () => number;
  /** Where the person is: an IANA name such as `Europe/Berlin`. */
  readonly zone: string;
}

/** Names that people use and the list of zones does not hold as the end of one of its own. */
const ALSO: Readonly<Record<string, string>> = {
  utc: "UTC",
  gmt: "UTC",
  "san francisco": "America/Los_Angeles",
  seattle: "America/Los_Angeles",
  california: "America/Los_Angeles",
  washington: "America/New_York",
  boston: "America/New_York",
  miami: "America/New_York",
  munich: "Europe/Berlin",
  münchen: "Europe/Berlin",
  hamburg: "Europe/Berlin",
  frankfurt: "Europe/Berlin",
  germany: "Europe/Berlin",
  deutschland: "Europe/Berlin",
  wien: "Europe/Vienna",
  beijing: "Asia/Shanghai",
  china: "Asia/Shanghai",
  delhi: "Asia/Kolkata",
  mumbai: "Asia/Kolkata",
  india: "Asia/Kolkata",
  japan: "Asia/Tokyo",
  england: "Europe/London",
  uk: "Europe/London",
  france: "Europe/Paris",
};

export function timeTool({ nowMs, zone: home }: TimeOptions): Tool {
  return defineTool({
    name: "time",
    description: "Tells the date and the time now, where the person is or elsewhere.",
    usage: '{"zone": "a city, or a zone such as Asia/Tokyo; left out: where the person is"}',
    repeats: "by-key",
    hasEffects: false,
    parameters: z.object({ zone: z.string().max(64).optional() }),
    run: ({ zone }) => {
      const wanted = zone === undefined || zone.trim() === "" ? home : zoneOf(zone);
      if (wanted === undefined) throw new ToolError(`no time zone is known for "${zone}": name a larger city near it`);
      return timeIn(wanted, nowMs());
    },
  });
}

/** Such as "Friday, 20 November 2026, 23:30 (Europe/Berlin)". */
export function timeIn(timeZone: string, nowMs: number): string {
  const shown = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(nowMs);
  const part = (type: Intl.DateTimeFormatPartTypes): string => shown.find((each) => each.type === type)?.value ?? "";
  const day = `${part("weekday")}, ${part("day")} ${part("month")} ${part("year")}`;
  return `${day}, ${part("hour")}:${part("minute")} (${timeZone})`;
}

/** The zone that somebody means; undefined: none is known. */
export function zoneOf(given: string): string | undefined {
  const name = given.trim().toLowerCase();
  const also = ALSO[name];
  if (also !== undefined && Object.hasOwn(ALSO, name)) return also;
  const spelled = name.replaceAll(/\s+/g, "_");
  const zones = Intl.supportedValuesOf("timeZone");
  const found = zones.find((zone) => {
    const small = zone.toLowerCase();
    return small === spelled || small.endsWith(`/${spelled}`);
  });
  return found ?? (isZone(given.trim()) ? given.trim() : undefined);
}

/** Whether the platform knows a zone by that name, such as `UTC` or `US/Pacific`. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z][\w+/-]{1,63}$/.test(name)) return false;
  try {
    return Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
