/** Probes of what is plugged in: graphics processors and sound. */
import type { Finding } from "./finding.ts";
import type { DoctorHost } from "./host.ts";

type GpuHost = Pick<DoctorHost, "platform" | "arch" | "list" | "hasCommand" | "run">;

/** Graphics processors that a language model could use. Having none is fine. */
export async function probeGpu(host: GpuHost): Promise<Finding> {
  const probe = "gpu";
  const cards = await nvidiaCards(host);
  if (cards.length > 0) return { probe, status: "ok", summary: `${cards.join("; ")}.`, facts: { cards: cards.length } };
  if (host.list("/dev").some((name) => /^nvidia\d+$/.test(name))) {
    const summary = "An NVIDIA card is there, but nvidia-smi does not answer: its driver does not work.";
    return { probe, status: "warning", summary, mend: "nvidia-smi" };
  }
  if (host.platform === "darwin" && host.arch === "arm64") {
    return { probe, status: "ok", summary: "Apple silicon: Metal is there.", facts: { cards: 1 } };
  }
  const nodes = host.list("/dev/dri").filter((name) => name.startsWith("renderD"));
  if (nodes.length > 0) {
    return {
      probe,
      status: "ok",
      summary: `A GPU for Vulkan may be behind /dev/dri/${nodes[0]}.`,
      facts: { cards: nodes.length },
    };
  }
  return { probe, status: "ok", summary: "No GPU; models compute on the cores.", facts: { cards: 0 } };
}

async function nvidiaCards(host: GpuHost): Promise<string[]> {
  if (!host.hasCommand("nvidia-smi")) return [];
  const text = await host.run("nvidia-smi", ["--query-gpu=name,memory.total", "--format=csv,noheader"]);
  const lines = (text ?? "").split("\n").map((line) => line.trim());
  return lines.filter((line) => line.includes(",")).map((line) => line.replace(/,\s*/, " with "));
}

const RECORDERS = ["pw-record", "arecord", "rec", "ffmpeg"];
const PLAYERS = ["pw-play", "aplay", "play", "ffplay"];

/** Microphones and loudspeakers, and the programs that reach them. Parley also works on files alone. */
export function probeAudio(host: Pick<DoctorHost, "platform" | "readText" | "hasCommand">): Finding {
  const probe = "audio";
  const recorder = RECORDERS.find((name) => host.hasCommand(name));
  const player = PLAYERS.find((name) => host.hasCommand(name));
  const tools = { recorder: recorder ?? null, player: player ?? null };
  const withFiles = "audio files and clients on other devices work all the same";
  if (host.platform === "linux") {
    const devices = alsaDevices(host.readText("/proc/asound/pcm") ?? "");
    const facts = { ...tools, ...devices };
    if (devices.microphones + devices.loudspeakers === 0) {
      const summary = `No microphone and no loudspeaker; ${withFiles}.`;
      return {
        probe,
        status: "warning",
        summary,
        mend: "Connect a sound device, or use parley ask --audio FILE",
        facts,
      };
    }
    if (recorder !== undefined && player !== undefined) {
      const summary = `${devices.microphones} recording and ${devices.loudspeakers} playing devices, reached by ${recorder} and ${player}.`;
      return { probe, status: "ok", summary, facts };
    }
    const summary = `Sound devices are there, but no program to reach them; ${withFiles}.`;
    return { probe, status: "warning", summary, mend: "sudo apt-get install alsa-utils", facts };
  }
  if (recorder !== undefined && player !== undefined) {
    return { probe, status: "ok", summary: `Sound is reached by ${recorder} and ${player}.`, facts: tools };
  }
  const mend = host.platform === "darwin" ? "brew install sox" : "winget install ffmpeg";
  return {
    probe,
    status: "warning",
    summary: `No program to record and play sound; ${withFiles}.`,
    mend,
    facts: tools,
  };
}

/** Counts the streams in ALSA's list of PCM devices: `00-00: ALC257 Analog : … : playback 1 : capture 1`. */
function alsaDevices(pcmList: string): { microphones: number; loudspeakers: number } {
  const lines = pcmList.split("\n");
  return {
    microphones: lines.filter((line) => /: capture \d/.test(line)).length,
    loudspeakers: lines.filter((line) => /: playback \d/.test(line)).length,
  };
}
