import { connect, type NodeConnectOptions } from "@parley/sdk/node";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
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
  await expect(connect({ ...options, ca: strange })).rejects.toMatchObject({
    code: "cannot-connect",
    message: expect.stringMatching(/cannot be trusted: .*certificate/),
    nextStep: expect.stringContaining("parley trust"),
    retryable: false,
  });
  // Node's own WebSocket does not say why.
  await expect(connect(options)).rejects.toMatchObject({
    code: "cannot-connect",
    nextStep: expect.stringMatching(/parley trust.*cors\.origins/),
  });
  for (const junk of ["", "junk", "-----BEGIN CERTIFICATE-----\njunk\n-----END CERTIFICATE-----"]) {
    await expect(connect({ ...options, ca: junk })).rejects.toMatchObject({
      code: "cannot-connect",
      message: "ca holds no certificate in PEM",
    });
  }
});

it("a page whose origin the peer does not know is told where it has to stand", async () => {
  const peer = await peerWithTls();
  const connecting = connect({
    url: `${peer.url.replace(/^http:/, "ws:")}/ws`,
    token: peer.token,
    reconnect: false,
    openSocket: (address) => new WebSocket(address, { origin: "https://elsewhere.example" }),
  });
  await expect(connecting).rejects.toMatchObject({
    code: "cannot-connect",
    message: expect.stringContaining("HTTP 403"),
    nextStep: expect.stringContaining("cors.origins"),
  });
});
