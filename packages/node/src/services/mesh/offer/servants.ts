/** One engine of this peer as an actor that other peers give jobs to: so many at once, a short queue, and a refusal at once beyond. */
import type { ActorContext, Behavior, SpawnOptions } from "@parley/actors";
import { AudioError } from "@parley/audio";
import { refuseTooLong, startStream } from "@parley/audio/engines";
import type { Capability, Terms } from "../../../routing/index.ts";
import { engineTitles } from "../../stage.ts";
import type { EngineOf, LocalEngine } from "../engines.ts";
import { packSpoken } from "../packed-sound.ts";
import { blocksOf, bytesOf, joined, readSound } from "../sound.ts";
import {
  acceptsFollow,
  acceptsHear,
  acceptsSpeak,
  acceptsThink,
  SOUND_WINDOW,
  type AnswerItem,
  type FollowJob,
  type HearJob,
  type SentTerms,
  type SoundRef,
  type SpeakJob,
  type ThinkJob,
} from "../wire.ts";
import { Answer } from "./answer.ts";

/** Jobs that come while one is taken; each is taken at once. */
const MAILBOX = 64;
/** Whoever sends nothing for so long has gone without a word. */
const SPEECH_IDLE_MS = 30_000;
/** Whoever has asked reads at once, or does not want the answer any more: a job keeps its place for nobody else. */
const UNREAD_MS = 2_000;
/** A microphone may be shut for a while. */
const FOLLOW_IDLE_MS = 3_600_000;

/** What is spawned for an engine. */
export interface Servant<Job> {
  readonly behavior: Behavior<Job>;
  readonly options: SpawnOptions<Job>;
}

export function hearingServant(local: LocalEngine<EngineOf["stt"]>): Servant<HearJob> {
  return {
    behavior: servant("stt", local, true, async (engine, job, answer, context) => {
      const { isWhole, mode, hotWords, language, partials, knownMs, urgent } = job;
      const { signal } = answer;
      const how = { mode, hotWords, language, urgent, signal };
      const sound = bounded(heardFrom(context, job.sound, SPEECH_IDLE_MS, signal));
      if (isWhole) {
        const parts: Float32Array[] = [];
        for await (const { samples } of sound) parts.push(samples);
        await answer.push({ type: "final", transcript: await engine.transcribe(joined(parts), how) });
        return;
      }
      const stream = startStream(engine, { ...how, partials, knownMs });
      const telling = (async () => {
        for await (const event of stream.events) {
          if (event.type === "partial") answer.mention(event);
        }
      })();
      // Whoever feeds or ends it meets the same failure.
      telling.catch(() => undefined);
      try {
        for await (const { samples, mayBeLast } of sound) await stream.feed(samples, mayBeLast);
        const transcript = await stream.end();
        await answer.push({ type: "final", transcript });
      } finally {
        stream.cancel();
      }
    }),
    options: { mailbox: { capacity: MAILBOX }, accepts: acceptsHear },
  };
}

export function speakingServant(local: LocalEngine<EngineOf["tts"]>): Servant<SpeakJob> {
  return {
    behavior: servant("tts", local, true, async (engine, { text, voice, speed, urgent, takesPacked }, answer) => {
      const how = { ...(voice === undefined ? {} : { voice }), ...(speed === undefined ? {} : { speed }) };
      for await (const { samples, sampleRateHz } of engine.synthesize(text, {
        ...how,
        urgent,
        signal: answer.signal,
      })) {
        for (const block of blocksOf(samples)) {
          const item: AnswerItem =
            takesPacked === true
              ? { type: "packed", sampleRateHz, samples: packSpoken(block) }
              : { type: "sound", sampleRateHz, samples: bytesOf(block) };
          if (!(await answer.push(item))) return;
        }
      }
    }),
    options: { mailbox: { capacity: MAILBOX }, accepts: acceptsSpeak },
  };
}

export function thinkingServant(local: LocalEngine<EngineOf["llm"]>): Servant<ThinkJob> {
  return {
    behavior: servant(
      "llm",
      local,
      true,
      async (engine, { messages, maxTokens, temperature, seed, urgent }, answer) => {
        const how = {
          ...(maxTokens === undefined ? {} : { maxTokens }),
          ...(temperature === undefined ? {} : { temperature }),
          ...(seed === undefined ? {} : { seed }),
          ...(urgent === undefined ? {} : { urgent }),
        };
        for await (const text of engine.generate(messages, { ...how, signal: answer.signal })) {
          if (!(await answer.push({ type: "text", text }))) return;
        }
      },
    ),
    options: { mailbox: { capacity: MAILBOX }, accepts: acceptsThink },
  };
}

export function voiceServant(local: LocalEngine<EngineOf["vad"]>): Servant<FollowJob> {
  return {
    behavior: servant("vad", local, false, async (engine, job, answer, context) => {
      const sound = soundOf(context, job.sound, FOLLOW_IDLE_MS, answer.signal);
      for await (const { atMs, probability } of engine.frames(sound, { urgent: job.urgent, signal: answer.signal })) {
        if (!(await answer.join({ type: "frames", frames: [{ atMs, probability }] }))) return;
      }
    }),
    options: { mailbox: { capacity: MAILBOX }, accepts: acceptsFollow },
  };
}

export function wakeServant(local: LocalEngine<EngineOf["wake"]>): Servant<FollowJob> {
  return {
    behavior: servant("wake", local, false, async (engine, job, answer, context) => {
      const sound = soundOf(context, job.sound, FOLLOW_IDLE_MS, answer.signal);
      for await (const { atMs, scores } of engine.scores(sound, { urgent: job.urgent, signal: answer.signal })) {
        if (!(await answer.join({ type: "scores", steps: [{ atMs, scores }] }))) return;
      }
    }),
    options: { mailbox: { capacity: MAILBOX }, accepts: acceptsFollow },
  };
}

type Work<Engine, Job> = (engine: Engine, job: Job, answer: Answer, context: ActorContext<Job>) => Promise<void>;

/** Never busy itself: each job runs beside the next message, and ends with the actor's life. */
function servant<
  Kind extends Capability,
  Job extends Pick<SpeakJob, "replyTo" | "answer" | "terms"> & Pick<ThinkJob, "round">,
>(kind: Kind, local: LocalEngine<EngineOf[Kind]>, isLively: boolean, work: Work<EngineOf[Kind], Job>): Behavior<Job> {
  /** Answers of several rounds whose last is not over. The news that it was stopped may come after the next. */
  const rounds = new Map<string, Answer>();
  return (context) => (job) => {
    if (job.round !== undefined) rounds.get(job.round)?.leave();
    const admission = local.workload.admit(termsOf(job.terms));
    const leave = admission.taken ? local.workload.enter(job.terms.workMs) : undefined;
    const { clock, signal } = context;
    const answer = new Answer({
      clock,
      signal,
      isLively,
      over: () => {
        leave?.();
        if (job.round !== undefined && rounds.get(job.round) === answer) rounds.delete(job.round);
      },
      work: async (own) => {
        if (!admission.taken) {
          await own.push({ type: "refused", why: admission.why, load: local.workload.load });
          return;
        }
        // Whoever is asked for what it does not have ready is not waited for: others have it.
        if (local.ready === undefined) throw notReady(kind);
        await work(local.ready, job, own, context);
      },
    });
    // Whoever comes next does not wait for what nobody wants any more.
    answer.signal.addEventListener("abort", () => leave?.(), { once: true });
    if (job.round !== undefined) rounds.set(job.round, answer);
    const refused = job.replyTo.tell(
      context.offerStream(answer.items, { idleTimeoutMs: UNREAD_MS, opening: job.answer }),
    );
    if (refused !== undefined) answer.leave();
  };
}

function termsOf({ workMs, patienceMs, moveAboveMs = Infinity, hasTurn = false }: SentTerms): Terms {
  return { workMs, patienceMs, moveAboveMs, hasTurn };
}

type Heard = ReturnType<typeof readSound>;

async function* heardFrom<Job>(
  context: ActorContext<Job>,
  ref: SoundRef,
  idleTimeoutMs: number,
  signal: AbortSignal,
): AsyncGenerator<Heard> {
  // What its peer sends is looked at block by block.
  for await (const item of context.readStream<unknown>(ref, { window: SOUND_WINDOW, idleTimeoutMs, signal })) {
    yield readSound(item);
  }
}

async function* soundOf<Job>(...from: Parameters<typeof heardFrom<Job>>): AsyncGenerator<Float32Array> {
  for await (const { samples } of heardFrom(...from)) yield samples;
}

/** @throws AudioError `audio-too-long` */
async function* bounded(sound: AsyncIterable<Heard>): AsyncGenerator<Heard> {
  let samples = 0;
  for await (const heard of sound) {
    samples += heard.samples.length;
    refuseTooLong(samples);
    yield heard;
  }
}

function notReady(kind: Capability): AudioError {
  return new AudioError("model-missing", `the ${engineTitles[kind]} engine of that peer is not ready`, {
    nextStep: "Ask another peer, or try again in a moment.",
  });
}
