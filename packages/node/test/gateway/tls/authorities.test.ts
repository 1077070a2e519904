import { describe, expect, it, onTestFinished } from "vitest";
import type { Consensus } from "../../../src/cluster/consensus/port.ts";
import type { Belonging, FoundSecret, Secret, Secrets } from "../../../src/cluster/face.ts";
import { PeerError } from "../../../src/errors.ts";
import { Authorities, type House } from "../../../src/gateway/tls/authorities.ts";
import { fingerprintOf, foundAuthority, pack } from "../../../src/gateway/tls/authority.ts";
import { noLog } from "../../support.ts";
import { DAY_MS, MemoryHome, NOON_MS } from "./certificates.ts";

/** What the members of one cluster know, each of them as far as it is sealed to it. */
class HouseOfSecrets {
  readonly knows = new Set<string>();
  revoked = new Set<string>();
  leader = "";
  hasQuorum = true;
  #secret: Secret | undefined;
  #holders = new Set<string>();
  #revision = 0;
  readonly #watchers = new Set<() => void>();

  of(peer: string): Secrets {
    return {
      find: (): FoundSecret | undefined => {
        if (this.#secret === undefined) return undefined;
        const { about, secret } = this.#secret;
        return {
          about,
          secret: this.#holders.has(peer) ? secret : undefined,
          isExposed: [...this.#holders].some((holder) => this.revoked.has(holder)),
          isShared: this.#holders.size > 1,
          revision: this.#revision,
        };
      },
      replace: async (_name, secret, revision) => {
        if (!this.hasQuorum) throw new PeerError("no-quorum", "nobody is there", { nextStep: "Wait." });
        if (revision !== this.#revision) return false;
        this.write(
          secret,
          [...this.knows].filter((each) => !this.revoked.has(each)),
        );
        return true;
      },
      watch: (_name, changed) => {
        this.#watchers.add(changed);
        return () => this.#watchers.delete(changed);
      },
    };
  }

  write(secret: Secret, holders: readonly string[]): void {
    this.#secret = secret;
    this.#holders = new Set(holders);
    this.#revision += 1;
    for (const changed of this.#watchers) changed();
  }

  /** To those who came since. */
  sealToAll(): void {
    if (this.#secret !== undefined) this.write(this.#secret, [...this.knows]);
  }
}

/** As its authorities see the cluster that it belongs to. */
class Peer implements House {
  readonly peerId: string;
  belonging: Belonging;
  secrets: Secrets | undefined;
  readonly home = new MemoryHome();
  readonly authorities: Authorities;
  nowMs = NOON_MS;
  passedMs = 0;
  #house: HouseOfSecrets | undefined;
  readonly #changes = new Set<() => void>();

  constructor(peerId: string, belonging: Belonging = "looking") {
    this.peerId = peerId;
    this.belonging = belonging;
    const { home } = this;
    const clocks = { nowMs: () => this.nowMs, passedMs: () => this.passedMs };
    this.authorities = new Authorities({ home, cluster: this, log: noLog, ...clocks });
    onTestFinished(() => this.authorities.close());
  }

  get consensus(): Consensus {
    return { leadership: { current: () => ({ leader: this.#house?.leader, term: 1 }) } } as unknown as Consensus;
  }

  onChange(changed: () => void): () => void {
    this.#changes.add(changed);
    return () => this.#changes.delete(changed);
  }

  async started(): Promise<this> {
    // As if a client had asked.
    await this.authorities.current();
    this.authorities.follow();
    await this.authorities.look();
    return this;
  }

  async joins(house: HouseOfSecrets | undefined, belonging: Belonging = "member"): Promise<void> {
    this.#house = house;
    this.secrets = house?.of(this.peerId);
    this.belonging = belonging;
    for (const changed of this.#changes) changed();
    await this.authorities.look();
  }

  /** So much time passes, by both clocks, and it looks at its beginning and end. */
  async waits(ms: number): Promise<void> {
    await this.authorities.look();
    this.nowMs += ms;
    this.passedMs += ms;
    await this.authorities.look();
  }

  async fingerprint(): Promise<string> {
    return fingerprintOf(await this.authorities.current());
  }
}

const MINUTES_MS = 60_000;

/** A house of these, the first of whom leads and has founded it. */
async function houseOf(...peers: readonly (readonly [string, Peer])[]): Promise<HouseOfSecrets> {
  const house = new HouseOfSecrets();
  for (const [name, peer] of peers) {
    if (house.leader === "") house.leader = name;
    house.knows.add(name);
    await peer.joins(house);
  }
  house.sealToAll();
  for (const [, peer] of peers) await peer.authorities.look();
  return house;
}

describe("the authority of a peer by itself", () => {
  it("is made once, kept, and read again", async () => {
    const peer = await new Peer("a", "off").started();
    const first = await peer.fingerprint();
    expect(peer.home.writes).toBe(1);
    const again = new Authorities({ home: peer.home, cluster: new Peer("a", "off"), log: noLog });
    expect(fingerprintOf(await again.current())).toBe(first);
  });

  it("gives way to the next a year before its end, and only once the clock has said so for a while", async () => {
    const peer = await new Peer("a", "off").started();
    const first = await peer.fingerprint();
    peer.nowMs += 4.5 * 365 * DAY_MS;
    await peer.authorities.look();
    expect(await peer.fingerprint()).toBe(first);
    // The clock was set right before anything came of it.
    peer.nowMs -= 4.5 * 365 * DAY_MS;
    await peer.waits(11 * MINUTES_MS);
    peer.nowMs += 4.5 * 365 * DAY_MS;
    await peer.authorities.look();
    expect(await peer.fingerprint()).toBe(first);
    await peer.waits(11 * MINUTES_MS);
    const next = await peer.authorities.current();
    expect(next).toMatchObject({ predecessor: { fingerprint: first, why: "age" }, bridges: [expect.anything()] });
  });
});

describe("the authority of a cluster", () => {
  it("is its founder's own: whoever trusts that one goes on, and the others give theirs up", async () => {
    const [a, b] = [await new Peer("a").started(), await new Peer("b").started()];
    const [ofA, ofB] = [await a.fingerprint(), await b.fingerprint()];
    expect(ofA).not.toBe(ofB);
    await houseOf(["a", a], ["b", b]);
    expect([await a.fingerprint(), await b.fingerprint()]).toEqual([ofA, ofA]);
    expect(b.home.kept).toMatchObject({ isShared: true });
    expect(a.home.kept).toMatchObject({ isShared: true });
  });

  it("is all that a newcomer ever has whom no client has asked before", async () => {
    const [a, b] = [await new Peer("a").started(), new Peer("b")];
    b.authorities.follow();
    await b.authorities.look();
    expect(b.home.writes).toBe(0);
    await houseOf(["a", a], ["b", b]);
    expect(await b.fingerprint()).toBe(await a.fingerprint());
    expect(b.home.kept).toMatchObject({ isShared: true });
  });

  it("counts for who comes once it is sealed to it; until then its own does", async () => {
    const [a, b] = [await new Peer("a").started(), await new Peer("b").started()];
    const house = await houseOf(["a", a]);
    const own = await b.fingerprint();
    house.knows.add("b");
    await b.joins(house);
    expect(await b.fingerprint()).toBe(own);
    house.sealToAll();
    await b.authorities.look();
    expect(await b.fingerprint()).toBe(await a.fingerprint());
  });

  it("is another one when somebody was revoked who knows it, made by the prime, and vouched for by the one before", async () => {
    const [a, b, c] = [await new Peer("a").started(), await new Peer("b").started(), await new Peer("c").started()];
    const house = await houseOf(["a", a], ["b", b], ["c", c]);
    const first = await a.fingerprint();
    house.revoked.add("c");
    await b.authorities.look();
    expect(await b.fingerprint()).toBe(first);
    await a.authorities.look();
    await Promise.all([a, b].map((peer) => peer.authorities.look()));
    const next = await b.authorities.current();
    expect(next).toMatchObject({ predecessor: { fingerprint: first, why: "revoked" }, bridges: [expect.anything()] });
    expect(fingerprintOf(next)).toBe(await a.fingerprint());
    await c.joins(undefined, "revoked");
    expect([first, fingerprintOf(next)]).not.toContain(await c.fingerprint());
    expect(c.home.kept).toMatchObject({ isShared: false });
  });

  it("is given up by who leaves, and stays with those who stay", async () => {
    const [a, b] = [await new Peer("a").started(), await new Peer("b").started()];
    const house = await houseOf(["a", a], ["b", b]);
    const first = await a.fingerprint();
    house.knows.delete("b");
    await b.joins(undefined, "left");
    await a.authorities.look();
    expect(await a.fingerprint()).toBe(first);
    expect(await b.fingerprint()).not.toBe(first);
    const own = await b.fingerprint();
    await b.authorities.look();
    expect(await b.fingerprint()).toBe(own);
  });

  it("is kept by a founder that nobody has joined and that gives its cluster up: nobody else knows it", async () => {
    const a = await new Peer("a").started();
    const first = await a.fingerprint();
    await houseOf(["a", a]);
    await a.joins(undefined, "looking");
    expect(await a.fingerprint()).toBe(first);
  });

  it("is shown by a member before and without a quorum, and by one that was started without its cluster", async () => {
    const [a, b] = [await new Peer("a").started(), await new Peer("b").started()];
    const house = await houseOf(["a", a], ["b", b]);
    const first = await b.fingerprint();
    await b.joins(undefined, "member");
    expect(await b.fingerprint()).toBe(first);
    await b.joins(undefined, "off");
    expect(await b.fingerprint()).toBe(first);
    house.hasQuorum = false;
    await expect(a.authorities.renew()).rejects.toMatchObject({ code: "no-quorum" });
    expect(await a.fingerprint()).toBe(first);
  });

  it("is another one where a person wants it, at whatever peer", async () => {
    const [a, b] = [await new Peer("a").started(), await new Peer("b").started()];
    await houseOf(["a", a], ["b", b]);
    const first = await a.fingerprint();
    const renewed = await b.authorities.renew();
    expect(renewed).toMatchObject({ predecessor: { fingerprint: first, why: "asked" } });
    await a.authorities.look();
    expect(await a.fingerprint()).toBe(fingerprintOf(renewed));
  });

  it("is made anew by a prime to whom nobody can seal it, or where what stands there is none", async () => {
    const a = await new Peer("a").started();
    const house = new HouseOfSecrets();
    house.leader = "a";
    house.write(pack(await foundAuthority(NOON_MS)), ["gone"]);
    house.knows.add("a");
    await a.joins(house);
    const own = await a.fingerprint();
    await a.waits(10_000);
    expect(house.of("a").find("authority")?.secret).toBeUndefined();
    await a.waits(31_000);
    expect(house.of("a").find("authority")?.secret).toBeDefined();
    await a.authorities.look();
    expect(await a.fingerprint()).not.toBe(own);
    house.write({ about: Buffer.from("{}"), secret: Buffer.from("none") }, ["a"]);
    await a.waits(31_000);
    await a.authorities.look();
    expect(fingerprintOf(await a.authorities.current())).not.toBe(own);
    expect(house.of("a").find("authority")?.about.length).toBeGreaterThan(100);
  });

  it("counts from a time that can be right, whatever the clock of its founder says", async () => {
    const a = new Peer("a", "off");
    a.nowMs = 0;
    await a.started();
    const { certificate } = await a.authorities.current();
    const { validityOf } = await import("../../../src/gateway/tls/x509.ts");
    expect(validityOf(certificate).notAfterMs).toBeGreaterThan(Date.UTC(2030, 0, 1));
  });
});
