/** Which services a peer brings up for its roles. */
import { rolesOf, type Config } from "../config/index.ts";
import { serviceNames, type ServiceName } from "./stage.ts";

/** To hear, one has to know when somebody speaks. */
const ROLE_OF = { vad: "stt", stt: "stt", tts: "tts", llm: "llm" } as const;

/** The services that are started with the peer; the others are only when a client of this very peer asks for them. */
export function servicesFor(config: Pick<Config, "cluster">): readonly ServiceName[] {
  const roles = rolesOf(config);
  return serviceNames.filter((name) => roles.has(ROLE_OF[name]));
}
