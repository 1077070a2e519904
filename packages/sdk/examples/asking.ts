import { connect, type AudioInput, type ParleyClient } from "@parley/sdk";

export async function hello(
  url: string,
  token: string,
  play: (samples: Float32Array, rateHz: number) => void,
): Promise<string> {
  const client = await connect({ url, token });
  let answer = "";
  for await (const event of client.ask({ text: "What is the capital of France?" }, { speak: true })) {
    if (event.type === "text") answer += event.delta;
    if (event.type === "audio") play(event.samples, event.sampleRateHz);
  }
  client.close();
  return answer;
}

export async function dictate(client: ParleyClient, microphone: AudioInput): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const event of client.listen(microphone, { hearing: "dictation", language: "en" })) {
    if (event.type === "segment") lines.push(event.text);
  }
  return lines;
}

export async function wholeText(client: ParleyClient, recording: AudioInput): Promise<string> {
  return client.transcribe(recording);
}

export async function announce(
  client: ParleyClient,
  play: (samples: Float32Array, rateHz: number) => void,
): Promise<void> {
  for await (const event of client.say("Dinner is ready.", { language: "en" })) {
    if (event.type === "audio") play(event.samples, event.sampleRateHz);
  }
}

export async function patiently(client: ParleyClient, signal: AbortSignal): Promise<string> {
  for (;;) {
    let answer = "";
    try {
      for await (const event of client.ask({ text: "Tell me a story." }, { signal })) {
        if (event.type === "text") answer += event.delta;
      }
      return answer;
    } catch (error) {
      // Cut off in the middle of the answer: another peer begins anew.
      if (!(error instanceof Error && "retryable" in error && error.retryable === true)) throw error;
    }
  }
}
