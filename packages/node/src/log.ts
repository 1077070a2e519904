/** The one logger of a peer: JSON lines, or lines for people on a terminal. What people say is never logged. */
import pino, { type Logger } from "pino";
import pretty from "pino-pretty";
import type { Config } from "./config/index.ts";

/** Writes to stderr, as `log.level` and `log.format` say. */
export function createLogger(config: Config): Logger {
  const { level, format } = config.log;
  const options = { level, base: { peer: config.name }, redact: ["authToken", "token", "*.authToken", "*.token"] };
  const forPeople = format === "pretty" || (format === "auto" && process.stderr.isTTY === true);
  if (!forPeople) return pino(options, pino.destination({ fd: 2, sync: true }));
  return pino(
    options,
    pretty({ destination: 2, sync: true, ignore: "pid,hostname,peer", translateTime: "SYS:HH:MM:ss" }),
  );
}
