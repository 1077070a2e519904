/** A talk that is moved on purpose, to another device or from a peer that is to end, tools that run meanwhile, and a power cut. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { until } from "../support.ts";
import { expectRemembered, expectWhole, TalkHouse, type Roles } from "./house.ts";
import type { Talker } from "./talker.ts";
import { answerOf, newName, questionOf, RECITE, REPLIES, type Verb } from "./words.ts";

const MAIN = fileURLToPath(new URL("../../../packages/node/src/main.ts", import.meta.url));

interface Chat {
  lines(): readonly Readonly<Record<string, unknown>>[];
  write(line: string): void;
}

let house: TalkHouse;
beforeAll(async () => {
  house = await TalkHouse.open(3);
}, 240_000);
afterAll(async () => {
  await house?.close();
});
beforeEach(() => house.untilWhole(), 120_000);

/** `parley chat --continue CLIENT` at a peer. */
function chat(peer: Roles["entry"], client: string): Chat {
  const address = new URL(peer.introduction.url).host;
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PARLEY_")));
  const args = [MAIN, "chat", "--json", "--continue", client, "--peer", address];
  const child = spawn(process.execPath, ["--conditions=parley-source", ...args], {
    env: { ...clean, PARLEY_TOKEN: house.token, PARLEY_HOME: house.household.folder },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let [out, failed] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (failed += text));
  onTestFinished(async () => {
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, "close");
  });
  const lines = (): Readonly<Record<string, unknown>>[] => {
    if (child.exitCode !== null) throw new Error(`chat has ended: ${failed}${out}`);
    return out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  };
  return { lines, write: (line) => void child.stdin.write(`${line}\n`) };
}

/** The text of the n-th answer, once it is there. */
async function answered({ lines }: Chat, number: number): Promise<string> {
  await until(() => lines().filter(({ type }) => type === "done").length >= number, `answer ${number} of the chat`);
  const all = lines();
  const ends = all.flatMap(({ type }, at) => (type === "done" ? [at] : []));
  const own = all.slice(number === 1 ? 0 : (ends[number - 2] ?? 0), ends[number - 1]);
  return own.map(({ type, delta }) => (type === "text" ? String(delta) : "")).join("");
}

/** How often a peer was lost or left. */
const losses = (talker: Talker): readonly boolean[] =>
  talker.of("disconnected").map(({ willReconnect }) => willReconnect);

describe("a talk that is gone on with elsewhere in the middle of an answer", { timeout: 120_000 }, () => {
  it.each(["lives", "has died"])("is a chat at another peer, when its host %s", async (how) => {
    const { talker, roles, said } = await house.settled();
    const name = newName();
    const client = house.lastClient;
    const mid = Promise.withResolvers<void>();
    const trouble = async (): Promise<void> => {
      if (how === "has died") await roles.host.kill();
      mid.resolve();
    };
    // It has no end there.
    talker.say(questionOf("explain", name), { moment: "mid-sentence", trouble }).catch(mid.reject);
    await mid.promise;
    const continued = chat(roles.prime, client);
    expect(await answered(continued, 1)).toBe(answerOf("explain", name));
    await talker.until("it is told", () => talker.of("notice").find(({ notice }) => notice === "session-continued"));
    expect(losses(talker).at(-1)).toBe(false);
    continued.write(RECITE);
    const shown = await answered(continued, 2);
    expect(shown.split(answerOf("tell", said[0] ?? ""))).toHaveLength(2);
    expect(shown.split(answerOf("explain", name))).toHaveLength(2);
  });

  it("is another talk, that says the rest", async () => {
    const { talker, roles, said } = await house.settled();
    const name = newName();
    const { sessionId } = await house.sessionOf(house.lastClient, roles.entry);
    const other = await house.client([roles.prime, roles.host]);
    const gone = Promise.withResolvers<void>();
    const over = { moment: "mid-sentence" as const, trouble: () => other.goTo(sessionId).then(gone.resolve) };
    talker.say(questionOf("explain", name), over).catch(gone.reject);
    // What there is to go on with is known a moment after whoever had it is told.
    await gone.promise;
    await talker.until("it is told", () => talker.of("notice").find(({ notice }) => notice === "session-continued"));
    await other.talk();
    const turn = await other.nextTurn();
    expect([turn.outcome, turn.reply]).toEqual(["complete", answerOf("explain", name)]);
    const { samples } = await house.reference();
    const perCharacter = samples / (answerOf("tell", name).length - 2);
    // One sentence was heard to its end, and half of the second, which is said once more; nothing is said between sentences.
    const sentences = answerOf("explain", name).split(/(?<=\.) /);
    const rest = sentences.slice(1).reduce((sum, sentence) => sum + sentence.length, 0);
    expect(turn.played.samples).toBe(Math.round(perCharacter * rest));
    const shown = await other.ask(RECITE);
    expect(shown.split(answerOf("tell", said[0] ?? ""))).toHaveLength(2);
    expect(shown.split(answerOf("explain", name))).toHaveLength(2);
  });
});

describe("tools that run when their host is killed", { timeout: 120_000 }, () => {
  async function killedOver(verb: Verb): Promise<{ readonly reply: string; readonly name: string }> {
    const { talker, roles } = await house.settled();
    const name = newName();
    const turn = talker.say(questionOf(verb, name));
    await until(() => house.runsOf(name).length > 0, `${verb} runs`);
    await roles.host.kill();
    const { outcome, reply } = await turn;
    expect(outcome).toBe("complete");
    return { reply, name };
  }

  it("are asked about, and not run again, where they must not run twice", async () => {
    const { reply, name } = await killedOver("press");
    const [before = "", behind = ""] = REPLIES.press.split("{result}");
    expect([reply.startsWith(before), reply.endsWith(behind)]).toEqual([true, true]);
    expect(reply.slice(before.length)).toMatch(/^unknown: /);
    expect(house.runsOf(name).map(({ tool, point }) => [tool, point])).toEqual([["press", "begun"]]);
  });

  it("run again under the same key, where that is what they go by", async () => {
    const { reply, name } = await killedOver("ring");
    expect(reply).toBe(answerOf("ring", name));
    expect(house.runsOf(name).map(({ point }) => point)).toEqual(["begun", "begun", "done"]);
    expect(new Set(house.runsOf(name).map(({ key }) => key)).size).toBe(1);
  });
});

describe("a peer that ends in order in the midst of a talk", { timeout: 120_000 }, () => {
  const ways = ["drained", "stopped"] as const;
  const roles = ["host", "entry", "prime"] as const;
  it.each(ways.flatMap((way) => roles.map((role) => [way, role] as const)))(
    "%s, its %s: all is heard once",
    async (way, role) => {
      const { talker, roles: settled, said } = await house.settled();
      const name = newName();
      const peer = settled[role];
      const from = talker.of("disconnected").length;
      const trouble = async (): Promise<void> => {
        if (way === "stopped") void peer.stop();
        else await house.manage(settled.prime, "POST", "/api/v1/drain", { peer: peer.peerId, timeoutMs: 10_000 });
      };
      await expectWhole(house, await talker.say(questionOf("tell", name), { moment: "mid-sentence", trouble }), name);
      await expectRemembered(talker, [...said, name]);
      // Whoever only leads has nothing that this client would lose.
      if (role === "prime") expect(losses(talker)).toHaveLength(from);
      expect(losses(talker)).not.toContain(false);
      expect(talker.of("problem")).toEqual([]);
      expect(talker.of("connected").at(-1)?.peer ?? settled.entry.name).not.toBe(role === "entry" ? peer.name : "");
      if (way === "drained") await house.manage(settled.prime, "DELETE", "/api/v1/drain", { peer: peer.peerId });
      else await until(() => !peer.isRunning, `${peer.name} has ended`);
    },
  );
});

describe("a power cut of the whole house", { timeout: 180_000 }, () => {
  it("is told to the client, which goes on with a new turn", async () => {
    const { talker } = await house.settled();
    const lost = newName();
    const said = talker.say(questionOf("tell", lost), {
      moment: "mid-sentence",
      trouble: () => Promise.all(house.peers.map((peer) => peer.kill())),
    });
    // What comes of it is looked at below.
    said.catch(() => undefined);
    await until(() => house.peers.every(({ isRunning }) => !isRunning), "all are dead");
    await house.untilWhole();
    // A peer that is back before the others answers by itself: then the loss is told when they are one house again.
    await talker.until("it is told", () => talker.of("notice").find(({ notice }) => notice === "session-lost"));
    const turn = await said;
    expect([turn.question.endsWith(lost), turn.outcome]).toEqual([true, "complete"]);
    const name = newName();
    await expectWhole(house, await talker.say(questionOf("tell", name)), name);
  });
});
