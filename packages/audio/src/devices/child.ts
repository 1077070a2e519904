/** One run of a device program. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { basename } from "node:path";
import { AudioError } from "../errors.ts";
import type { AudioErrorCode } from "../errors.ts";
import type { DeviceProgram } from "./programs.ts";

/** How long a program may take to end by itself before it is killed. */
const GRACE_MS = 500;
const LAST_WORDS_CHARACTERS = 400;

/** What sound programs need of the environment; tokens and keys stay here. */
const INHERITED =
  /^(PATH|HOME|USER|LOGNAME|LANG|LC_.*|TMPDIR|TEMP|TMP|XDG_.*|DBUS_SESSION_BUS_ADDRESS|PULSE_.*|PIPEWIRE_.*|ALSA_.*|AUDIODEV|AUDIODRIVER|SDL_.*|LD_LIBRARY_PATH|DYLD_.*|SYSTEMROOT|WINDIR|USERPROFILE|APPDATA|LOCALAPPDATA)$/i;

/** A running program, and how it ended. */
export interface DeviceChild {
  readonly process: ChildProcess;
  /** Resolves with what it ended of, and what it said last. Never rejects. */
  readonly ended: Promise<string>;
  /** Ends it: asked first, killed after half a second. Resolves when it is gone. */
  stop(): Promise<void>;
}

/** Starts `program` with a pipe on its standard output or input. */
export function startProgram(program: DeviceProgram, pipe: "stdin" | "stdout"): DeviceChild {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => INHERITED.test(name)));
  const child = spawn(program.command, program.args, {
    stdio: pipe === "stdin" ? ["pipe", "ignore", "pipe"] : ["ignore", "pipe", "pipe"],
    env,
    windowsHide: true,
  });
  let lastWords = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    const said = lastWords + text;
    // What is cut off begins with a whole word.
    lastWords =
      said.length <= LAST_WORDS_CHARACTERS ? said : `… ${said.slice(-LAST_WORDS_CHARACTERS).replace(/^\S*\s/, "")}`;
  });
  const end = Promise.withResolvers<string>();
  child.on("error", (error) => end.resolve(error.message));
  child.on("close", (code, signal) => {
    const how = signal === null ? `it ended with ${code ?? "no code"}` : `it was ended by ${signal}`;
    end.resolve([how, lastWords.trim()].filter((text) => text !== "").join(": "));
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    await end.promise;
    clearTimeout(timer);
  };
  return { process: child, ended: end.promise, stop };
}

/** The error of a program that could not do its work. */
export function deviceError(code: AudioErrorCode, what: string, program: DeviceProgram, why: string): AudioError {
  const name = basename(program.command);
  return new AudioError(
    code,
    `The ${what} (${name}) ${code === "device-lost" ? "went away" : "cannot be used"}: ${why}.`,
    {
      nextStep:
        code === "device-lost"
          ? "Plug it in or start the sound server again; it is taken up again by itself."
          : "Check that a device is plugged in, chosen as default, and not in use by another program.",
      details: { program: name },
    },
  );
}
