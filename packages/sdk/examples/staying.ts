import { connect, type ParleyClient } from "@parley/sdk";

export async function stay(
  peers: readonly string[],
  token: string,
  show: (line: string) => void,
): Promise<ParleyClient> {
  const client = await connect({
    peers,
    token,
    clientId: "kitchen-tablet",
    channels: ["news"],
    reconnect: { patienceMs: 60_000 },
  });
  client.on("connected", ({ peer }) => show(`connected to ${peer.name}`));
  client.on("disconnected", ({ error, willReconnect }) => show(`${error.message}${willReconnect ? "" : ", for good"}`));
  client.on("reconnecting", ({ round }) => show(`nobody there, ${round} times`));
  client.on("nodesUpdated", (nodes) => show(`peers: ${nodes.map(({ name }) => name).join(", ")}`));
  client.on("error", (error) => show(`a handler failed: ${String(error)}`));
  return client;
}
