import { MessageRefused, type ParleyClient } from "@parley/sdk";

export async function dinner(client: ParleyClient): Promise<string> {
  const sent = await client.send({ clientId: "study-desktop" }, "Dinner!", { priority: 8, expiresInMs: 3_600_000 });
  return sent.status;
}

export async function everybody(client: ParleyClient): Promise<void> {
  await client.send({ group: "family" }, { content: "# Menu", contentType: "text/markdown" });
  await client.broadcast("news", "The shop closes at eight.");
  await client.broadcast("news", "Fire drill at ten.", { toAll: true });
}

export function printer(client: ParleyClient, print: (text: string) => Promise<void>): void {
  client.onMessage(async (message) => {
    if (message.contentType === "application/json") throw new MessageRefused("this printer prints text");
    await print(message.content);
    await message.reply("printed");
  });
}

export function lamp(client: ParleyClient, light: { isOn: boolean }): void {
  client.onCommand("light", ({ parameters }) => {
    light.isOn = parameters["to"] === "on";
    return { isOn: light.isOn };
  });
  client.onQuery("light", () => light.isOn);
}

export async function switchOn(client: ParleyClient): Promise<unknown> {
  await client.command({ clientId: "lamp" }, "light", { to: "on" });
  const { data } = await client.query("light", { to: { clientId: "lamp" } });
  return data;
}

export async function house(client: ParleyClient): Promise<readonly string[]> {
  const nodes = await client.getActiveNodes();
  const details = await client.getNodeDetails(nodes[0]?.name);
  const memories = await client.searchMemory("pizza", { limit: 3 });
  return [...nodes.map(({ name }) => name), ...details.models, ...memories.map(({ text }) => text)];
}
