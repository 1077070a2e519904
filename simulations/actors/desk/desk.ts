/** Actors with an urgent lane, which are closed at times and set aside what is not urgent then. */
import type { ActorSystem } from "@parley/actors";
import type { Life } from "../host.ts";
import { field, textIn } from "../incoming.ts";
import { waitIn } from "../waiting.ts";
import type { World } from "../world.ts";

interface Slip {
  readonly type: "slip";
  readonly from: string;
  readonly isUrgent: boolean;
  readonly sequence: number;
}

type DeskMessage = Slip | { readonly type: "open" };

const BETWEEN_MS = 200;
const BURST = 6;

export function openDesk(world: World, life: Life, system: ActorSystem): void {
  const urgent = new Set<string>();
  const desk = spawnDesk(world, life, system, urgent);
  const random = world.random.fork(`slips/${life.name}`);
  const sequences = new Map<string, number>();
  const send = (host: string): void => {
    const isUrgent = random.chance(0.3);
    const way = `${host} ${isUrgent}`;
    const sequence = (sequences.get(way) ?? 0) + 1;
    sequences.set(way, sequence);
    const slip: Slip = { type: "slip", from: life.name, isUrgent, sequence };
    if (host !== life.host.name) return void system.resolve<DeskMessage>(`parley://${host}/desk`).tell(slip);
    // What is told here lies in the mailbox at once.
    if (desk.tell(slip) === undefined && isUrgent) urgent.add(nameOf(slip));
  };
  const next = (): void => {
    if (world.isHealed || life.isStopping) return;
    const host = random.chance(0.6) ? life.host.name : (random.pick(world.hosts)?.name ?? "");
    for (let slips = random.between(1, BURST); slips > 0; slips -= 1) send(host);
    life.clock.after(2 * BETWEEN_MS * random.next(), next);
  };
  life.clock.after(BETWEEN_MS * random.next(), next);
}

function spawnDesk(world: World, life: Life, system: ActorSystem, urgent: Set<string>) {
  const random = world.random.fork(`desk/${life.name}`);
  const { faults } = world.plan;
  const see = (type: "slip-taken" | "slip-handled", { from, isUrgent, sequence }: Slip): void => {
    world.note(type, life.name, from, isUrgent, sequence);
    world.see({ type, desk: life.name, from, isUrgent, sequence, waiting: [...urgent] });
  };
  const isSmall = faults.has("small-mailboxes");
  return system.spawn<DeskMessage>(
    (context) => {
      let isClosed = false;
      return async (message) => {
        if (message.type === "open") {
          isClosed = false;
          return context.unstashAll();
        }
        if (message.isUrgent) urgent.delete(nameOf(message));
        see("slip-taken", message);
        if (!isClosed && !world.isHealed && random.chance(0.1)) {
          isClosed = true;
          context.timers.once("open", 300 * random.next(), { type: "open" });
        }
        if (isClosed && !message.isUrgent) return context.stash(message);
        if (!world.isHealed && faults.has("crashing-handlers") && random.chance(0.05)) throw new Error("drawn");
        if (!world.isHealed && faults.has("slow-handlers") && random.chance(0.2)) {
          await waitIn(life, random.oneOf(1, 10, 100) * random.next());
        }
        see("slip-handled", message);
      };
    },
    {
      name: "desk",
      accepts: world.library.actors.messageKinds<DeskMessage>("a desk", {
        slip: slipIn,
        open: () => {
          throw new TypeError("it comes from nowhere but itself");
        },
      }),
      mailbox: {
        capacity: isSmall ? 8 : 1_000,
        priority: { when: (message) => message.type === "slip" && message.isUrgent, capacity: isSmall ? 3 : 1_000 },
      },
    },
  );
}

function slipIn(message: unknown): Slip {
  const [isUrgent, sequence] = [field(message, "isUrgent"), field(message, "sequence")];
  if (typeof isUrgent !== "boolean" || typeof sequence !== "number") throw new TypeError("bad field");
  return { type: "slip", from: textIn(message, "from"), isUrgent, sequence };
}

function nameOf({ from, sequence }: Slip): string {
  return `${sequence} of ${from}`;
}
