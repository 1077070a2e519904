/** The programs that speak raw PCM to microphone and loudspeaker, which systems have anyway. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { AudioError } from "../errors.ts";

/** Which way the sound goes. */
export type Direction = "capture" | "playback";

/** A program and how to start it. It speaks 16-bit little-endian mono PCM on its standard output or input. */
export interface DeviceProgram {
  readonly command: string;
  readonly args: readonly string[];
  /** What it and the device hold, as asked for. */
  readonly latencyMs: number;
}

/** What to look for and where. */
export interface ProgramSearch {
  readonly direction: Direction;
  readonly sampleRateHz: number;
  /** A device as the program names it (`pactl list short`, `arecord -L`, `ffmpeg -list_devices`); the system's default when absent. */
  readonly device?: string | undefined;
  readonly platform?: NodeJS.Platform | undefined;
  /** Folders to look in; `PATH` when absent. */
  readonly path?: string | undefined;
}

interface Candidate {
  readonly command: string;
  readonly latencyMs: number;
  readonly args: (rateHz: string, device: string | undefined) => readonly string[];
  /** It cannot guess a device. */
  readonly needsDevice?: boolean;
}

const BUFFER_MS = 60;
const PERIOD_MS = 20;

const SOX_RAW = "-t raw -b 16 -e signed-integer -c 1";
const FFMPEG = "-hide_banner -loglevel error -fflags nobuffer -flags low_delay -probesize 32";

function words(text: string): string[] {
  return text.split(" ");
}

/** `option` with the device behind it, or nothing. */
function chosen(option: string, device: string | undefined): string[] {
  return device === undefined ? [] : [`${option}${device}`];
}

function pulse(command: string): Candidate {
  const args = (rate: string, device: string | undefined): string[] => [
    ...words(`--raw --rate=${rate} --channels=1 --format=s16le --latency-msec=${BUFFER_MS} --client-name=Parley`),
    ...chosen("--device=", device),
  ];
  return { command, latencyMs: BUFFER_MS, args };
}

/** Newer ones take `-` for a container unless told `--raw`; older ones do not know the word, and mean raw. */
function pipewire(command: string, mode: readonly string[]): Candidate {
  const args = (rate: string, device: string | undefined): string[] => [
    ...mode,
    ...words(`--rate=${rate} --channels=1 --format=s16 --latency=${BUFFER_MS}ms`),
    ...chosen("--target=", device),
    "-",
  ];
  return { command, latencyMs: BUFFER_MS, args };
}

function alsa(command: string): Candidate {
  const args = (rate: string, device: string | undefined): string[] => [
    ...words(`-q -t raw -f S16_LE -r ${rate} -c 1 --buffer-time=${BUFFER_MS * 1000} --period-time=${PERIOD_MS * 1000}`),
    ...chosen("--device=", device),
    "-",
  ];
  return { command, latencyMs: BUFFER_MS, args };
}

function sox(direction: Direction, driver: string): Candidate {
  const args = (rate: string, device: string | undefined): string[] => {
    const real = ["-t", driver, device ?? "default"];
    const raw = words(`${SOX_RAW} -r ${rate} -`);
    return ["-q", "--buffer", "1024", ...(direction === "capture" ? [...real, ...raw] : [...raw, ...real])];
  };
  return { command: "sox", latencyMs: 100, args };
}

function ffmpegIn(format: string, input: (device: string | undefined) => readonly string[]): Candidate {
  const args = (rate: string, device: string | undefined): string[] => [
    ...words(`-nostdin ${FFMPEG} -f ${format}`),
    ...input(device),
    ...words(`-ac 1 -ar ${rate} -f s16le -flush_packets 1 pipe:1`),
  ];
  return { command: "ffmpeg", latencyMs: 100, args };
}

const AUDIO_TOOLBOX: Candidate = {
  command: "ffmpeg",
  latencyMs: 150,
  args: (rate, device) => [
    ...words(`${FFMPEG} -f s16le -ar ${rate} -ac 1 -i pipe:0 -f audiotoolbox`),
    ...(device === undefined ? [] : ["-audio_device_index", device]),
    "-",
  ],
};

const FFPLAY: Candidate = {
  command: "ffplay",
  latencyMs: 150,
  args: (rate) => words(`${FFMPEG} -nodisp -f s16le -ar ${rate} -ch_layout mono -i pipe:0`),
};

/**
 * In order of preference. On Linux the sound server comes before the bare card, which it may hold; PulseAudio's programs
 * come first because they speak to PipeWire's server as well and have had the same options for ever.
 */
const CANDIDATES: Readonly<Partial<Record<NodeJS.Platform, Readonly<Record<Direction, readonly Candidate[]>>>>> = {
  linux: {
    capture: [pulse("parec"), pipewire("pw-record", ["--raw"]), pipewire("pw-record", []), alsa("arecord")],
    playback: [pulse("pacat"), pipewire("pw-play", ["--raw"]), pipewire("pw-play", []), alsa("aplay")],
  },
  darwin: {
    capture: [sox("capture", "coreaudio"), ffmpegIn("avfoundation", (device) => ["-i", `:${device ?? "default"}`])],
    playback: [sox("playback", "coreaudio"), AUDIO_TOOLBOX],
  },
  win32: {
    capture: [
      sox("capture", "waveaudio"),
      {
        ...ffmpegIn("dshow", (device) => ["-audio_buffer_size", "20", "-i", `audio=${device ?? ""}`]),
        needsDevice: true,
      },
    ],
    playback: [sox("playback", "waveaudio"), FFPLAY],
  },
};

const INSTALL: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: "Install pulseaudio-utils (for PulseAudio or PipeWire) or alsa-utils",
  darwin: "Install sox (brew install sox) or ffmpeg",
  win32: "Install sox or ffmpeg and put it on the PATH; ffmpeg also needs the microphone's name (--microphone)",
};

/**
 * The programs for `search` that are installed, best first.
 * @throws AudioError `device-missing`, naming what to install.
 */
export function findPrograms(search: ProgramSearch): readonly [DeviceProgram, ...DeviceProgram[]] {
  const platform = search.platform ?? process.platform;
  const folders = (search.path ?? process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const suffix = platform === "win32" ? ".exe" : "";
  const found: DeviceProgram[] = [];
  for (const { command, latencyMs, args, needsDevice } of CANDIDATES[platform]?.[search.direction] ?? []) {
    if (needsDevice === true && search.device === undefined) continue;
    const file = folders.map((folder) => join(folder, command + suffix)).find(isProgram);
    if (file !== undefined) {
      found.push({ command: file, latencyMs, args: args(String(search.sampleRateHz), search.device) });
    }
  }
  const [first, ...others] = found;
  if (first !== undefined) return [first, ...others];
  const what = search.direction === "capture" ? "microphone" : "loudspeaker";
  const candidates = CANDIDATES[platform]?.[search.direction] ?? [];
  const names = [...new Set(candidates.map(({ command }) => command))].join(", ");
  throw new AudioError(
    "device-missing",
    `No program that speaks to the ${what} was found (looked for ${names || "none"}).`,
    {
      nextStep: `${INSTALL[platform] ?? "Use a file or a pipe here"}, or use a file or a pipe instead.`,
      details: { platform, direction: search.direction },
    },
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
