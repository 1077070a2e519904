/**
 * What everybody may fetch before they trust this peer: the authority's certificate, and a page that says what to do with it.
 * Whoever stands in between could exchange either, over TLS that is not trusted yet as well as without: so the fingerprint is to
 * be compared by a person, with what `parley trust` says on a machine of the house.
 *
 *     GET /ca.pem    the certificate, in PEM
 *     GET /ca.cer    the same in DER, which Windows and some phones prefer
 *     GET /trust     the page
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { AuditLog } from "../access/audit.ts";
import { emptyBody, readBody } from "../management/bodies.ts";
import { trustSteps } from "./steps.ts";
import type { Trust, TrustSource } from "./trust.ts";

export type TrustFace = Pick<TrustSource, "trust" | "certificate">;

/** Served to whoever asks. */
export const TRUST_PATHS: readonly string[] = ["/ca.pem", "/ca.cer", "/trust"];

/** What iOS, Android, Windows and browsers take for a certificate to be installed (RFC 2585 names only DER). */
const CA_TYPE = "application/x-x509-ca-cert";
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Adds the routes. */
export function addTrustRoutes(app: FastifyInstance, source: TrustFace): void {
  app.get("/ca.pem", async (_request, reply) => {
    reply.type(CA_TYPE).header("content-disposition", 'inline; filename="parley-ca.pem"');
    return (await source.trust()).pem;
  });
  app.get("/ca.cer", async (_request, reply) => {
    reply.type(CA_TYPE).header("content-disposition", 'inline; filename="parley-ca.cer"');
    return source.certificate();
  });
  app.get("/trust", async (request, reply) => {
    reply.type("text/html; charset=utf-8").header("content-security-policy", PAGE_POLICY);
    return pageOf(await source.trust(), request);
  });
}

/** Adds what a person does with it; `api`'s hooks have let the request in. */
export function addTrustManagement(
  api: FastifyInstance,
  source: Pick<TrustSource, "trust" | "renew">,
  audit: Pick<AuditLog, "note"> | undefined,
): void {
  const shown = (trust: Trust): Record<string, unknown> => {
    const steps = trustSteps(trust.file, trust.addresses[0] ?? "https://localhost:8765");
    return { ...trust, steps };
  };
  api.get("/trust", async () => shown(await source.trust()));
  api.post("/trust/renew", { bodyLimit: 64 }, async ({ body, principal }) => {
    readBody(emptyBody, body);
    const trust = await source.renew();
    const actor = principal?.account ?? "nobody";
    const details = { fingerprint: trust.fingerprint };
    await audit?.note({ actor, action: "authority.renew", target: "authority", outcome: "done", details });
    return shown(trust);
  });
}

function pageOf(trust: Trust, request: FastifyRequest): string {
  const address = `https://${request.host}`;
  const steps = trustSteps("parley-ca.pem", address).map(({ title, lines }) => {
    const text = lines.map((line) => (line.startsWith("    ") ? `<pre>${escaped(line.trim())}</pre>` : escaped(line)));
    return `<dt>${escaped(title)}</dt><dd>${text.join("\n")}</dd>`;
  });
  const own = trust.isOwnShown
    ? "<p>This peer itself shows a certificate that its owner has given it; the others of the house show this one.</p>"
    : "";
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Trust this house</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
dt { font-weight: 600; margin-top: 1rem; } dd { margin: 0; }
</style>
<h1>Trust this house</h1>
<p>The peers of this house show certificates of its own authority, <strong>${escaped(trust.name)}</strong>. Whoever trusts it
once can talk to each of them.</p>
<p><strong>First compare the fingerprint</strong> with what <code>parley trust</code> says on a machine of the house. If it is
another one, somebody stands in between: do not go on.</p>
<p><code>${escaped(trust.fingerprint)}</code> (SHA-256)</p>
<p><a href="/ca.pem" download="parley-ca.pem">Fetch the certificate</a> (PEM), or <a href="/ca.cer">as DER</a>.</p>
${own}<dl>
${steps.join("\n")}
</dl>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
