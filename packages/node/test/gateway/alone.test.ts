import { connect, type ParleyClient } from "@parley/sdk";
import { expect, it, onTestFinished } from "vitest";
import { freePorts, SECRET } from "../cluster/host/peers.ts";
import { until } from "../mesh/host/hosts.ts";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../support.ts";

/** A whole peer that can be stopped and started again. */
class House {
  readonly #home: string;
  readonly #name: string;
  readonly #port: number;
  readonly #ports: readonly number[];
  #peer: Peer | undefined;

  constructor(home: string, { name, port, ports }: { name: string; port: number; ports: readonly number[] }) {
    this.#home = home;
    this.#name = name;
    this.#port = port;
    this.#ports = ports;
  }

  get peer(): Peer {
    if (this.#peer === undefined) throw new Error(`${this.#name} does not run`);
    return this.#peer;
  }

  async start(): Promise<void> {
    const config = testConfig(this.#home, {
      name: this.#name,
      "cluster.enabled": "true",
      "cluster.discovery": "static",
      "cluster.join": this.#ports.map((port) => `127.0.0.1:${port}`).join(","),
      "mesh.port": `${this.#port}`,
    });
    const sources = fixedDelaySources({ llmMs: 10, replies: [`I am ${this.#name}.`] });
    this.#peer = await createPeer({ config, sources, joinSecret: SECRET });
  }

  async stop(): Promise<void> {
    await this.#peer?.close();
    this.#peer = undefined;
  }

  async answer(): Promise<string> {
    const { url, token } = this.peer;
    const client: ParleyClient = await connect({ url: `${url.replace(/^http/, "ws")}/ws`, token });
    let text = "";
    for await (const event of client.ask({ text: "Who are you?" })) if (event.type === "text") text += event.delta;
    client.close();
    return text;
  }

  status(): { readonly state: string; readonly said: string } {
    const { state, sentences, nextSteps } = this.peer.cluster.status();
    return { state: String(state), said: JSON.stringify([sentences, nextSteps]) };
  }

  async write(key: string): Promise<string> {
    const put = { type: "put", key, value: Buffer.from("x") } as const;
    return (await this.peer.cluster.shared?.submit(put, { timeoutMs: 2_000 }))?.outcome ?? "not-member";
  }
}

async function two(): Promise<readonly [House, House]> {
  const ports = await freePorts(2);
  const houses: House[] = [];
  for (const [i, port] of ports.entries()) {
    const { path, remove } = await temporaryFolder();
    const house = new House(path, { name: ["attic", "cellar"][i] ?? "", port, ports });
    onTestFinished(async () => {
      await house.stop();
      await remove();
    });
    houses.push(house);
  }
  await Promise.all(houses.map((house) => house.start()));
  await until(
    () => houses.every(({ peer }) => peer.cluster.peers().filter(({ role }) => role === "voter").length === 2),
    "two voters",
  );
  const [attic, cellar] = houses;
  if (attic === undefined || cellar === undefined) throw new Error("two");
  return [attic, cellar];
}

it(
  "of two hosts either is told the truth, answers questions while it is alone, and catches up when the other is back",
  { timeout: 240_000 },
  async () => {
    const [attic, cellar] = await two();
    await until(() => attic.status().state === "fragile", "that all are there");
    expect(attic.status().said).toContain("With two hosts neither may fail");
    expect(attic.status().said).toContain("Any third device that runs a peer, however small");
    await cellar.stop();
    await until(() => attic.status().state === "no-quorum", "that it says so");
    const { said } = attic.status();
    for (const words of [
      "1 of 2 voters is there, and it takes 2",
      "Not there: cellar",
      "This peer keeps working by itself",
      "a third device, however small",
      "Switch on, or connect again, cellar: then all goes on by itself.",
      "parley recover --last-resort",
    ]) {
      expect(said).toContain(words);
    }
    expect(await attic.answer()).toBe("I am attic.");
    expect(await attic.write("alone")).not.toBe("done");
    await cellar.start();
    await until(() => attic.status().state === "fragile", "that both are there again");
    expect(await cellar.write("together")).toBe("done");
    await until(() => attic.peer.cluster.shared?.now.pairs.has("together") === true, "what was written meanwhile");
    expect(attic.status().said).not.toContain("Nothing new can be agreed on");
    // They are as good as each other: either may think for the other again.
    expect(["I am cellar.", "I am attic."]).toContain(await cellar.answer());
  },
);
