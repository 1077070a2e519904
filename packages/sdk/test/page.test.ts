/** `docs/SDK.md` shows what runs; the peer here is one that speaks the protocol and has scripted answers. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { announce, dictate, hello, patiently, wholeText } from "../examples/asking.ts";
import { conversation } from "../examples/conversing.ts";
import { findAndConnect, firstPeer } from "../examples/on-node.ts";
import { stay } from "../examples/staying.ts";
import { dinner, everybody, house, lamp, printer, switchOn } from "../examples/writing.ts";
import { createMessage, encodeAudioFrame, type Message } from "../src/index.ts";
import { errorCodes } from "../src/protocol/error-codes.ts";
import { Microphone } from "./client/microphone.ts";
import { clientOf, commandOf, ProtocolPeer, type Guest } from "./client/protocol-peer.ts";

const EXAMPLES = fileURLToPath(new URL("../examples", import.meta.url));
const page = readFileSync(fileURLToPath(new URL("../../../docs/SDK.md", import.meta.url)), "utf8");

/** Code without what a formatter may change when it stands elsewhere. */
const essence = (code: string): string => code.replaceAll(/\s+/g, "").replaceAll(/,(?=[)\]}])|[,;]$/g, "");

test("the code on the page is the code that runs", () => {
  const sources = readdirSync(EXAMPLES).map((name) => essence(readFileSync(join(EXAMPLES, name), "utf8")));
  const shown = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, text = ""]) => text);
  expect(shown.length).toBeGreaterThan(10);
  for (const block of shown) {
    const isThere = sources.some((source) => source.includes(essence(block)));
    expect(isThere, `this is in none of the examples:\n${block}`).toBe(true);
  }
});

test("the codes on the page are all codes there are", () => {
  const source = readFileSync(fileURLToPath(new URL("../src/errors.ts", import.meta.url)), "utf8");
  const codes = [...source.matchAll(/^ {2}\| "([a-z-]+)"/gm)].map(([, code]) => code);
  const [, table = ""] = page.split("## Errors");
  expect([...table.matchAll(/^\| `([a-z-]+)` +\| [A-Z]/gm)].map(([, code]) => code)).toEqual(codes);
  const named = [...page.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, code]) => code);
  for (const code of named) expect([...errorCodes, "NODE_EXTRA_CA_CERTS"]).toContain(code);
});

const done = { timings: { totalMs: 1 } };

/** Answers as a house would. */
function answer(message: Message, guest: Guest): void {
  if (message.type === "QUERY") return guest.respond(message.messageId, ANSWERS[message.payload.queryType]);
  if (message.type !== "COMMAND") return told(message, guest);
  const { id, command, parameters } = commandOf(message);
  if (message.target !== undefined) return guest.result(id, { isOn: true });
  if (command === "input.end") {
    const work = guest.messages.map((each) => commandOf(each)).find(({ command: name }) => name !== "input.end");
    if (work?.command === "listen")
      guest.event(work.id, "segment", { segment: 0, text: "Dear Ada,", startMs: 0, endMs: 50 });
    if (work?.command === "talk") {
      guest.event(work.id, "question", { turn: 1, text: "How late is it?" });
      const turn = {
        turn: 1,
        outcome: "complete",
        question: "How late is it?",
        reply: "Ten.",
        heard: "Ten.",
        heardMs: 300,
      };
      guest.event(work.id, "turn", { ...turn, tone: "Neutral" });
    }
    if (work !== undefined) guest.result(work.id);
    return;
  }
  if (command !== "ask" && command !== "say") return;
  if (command === "ask") guest.event(id, "text", { delta: "Paris." });
  const sound = { stream: Number(parameters["stream"]), sequence: 0, timestampMs: 0, sampleRateHz: 24_000 };
  guest.socket.send(encodeAudioFrame({ ...sound, samples: new Float32Array(240) }));
  guest.event(id, "done", done);
  guest.result(id);
}

const node = { nodeId: "1", name: "kitchen", status: "online", isPrime: true, isSelf: true };
const lists = { role: "voter", roles: [], hardware: [], models: ["small"], languages: [], voices: [], addresses: [] };
const ANSWERS: Readonly<Record<string, unknown>> = {
  get_active_nodes: [node],
  get_node_details: { ...node, ...lists },
  recall_memory: [{ id: "1", text: "Pizza is liked." }],
  light: true,
};

function told({ messageId, target, type }: Message, guest: Guest): void {
  if (target !== undefined && "clientId" in target) {
    guest.event(messageId, "message_delivered", { messageId, clientId: target.clientId, attempts: 1, deliveredAt: 1 });
  } else if (target !== undefined && "group" in target) {
    guest.event(messageId, "message_queued", { messageId, clientId: "somebody" });
  } else if (type === "BROADCAST") guest.event(messageId, "message_sent", { messageId, recipients: 2 });
}

function recording(): Microphone {
  const microphone = new Microphone();
  microphone.give(1600);
  microphone.end();
  return microphone;
}

test("questions, dictation, announcements", async () => {
  const peer = await ProtocolPeer.start({ onMessage: answer });
  const played: number[] = [];
  const play = (samples: Float32Array, rateHz: number): void => void played.push(samples.length, rateHz);
  expect(await hello(peer.url, "t", play)).toBe("Paris.");
  expect(await dictate(await clientOf([peer]), recording())).toEqual(["Dear Ada,"]);
  expect(await wholeText(await clientOf([peer]), recording())).toBe("Dear Ada,");
  await announce(await clientOf([peer]), play);
  expect(played).toEqual([240, 24_000, 240, 24_000]);
});

test("an answer that is cut off is asked for again", async () => {
  const dying = await ProtocolPeer.start({
    onMessage: (message, guest) => {
      guest.event(message.messageId, "text", { delta: "Once upon" });
      setTimeout(() => dying.die(), 20);
    },
  });
  const peer = await ProtocolPeer.start({ onMessage: answer });
  expect(await patiently(await clientOf([dying, peer]), new AbortController().signal)).toBe("Paris.");
});

test("a conversation", async () => {
  const peer = await ProtocolPeer.start({ onMessage: answer });
  const lines: string[] = [];
  const speaker = {
    heardMs: 0,
    play: async () => true,
    finished: async () => 0,
    stop: () => ({ heardMs: 0 }),
    duck: () => undefined,
    restore: () => undefined,
  };
  await conversation(await clientOf([peer]), recording(), speaker, (line) => lines.push(line));
  expect(lines).toEqual(["you: How late is it?", "parley: Ten."]);
});

test("what a client says of its connection", async () => {
  const first = await ProtocolPeer.start({ name: "first", onMessage: answer });
  const second = await ProtocolPeer.start({ name: "second", onMessage: answer });
  const lines: string[] = [];
  const client = await stay([first.url, second.url], "t", (line) => lines.push(line));
  onTestFinished(() => client.close());
  await expect.poll(() => lines).toEqual(["peers: kitchen"]);
  first.die();
  await expect.poll(() => lines).toEqual(["peers: kitchen", "connection closed (1006)", "connected to second"]);
  expect(second.registers[0]).toMatchObject({ clientId: "kitchen-tablet", channels: ["news"] });
});

test("messages, commands and questions between clients", async () => {
  const peer = await ProtocolPeer.start({ onMessage: answer });
  const client = await clientOf([peer], { clientId: "me" });
  expect(await dinner(client)).toBe("delivered");
  await everybody(client);
  expect(await switchOn(client)).toBe(true);
  expect(await house(client)).toEqual(["kitchen", "small", "Pizza is liked."]);

  const printed: string[] = [];
  printer(client, async (text) => void printed.push(text));
  const light = { isOn: false };
  lamp(client, light);
  const from = { from: "hall", target: { clientId: "me" } };
  peer.guest.say(createMessage("MESSAGE", { content: "hello" }, from));
  peer.guest.say(createMessage("MESSAGE", { content: "{}", contentType: "application/json" }, from));
  peer.guest.say(createMessage("COMMAND", { command: "light", parameters: { to: "on" } }, from));
  await expect.poll(() => printed).toEqual(["hello"]);
  await expect.poll(() => light).toEqual({ isOn: true });
  const acks = () => peer.guest.messages.flatMap((each) => (each.type === "MESSAGE_ACK" ? [each.payload.success] : []));
  await expect.poll(acks).toEqual([true, false]);
});

test("on a network where nobody calls out, no peer is found, in time", async () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-sdk-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await expect(findAndConnect("t", join(folder, "none.pem"), "no such house")).rejects.toThrow("none.pem");
  // Peers of this machine's own network may be there.
  expect(await firstPeer(200)).toSatisfy((found: unknown) => found === undefined || typeof found === "string");
});
