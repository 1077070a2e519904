/** The command line beside a running peer whose cluster the test plays. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { onTestFinished } from "vitest";
import type { Person } from "../../../src/cli/context.ts";
import { runCli } from "../../../src/cli/program.ts";
import type { ClientBook } from "../../../src/gateway/access/client-book.ts";
import type { HouseMemory } from "../../../src/services/memory/house-memory.ts";
import type { FakeCluster } from "../../fake-cluster.ts";
import { managed, TOKEN } from "../../gateway/management/managed.ts";
import { temporaryFolder } from "../../support.ts";

export interface World {
  readonly cluster: FakeCluster;
  readonly book: ClientBook;
  readonly kept: HouseMemory;
  /** From now on the command line is whoever has that token. */
  as(token: string): Promise<void>;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Runs `parley ARGS`; answers come from `person`, in turn. */
  run(args: readonly string[], person?: readonly string[]): Promise<number>;
}

/** A running peer, as its traces in a home say, with a cluster that the test plays. */
export async function world(): Promise<World> {
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  const { cluster, book, kept, gateway } = await managed({ home: folder.path, times: { joinMs: 5000, peopleMs: 50 } });
  const about = { pid: process.pid, url: gateway.url, peerId: cluster.peerId };
  await writeFile(path.join(folder.path, "peer.json"), JSON.stringify(about));
  const as = (token: string): Promise<void> => writeFile(path.join(folder.path, "cli-token"), `${token}\n`);
  await as(TOKEN);
  let [stdout, stderr] = ["", ""];
  const run: World["run"] = (args, answers) => {
    const context = {
      stdout: (text: string) => void (stdout += text),
      stderr: (text: string) => void (stderr += text),
      env: { PARLEY_HOME: folder.path },
      cwd: folder.path,
      person: answers === undefined ? undefined : talkative(answers, (question) => void (stderr += question)),
    };
    return runCli(args, context, "parley");
  };
  return { cluster, book, kept, as, stdout: () => stdout, stderr: () => stderr, run };
}

function talkative(answers: readonly string[], hears: (question: string) => void): Person {
  const left = [...answers];
  return {
    ask: async (question) => {
      hears(question);
      return left.shift();
    },
    listen: () => () => undefined,
  };
}
