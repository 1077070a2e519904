/** Probe of what the peer shows to clients over TLS. */
import { clientAccessOf, type Config } from "../../config/index.ts";
import { isPeerError } from "../../errors.ts";
import { hasOwnCertificate, readOwnCertificate, worryAbout } from "../../gateway/tls/own-certificate.ts";
import type { Finding } from "./finding.ts";

/** A certificate of one's own can be used, or none is given. A voice turn works without, so nothing here is `missing`. */
export async function probeCertificate(config: Config, nowMs = Date.now()): Promise<Finding> {
  const probe = "certificate";
  const { isLocalOnly } = clientAccessOf(config);
  const facts = { own: config.tls.certificate !== "" };
  try {
    if (!hasOwnCertificate(config.tls)) {
      const summary = isLocalOnly
        ? "Not needed: only programs on this machine reach the peer."
        : "It comes from the house's own authority, which clients trust once (parley trust).";
      return { probe, status: "ok", summary, facts };
    }
    const worry = worryAbout(await readOwnCertificate(config.tls), nowMs);
    if (worry === undefined) {
      return { probe, status: "ok", summary: `The one in ${config.tls.certificate} can be used.`, facts };
    }
    const mend = "Renew it where it comes from; the peer reads the files again by itself.";
    return { probe, status: "warning", summary: `Of ${config.tls.certificate}: ${worry}.`, mend, facts };
  } catch (error) {
    if (!isPeerError(error, "config-invalid")) throw error;
    return { probe, status: "warning", summary: `${error.message}.`, mend: error.nextStep, facts };
  }
}
