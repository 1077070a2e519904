/** The liveness phase: all faults end, every machine runs, and everything must become as it should be. */
import { MS } from "../kit/timeline.ts";
import type { Replica, Settled } from "./chronicle.ts";
import { readAll } from "./clients/registers.ts";
import { write } from "./clients/writes.ts";
import type { Life } from "./host.ts";
import type { World } from "./world.ts";

const LOOK_EVERY = 500 * MS;
const PROBE_EVERY = 2_000 * MS;
const LAST_LOOK = 5_000 * MS;

/**
 * False when so many voters doubt their logs that nobody can be elected: then a person has to decide.
 * @throws Violation
 */
export async function healAndExpectOrder(world: World): Promise<boolean> {
  heal(world);
  const probes = new Map<string, number>();
  probe(world, 1, probes);
  let next = 0;
  let trouble: string | undefined = "nobody has looked";
  await world.runUntil(world.timeline.now + world.plan.livenessBound, () => {
    if (world.timeline.now < next) return trouble === undefined;
    next = world.timeline.now + LOOK_EVERY;
    trouble = troubleIn(world, probes);
    return trouble === undefined;
  });
  const isStranded = trouble !== undefined && hasTooManyDoubts(world);
  if (isStranded) trouble = undefined;
  if (trouble !== undefined) trouble = `${trouble}; ${portrait(world)}`;
  await lookOnceMore(world);
  world.see({
    type: "healed",
    peers: settled(world),
    trouble,
    formedInCalm: world.formedInCalm,
    founders: world.plan.founders,
  });
  await world.runUntil(world.timeline.now + 1);
  return !isStranded;
}

/** Whatever has become of the registers, everybody who belongs shows the same. */
async function lookOnceMore(world: World): Promise<void> {
  let isDone = false;
  readAll(world, () => {
    isDone = true;
  });
  await world.runUntil(world.timeline.now + LAST_LOOK, () => isDone);
}

/** Of some cluster, by the newest configuration that any of its members knows. */
function hasTooManyDoubts(world: World): boolean {
  const statuses = world.up().flatMap(({ cluster }) => {
    const member = cluster?.member;
    return member === undefined
      ? []
      : [{ cluster: member.roster.cluster, status: member.agreement.consensus.node.status() }];
  });
  return [...Map.groupBy(statuses, ({ cluster }) => cluster).values()].some((members) => {
    const [newest] = members.map(({ status }) => status).toSorted((a, b) => b.commit - a.commit);
    const { voters = [], votersOutgoing = [] } = newest?.confState ?? {};
    const inDoubt = new Set(members.flatMap(({ status }) => (status.log.state === "doubtful" ? [status.id] : [])));
    return [voters, votersOutgoing].some(
      (those) => those.length > 0 && those.filter((node) => !inDoubt.has(node)).length * 2 <= those.length,
    );
  });
}

function heal(world: World): void {
  world.note("heal");
  world.isHealed = true;
  world.network.heal();
  for (const machine of world.machines) {
    machine.clock.rate = 1;
    machine.diskSlowness = 1;
    machine.isDiskFull = false;
    world.resume(machine);
    world.start(machine);
  }
}

/** Writes through one peer of each cluster, again and again. */
function probe(world: World, round: number, probes: Map<string, number>): void {
  const clusters = Map.groupBy(world.up(), (life) => life.cluster?.member?.roster.cluster);
  for (const [cluster, lives] of clusters) {
    const life = lives[round % lives.length];
    if (cluster === undefined || life === undefined) continue;
    write(world, life, `probe/${cluster}/${round}`, (index) => probes.set(cluster, index));
  }
  // A machine that has stopped in order, or has died of its disk, is started by whoever looks after it.
  for (const machine of world.machines) world.start(machine);
  world.after(PROBE_EVERY, () => probe(world, round + 1, probes));
}

/** What is not as it should be; undefined: nothing. */
function troubleIn(world: World, probes: ReadonlyMap<string, number>): string | undefined {
  const replicas = world.replicas();
  const lives = world.machines.map(({ life }) => life);
  if (lives.some((life) => life?.face === undefined)) return "a machine does not run";
  for (const life of world.up()) {
    const trouble = troubleWith(life, replicas);
    if (trouble !== undefined) return `${life.name} ${trouble}`;
  }
  for (const [cluster, members] of Map.groupBy(staying(world), (life) => life.cluster?.member?.roster.cluster)) {
    if (cluster === undefined) continue;
    const trouble = troubleOf(world, members, probes.get(cluster) ?? 0);
    if (trouble !== undefined) return `cluster ${cluster} ${trouble}`;
  }
  return undefined;
}

/** Those that nobody has thrown out, as far as anybody who belongs knows. */
function staying(world: World): readonly Life[] {
  const revoked = new Set(world.replicas().flatMap(({ state }) => [...state.revoked.keys()]));
  return world.up().filter(({ host }) => !revoked.has(host.peerId));
}

function troubleWith({ face, host, cluster }: Life, replicas: readonly Replica[]): string | undefined {
  const belonging = face?.belonging;
  const isOut = replicas.some(({ state }) => state.revoked.has(host.peerId));
  const standing = cluster?.record?.standing;
  if (isOut || standing === "left" || standing === "revoked" || belonging === "member") return undefined;
  return `is ${belonging}`;
}

function troubleOf(world: World, lives: readonly Life[], probe: number): string | undefined {
  const members = lives.filter(({ face }) => face?.belonging === "member");
  const named = (those: Iterable<string>): string => [...those].toSorted().join();
  const here = named(members.map(({ host }) => host.peerId));
  const primes = new Set<string | undefined>();
  for (const { name, cluster: own } of members) {
    const member = own?.member;
    if (member === undefined) return `has ${name}, which takes no part`;
    const { now: state } = member.shared;
    if (state.index < probe || probe === 0) return `has ${name}, which has not caught up`;
    if (member.outbox.load.count > 0) return `has ${name}, with writes that wait to be delivered`;
    // A founder that came into use in the very moment in which it was let in stays with its own: a person has to revoke it here.
    const astray = [...state.members.keys()].filter((peer) => isElsewhere(world, peer, member.roster.cluster));
    if (astray.length > 0) return undefined;
    if (named(state.members.keys()) !== here) return `has other members in the eyes of ${name} than there are`;
    if (named(state.meshKey?.sealed.keys() ?? []) !== here) return "has a mesh key that is not sealed to its members";
    const unaware = [...state.revoked.values()].find(({ acknowledged }) =>
      [...state.members.keys()].some((peer) => !acknowledged.includes(peer)),
    );
    if (unaware !== undefined) return "has somebody revoked, and not all have said that they know";
    primes.add(member.shared.consensus.leadership.current().leader);
    const announced = world.library.announcedPrime(state);
    if (announced?.term !== member.shared.consensus.leadership.current().term)
      return "has a prime that is not announced";
  }
  const [prime] = primes;
  if (primes.size !== 1 || prime === undefined) return "has no prime that all know";
  return troubleWithVoters(members);
}

/** Belongs, to another cluster. */
function isElsewhere(world: World, peer: string, cluster: string): boolean {
  const face = world.up().find(({ host }) => host.peerId === peer)?.face;
  return face?.belonging === "member" && face.clusterId !== cluster;
}

/** Up to five vote, an odd number where there are enough, and all of them are there. */
function troubleWithVoters(members: readonly Life[]): string | undefined {
  const wanted = members.length <= 2 ? members.length : Math.min(5, members.length - 1 + (members.length % 2));
  const nodes = new Set(members.map(({ cluster }) => cluster?.member?.roster.node));
  for (const { name, cluster } of members) {
    const conf = cluster?.member?.agreement.consensus.node.status().confState;
    const { voters = [], votersOutgoing = [], learners = [] } = conf ?? {};
    if (voters.length !== wanted || votersOutgoing.length > 0)
      return `has ${voters.length} voters, says ${name}; ${wanted} are wanted`;
    if (![...voters, ...learners].every((node) => nodes.has(node))) return `counts somebody who is gone, says ${name}`;
    if (voters.length + learners.length !== members.length) return `has members that do not learn, says ${name}`;
  }
  return undefined;
}

function settled(world: World): readonly Settled[] {
  const replicas = new Map(world.replicas().map((replica) => [replica.life, replica]));
  return staying(world).map(({ name, host, face, cluster }) => {
    const member = cluster?.member;
    return {
      machine: host.number,
      peer: host.peerId,
      belonging: face?.belonging ?? "off",
      cluster: face?.clusterId,
      node: cluster?.member?.roster.node,
      isAloneAndEmpty: cluster?.isAloneAndEmpty === true,
      replica: replicas.get(name),
      opensMeshKey: member !== undefined && opens(() => member.identity.open()),
    };
  });
}

function opens(open: () => unknown): boolean {
  try {
    return open() !== undefined;
  } catch {
    return false;
  }
}

/** What each says of itself, for whoever has to find out what is wrong. */
function portrait(world: World): string {
  const said = world.up().map(({ name, cluster }) => {
    const status = cluster?.member?.agreement.consensus.node.status();
    if (status === undefined) return `${name}: ${cluster?.trouble ?? cluster?.record?.standing ?? "no member"}`;
    const { id, role, term, lead, commit, confState, log } = status;
    const { voters, votersOutgoing, learners } = confState;
    const conf = [voters, votersOutgoing, learners].map((nodes) => nodes.join()).join("|");
    return `${name}: ${id} is ${role} in ${term}, led by ${lead}, commit ${commit}, ${conf}${log.state === "doubtful" ? `, in doubt: ${log.detail}` : ""}`;
  });
  return said.join("; ");
}
