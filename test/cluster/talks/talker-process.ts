/** A client that talks, in a process of its own: `node talker-process.ts OPTIONS`, with {@link TalkerOptions} as JSON. Ends with its parent. */
import { createHash } from "node:crypto";
import { spokenInTones } from "@parley/audio/testing";
import { LiveMicrophone, LiveSpeaker } from "@parley/node/testing";
import type { ConversationEvent, Speaker, TalkSession } from "@parley/sdk";
import { connect } from "@parley/sdk/node";
import type { Played, TalkerEvent, TalkerNews, TalkerOptions, TalkerOrder } from "./orders.ts";
import { WORDS } from "./words.ts";

const LOOK_MS = 10;
const CONNECT_MS = 30_000;
/** A whole house that is started anew takes its time on a busy machine. */
const PATIENCE_MS = 120_000;
const ANSWER_MS = 60_000;

/** Knows what was played since it was asked last. */
class DigestingSpeaker extends LiveSpeaker {
  #digest = createHash("sha256");
  #samples = 0;

  override async play(sound: Parameters<Speaker["play"]>[0]): Promise<boolean> {
    const { samples } = sound;
    this.#digest.update(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
    this.#samples += samples.length;
    return super.play(sound);
  }

  taken(): Played {
    const played = { samples: this.#samples, digest: this.#digest.digest("hex") };
    this.#digest = createHash("sha256");
    this.#samples = 0;
    return played;
  }
}

const options: TalkerOptions = JSON.parse(process.argv[2] ?? "{}");
const say = (news: TalkerNews): void => {
  if (process.connected) process.send?.(news, undefined, undefined, () => undefined);
};
const tell = (event: TalkerEvent): void => say({ event });

process.on("disconnect", () => process.exit(0));
const { name, token, peers, session, ca, learns = false } = options;
const client = await connect({
  peers,
  token,
  clientId: name,
  timeoutMs: CONNECT_MS,
  reconnect: { learn: learns, patienceMs: PATIENCE_MS },
  ...(session === undefined ? {} : { continue: session }),
  ...(ca === undefined ? {} : { ca }),
});
const microphone = new LiveMicrophone();
const speaker = new DigestingSpeaker();

client.on("connected", ({ peer, isAgain }) => tell({ type: "connected", peer: peer.name, isAgain }));
client.on("disconnected", ({ error, willReconnect }) =>
  tell({ type: "disconnected", reason: error.message, willReconnect }),
);
client.on("apart", ({ text }) => tell({ type: "apart", text }));
client.on("together", ({ text }) => tell({ type: "together", text }));
client.on("event", ({ type }) => tell({ type: "notice", notice: type }));
process.on("message", ({ id, order }: { readonly id: number; readonly order: TalkerOrder }) => {
  carryOut(order).then(
    (answer) => say({ id, answer }),
    (error: unknown) => say({ id, error: String(error) }),
  );
});
say({ ready: { peer: client.server.name } });

async function carryOut(order: TalkerOrder): Promise<string> {
  switch (order.do) {
    case "talk": {
      const answer = client.continued?.answer;
      void follow(client.talk(microphone.blocks, { speaker, ...(answer === undefined ? {} : { answer }) }));
      watchLoudspeaker();
      return "";
    }
    case "continue":
      await client.continueSession(order.session);
      return "";
    case "say":
      await saying(spokenInTones(order.text, WORDS));
      return "";
    case "ask": {
      let text = "";
      const how = { speak: false, signal: AbortSignal.timeout(ANSWER_MS) };
      for await (const event of client.ask({ text: order.text }, how)) if (event.type === "text") text += event.delta;
      return text;
    }
  }
}

async function follow(talk: TalkSession): Promise<void> {
  let error: string | undefined;
  try {
    for await (const event of talk.events) told(event);
  } catch (thrown) {
    error = String(thrown);
  }
  tell({ type: "talk-over", error });
}

function told(event: ConversationEvent): void {
  tell(event);
  if (event.type === "turn") tell({ type: "played", turn: event.turn, played: speaker.taken() });
}

async function saying(sound: Float32Array): Promise<void> {
  const startedMs = performance.now();
  const telling = setInterval(() => tell({ type: "said", ms: performance.now() - startedMs }), LOOK_MS);
  try {
    await microphone.say(sound);
  } finally {
    clearInterval(telling);
  }
}

function watchLoudspeaker(): void {
  setInterval(() => {
    if (speaker.heardMs > 0) tell({ type: "heard", ms: speaker.heardMs });
  }, LOOK_MS);
}
