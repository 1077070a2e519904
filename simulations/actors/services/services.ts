/** Services as they come and go, as an observer knows them, and as receptionists list them. */
import type { ActorRef, ActorSystem, Listing, ReceptionistMessage, Refused, ServiceQuery } from "@parley/actors";
import type { Random } from "../../kit/random.ts";
import type { Life, Listed, ServicesHere } from "../host.ts";
import type { World } from "../world.ts";

const KEYS = ["stt", "llm"] as const;
const SIZES = ["small", "large"] as const;
const BETWEEN_MS = 700;
const GOSSIP_MS = 200;
const MOST = 4;
const ANSWER_MS = 4_000;

interface Service {
  readonly key: string;
  readonly life: Life;
  readonly ref: ActorRef<"end" | "crash">;
  size: string;
  isOver: boolean;
}

/** Services, and who wants to know of them, on one host in one life of that. */
export class Services implements ServicesHere {
  readonly #world: World;
  readonly #life: Life;
  readonly #system: ActorSystem;
  readonly #random: Random;
  readonly #receptionist: ActorRef<ReceptionistMessage>;
  #mine: readonly Service[] = [];
  readonly #heard = new Map<string, { readonly query: ServiceQuery; listed: readonly string[] }>();

  constructor(world: World, life: Life, system: ActorSystem) {
    this.#world = world;
    this.#life = life;
    this.#system = system;
    this.#random = world.random.fork(`services/${life.name}`);
    const members = world.consensus.membership.of(life.host.name, life.run);
    this.#receptionist = world.library.actors.startReceptionist(system, { members, gossipEveryMs: GOSSIP_MS });
    const next = (): void => {
      if (world.isHealed || life.isStopping) return;
      this.#act();
      life.clock.after(2 * BETWEEN_MS * this.#random.next(), next);
    };
    this.open();
    this.#subscribe({ key: "stt" });
    this.#subscribe({ key: "llm", capabilities: { size: "large" } });
    life.clock.after(BETWEEN_MS * this.#random.next(), next);
  }

  /** Those that live and fit. */
  live({ key, capabilities }: ServiceQuery): readonly string[] {
    const size = capabilities?.["size"];
    return this.#mine
      .filter((each) => !each.isOver && each.key === key && (size === undefined || each.size === size))
      .map(({ ref }) => ref.address);
  }

  /** Starts one and registers it. */
  open(): void {
    if (this.#mine.filter(({ isOver }) => !isOver).length >= MOST) return;
    const ref = this.#system.spawn<"end" | "crash">((context) => (message) => {
      if (message === "crash") throw new Error("a crash that was drawn");
      service.isOver = true;
      context.stop();
    });
    const size = this.#random.oneOf(...SIZES);
    const service: Service = { key: this.#random.oneOf(...KEYS), life: this.#life, ref, size, isOver: false };
    this.#mine = [...this.#mine, service];
    this.#register(service);
  }

  end(): void {
    this.#pick()?.ref.tell("end");
  }

  /** Asks and looks who is listed here. `truth`: what lives on all hosts. */
  async check(truth: Listed): Promise<void> {
    for (const { query, listed } of this.#heard.values()) this.#show("what was heard", query, listed, truth(query));
    for (const key of KEYS) {
      const query = { key };
      const listing = await this.#receptionist.ask<Listing>((replyTo) => ({ type: "find", query, replyTo }), {
        timeoutMs: ANSWER_MS,
      });
      this.#show("what is found", query, addressesIn(listing), truth(query));
    }
  }

  #act(): void {
    const service = this.#pick();
    switch (this.#random.between(0, 4)) {
      case 0:
      case 1:
        return this.open();
      case 2:
        return this.end();
      case 3:
        // It comes back, and is listed all the while.
        return void service?.ref.tell("crash");
      default:
        if (service === undefined) return;
        service.size = this.#random.oneOf(...SIZES);
        return this.#register(service);
    }
  }

  #pick(): Service | undefined {
    return this.#random.pick(this.#mine.filter(({ isOver }) => !isOver));
  }

  #register({ key, size, ref }: Service): void {
    this.#world.note("register", this.#life.name, key, size, ref.address);
    this.#receptionist.tell({ type: "register", key, capabilities: { size }, ref });
  }

  #subscribe(query: ServiceQuery): void {
    const name = `listener-${query.key}`;
    const heard: { readonly query: ServiceQuery; listed: readonly string[] } = { query, listed: [] };
    this.#heard.set(name, heard);
    const to = this.#system.spawn<Listing | Refused>(
      () => (message) => {
        if (this.#world.library.actors.isRefused(message)) throw new Error(message.text);
        heard.listed = addressesIn(message);
        this.#world.note("listing", this.#life.name, query.key, ...heard.listed);
      },
      { name },
    );
    this.#receptionist.tell({ type: "subscribe", query, to });
  }

  #show(what: string, query: ServiceQuery, listed: readonly string[], live: readonly string[]): void {
    const said = `${what} of ${JSON.stringify(query)}`;
    this.#world.note("listed", this.#life.name, said, ...listed);
    this.#world.see({ type: "services-listed", by: this.#life.name, what: said, listed, live });
  }
}

function addressesIn({ services }: Listing): readonly string[] {
  return services.map(({ ref }) => ref.address);
}
