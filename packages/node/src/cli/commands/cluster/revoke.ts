/** `parley revoke PEER`: a peer that must not come back, such as one that was lost or stolen. */
import type { Command } from "commander";
import { PeerError } from "../../../errors.ts";
import { fingerprintOf } from "../../../mesh/door/code/fingerprint.ts";
import type { CliContext } from "../../context.ts";
import { peersAnswer, read, revokeAnswer, type Peer, type Revocation } from "../../cluster/answers.ts";
import { printJson } from "../../json-line.ts";
import { confirm, withManagement } from "./with-management.ts";

/** Adds `revoke` to the program. */
export function registerRevokeCommand(program: Command, context: CliContext): void {
  const command = program
    .command("revoke")
    .description("throw a peer out of the cluster for ever, and change the keys that it knew")
    .argument("<peer>", "its name, fingerprint or id, from: parley peers")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      "\nIt takes effect wherever it has been applied, and the command says where that is. A part of the cluster that\n" +
        "cannot be reached now applies it when it is back.\n",
    );
  command.action((peer: string) =>
    withManagement(command, context, async ({ management, json, signal }) => {
      if (command.opts()["yes"] !== true) {
        if (context.person === undefined) throw unasked(peer);
        await confirm(context, `Throw ${peer} out for ever?`, signal);
      }
      const answer = await management.post("/peers/revoke", { body: { peer }, signal });
      if (json) {
        printJson(context, answer);
        return;
      }
      const { peers } = read(peersAnswer, await management.get("/peers", { signal }));
      context.stdout(revocationText(read(revokeAnswer, answer).revocation, peers));
    }),
  );
}

function unasked(peer: string): PeerError {
  return new PeerError("usage", `throwing ${peer} out is for ever, and there is nobody to ask`, {
    nextStep: "Give --yes to go on.",
  });
}

/** By fingerprint as well where two of them are called alike. */
function revocationText(
  { peerId: gone, appliedBy, notYetAppliedBy, ...its }: Revocation,
  peers: readonly Peer[],
): string {
  const all = new Map([...peers.map(({ peerId, name }) => [peerId, name] as const), [gone, its.name] as const]);
  const called = (id: string): string => {
    const own = all.get(id) ?? id;
    const isAlone = [...all].every(([other, name]) => other === id || name !== own);
    return isAlone ? own : `${own} (${fingerprintOf(id)})`;
  };
  const names = (ids: readonly string[]): string => ids.map(called).join(", ");
  const name = called(gone);
  const applied = appliedBy.length === 0 ? "" : ` Applied by: ${names(appliedBy)}.`;
  const pending =
    notYetAppliedBy.length === 0
      ? "Every peer has applied it.\n"
      : `Not yet applied by: ${names(notYetAppliedBy)}. Until they have, ${name} may still reach them.\n`;
  const clients =
    "It knew the key of the house's certificates: clients are to trust another one within 30 days (parley trust).\n";
  return `${name} is revoked.${applied}\n${pending}${clients}`;
}
