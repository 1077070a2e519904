import { connect, type NodeConnectOptions } from "@parley/sdk/node";
import { expect, it, onTestFinished } from "vitest";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../../support.ts";

async function peerWithTls(): Promise<Peer> {
  const folder = await temporaryFolder();
  const peer = await createPeer({ config: testConfig(folder.path), sources: fixedDelaySources({ llmMs: 1 }) });
  onTestFinished(async () => {
    await peer.close();
    await folder.remove();
  });
  return peer;
}

it("a client on Node that is given the house's certificate speaks TLS to a peer, and believes no other", async () => {
  const [peer, other] = [await peerWithTls(), await peerWithTls()];
  const ca = await (await fetch(`${peer.url}/ca.pem`)).text();
  const strange = await (await fetch(`${other.url}/ca.pem`)).text();
  expect(ca).toMatch(/^-----BEGIN CERTIFICATE-----/);
  expect(ca).not.toBe(strange);
  const url = `${peer.url.replace(/^http:/, "wss:")}/ws`;
  const options: NodeConnectOptions = { url, token: peer.token, reconnect: false };
  const client = await connect({ ...options, ca });
  onTestFinished(() => client.close());
  expect(await client.status()).toMatchObject({ pid: process.pid });
  await expect(connect({ ...options, ca: strange })).rejects.toMatchObject({ code: "cannot-connect" });
  await expect(connect(options)).rejects.toMatchObject({ code: "cannot-connect" });
});
