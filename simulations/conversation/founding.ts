/** A cluster of these members, all of whom know the newest commands, as it is agreed on before anything happens. */
import type { Library } from "./library.ts";

const RECORD = {
  host: "simulated",
  platform: "simulated",
  version: "0.0.0",
  roles: [],
  hardware: [],
  models: [],
  languages: [],
  voices: [],
  addresses: [],
};

export function foundingOf(
  { encodeCommand, KNOWN_VERSION }: Library,
  members: readonly string[],
): readonly Uint8Array[] {
  const sealingKey = Uint8Array.of(1, 2);
  const member = (peer: string) => ({
    peer,
    name: peer,
    sealingKey,
    roles: [],
    admittedMs: 1_000,
    knows: KNOWN_VERSION,
  });
  const [first = "", ...others] = members;
  const meshKey = { publicKey: Uint8Array.of(9), signature: Uint8Array.of(8), box: Uint8Array.of(1) };
  return [
    encodeCommand({ type: "found", cluster: "home-1", member: member(first), meshKey }),
    ...others.map((peer) =>
      encodeCommand({ type: "admit", member: member(peer), generation: 1, box: Uint8Array.of(7) }),
    ),
    ...members.map((peer) => encodeCommand({ type: "describe", peer, knows: KNOWN_VERSION, record: RECORD })),
    encodeCommand({ type: "raise-version", to: KNOWN_VERSION }),
  ];
}
