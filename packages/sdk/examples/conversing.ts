import type { ParleyClient, Speaker, TalkInput } from "@parley/sdk";

export async function conversation(
  client: ParleyClient,
  microphone: TalkInput,
  speaker: Speaker,
  show: (line: string) => void,
): Promise<void> {
  const session = client.converse(microphone, { speaker, mode: "open", language: "en" });
  for await (const event of session.events) {
    if (event.type === "question") show(`you: ${event.text}`);
    if (event.type === "turn") show(`parley: ${event.heard}`);
    if (event.type === "reconnecting") show("one moment …");
    if (event.type === "resumed") show(`${event.peer} goes on`);
  }
}
