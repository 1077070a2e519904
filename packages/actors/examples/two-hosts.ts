/** The same voice, whose mind lives in another process. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createActorSystem, createRemoting, isActorError } from "@parley/actors";
import { TcpTransport } from "@parley/actors/testing";
import { soundOf, type Think, type Turn, Voice } from "./voice.ts";

export async function twoHosts(say: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "parley-example-"));
  const file = join(folder, "notes");
  let study = await startStudy("0", file);

  const transport = new TcpTransport({ portOf: () => study.port });
  const remoting = createRemoting({ transport });
  const system = createActorSystem({ peer: "kitchen", remoting: remoting.remoting });
  await remoting.start();
  const mind = system.resolve<Think>("parley://study/mind"); // the same kind of reference as before
  const voice = system.spawn<Turn>((context) => new Voice(context, mind), { name: "voice" });
  const hear = (text: string): Promise<string> =>
    voice.ask<string>((replyTo) => ({ sound: soundOf(text), replyTo }), { timeoutMs: 5000 });

  say(await hear("hello, study"));
  say(await hear("divide by zero"));
  await kill(study.process);
  say(await hear("are you there?"));

  const notes = system.resolve<string>("parley://study/notes");
  const written = notes.offer("buy milk", { acknowledged: true, timeoutMs: 30_000 });
  await expectRefusal(notes.offer("and bread", { timeoutMs: 10_000 }), say);
  study = await startStudy(String(study.port), file);
  await written;
  say(`the study has written down: ${(await readFile(file, "utf8")).trim()}`);
  say(await hear("and now?"));

  await system.stop();
  await kill(study.process);
  await rm(folder, { recursive: true });
}

/** Starts it, and waits until it takes connections. */
async function startStudy(
  port: string,
  notes: string,
): Promise<{ readonly process: ChildProcess; readonly port: number }> {
  const program = fileURLToPath(new URL("study.ts", import.meta.url));
  const child = fork(program, [port, notes], { execArgv: ["--conditions=parley-source"] });
  const [said]: unknown[] = await once(child, "message");
  return { process: child, port: Number(said) };
}

/** As if its plug was pulled. */
async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

async function expectRefusal(offer: Promise<void>, say: (line: string) => void): Promise<void> {
  try {
    await offer;
  } catch (error) {
    if (!isActorError(error)) throw error;
    say(`a message that nobody acknowledges is refused: ${error.code}`);
  }
}
