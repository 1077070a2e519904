/** A cluster of one with contents, behind the cluster that a test plays. */
import { onTestFinished } from "vitest";
import { SharedState } from "../../../src/cluster/consensus/shared-state.ts";
import { Courier } from "../../../src/cluster/outbox/courier.ts";
import { MemoryOutboxFile } from "../../../src/cluster/outbox/file.ts";
import { Outbox } from "../../../src/cluster/outbox/outbox.ts";
import { ClusterMachine } from "../../../src/cluster/state/machine.ts";
import { MemoryConsensusWorld } from "../../../src/testing/consensus/memory-consensus.ts";
import type { FakeCluster } from "../../fake-cluster.ts";
import { noLog } from "../../support.ts";

export interface Contents {
  readonly shared: SharedState;
  /** From now on what waits is delivered. */
  reach(): void;
}

/** Gives `cluster` a state and an outbox, from which nothing is delivered yet. */
export async function fill(cluster: FakeCluster): Promise<Contents> {
  const { peerId } = cluster;
  const machine = new ClusterMachine();
  const consensus = await new MemoryConsensusWorld([peerId]).start(peerId, machine);
  const shared = new SharedState(consensus, machine);
  const [sealingKey, box] = [new Uint8Array([1]), new Uint8Array([2])];
  const member = { peer: peerId, name: "attic", sealingKey, roles: [], admittedMs: 0, knows: 1 };
  const meshKey = { publicKey: sealingKey, signature: new Uint8Array(64), box };
  const founded = await shared.submit({ type: "found", cluster: "home", member, meshKey }, { timeoutMs: 10_000 });
  if (founded.outcome !== "done") throw new Error(founded.detail);
  const outbox = await Outbox.open({ file: new MemoryOutboxFile(), log: noLog });
  cluster.shared = shared;
  cluster.later = outbox;
  const { leadership } = consensus;
  const reach = (): void => {
    const courier = new Courier(
      outbox,
      {
        self: peerId,
        submit: (command, options) => shared.submit(command, options),
        read: (options) => shared.read(options),
        last: () => shared.now.delivered.get(peerId),
        hasPrime: () => leadership.current().leader !== undefined,
        watchPrime: (changed) => leadership.watch(() => changed()),
      },
      noLog,
    );
    onTestFinished(() => courier.stop());
  };
  return { shared, reach };
}
