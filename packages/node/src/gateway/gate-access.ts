/** The gate of the house, as a connection asks it. */
import type { Gate, Principal } from "./access/gate.ts";
import { refusalOf, type Right } from "./access/rights.ts";
import type { Access, Arrival, Deed, Pass } from "./access-port.ts";

/** What has no right of its own: whoever is in may say it. */
const FREE: ReadonlySet<string> = new Set(["HEARTBEAT", "MESSAGE_ACK"]);
/** What belongs to work that was let in, or only changes what one hears. */
const FREE_COMMANDS: ReadonlySet<string> = new Set(["talk.key", "talk.heard", "input.end", "cancel", "leave"]);

export class GateAccess implements Access {
  readonly #gate: Gate;
  readonly #nowMs: () => number;

  constructor(gate: Gate, nowMs: () => number = Date.now) {
    this.#gate = gate;
    this.#nowMs = nowMs;
  }

  authenticate({ register, sessionId }: Arrival): Pass | { readonly why: string } {
    const found = this.#principalOf(register);
    if ("why" in found) return found;
    const token = this.#gate.resumeToken(found, register.clientId, sessionId);
    return {
      account: found.account,
      remembers: found.remembers,
      resume: token === undefined ? undefined : { token, expiresAt: this.#nowMs() + this.#gate.resumeForMs },
      refusalOf: (deed) => {
        const right = rightFor(deed);
        return right === undefined ? undefined : refusalOf(found, right, deed.to);
      },
      endedBy: () => {
        const now = this.#gate.again(found);
        return "why" in now ? now.why : undefined;
      },
      // How much a client may send is not counted yet.
      charge: () => undefined,
    };
  }

  /** A resume token that does not fit gives way to the client's own. */
  #principalOf({ resumeToken, authToken, clientId }: Arrival["register"]): Principal | { readonly why: string } {
    const again = resumeToken === undefined ? undefined : this.#gate.comeAgain(resumeToken);
    if (again !== undefined && "principal" in again && again.clientId === clientId) return again.principal;
    if (authToken !== undefined) return this.#gate.enter(authToken);
    if (again === undefined) return { why: "a token is needed" };
    return "why" in again ? again : { why: "the resume token is another client's" };
  }
}

/** What one has to have the right to; undefined: nothing. */
function rightFor({ type, name = "", to }: Deed): Right | undefined {
  if (FREE.has(type)) return undefined;
  if (to.kind === "peer") return rightAtPeer(type, name);
  if (type === "COMMAND" || type === "QUERY") return "command";
  return to.kind === "all" || to.kind === "channel" ? "broadcast" : "message";
}

function rightAtPeer(type: Deed["type"], name: string): Right | undefined {
  if (type === "QUERY") return name === "recall_memory" ? "memory" : name === "get_message_status" ? "message" : "look";
  // An answer to whoever has asked.
  if (type === "COMMAND_RESULT" || type === "RESPONSE") return undefined;
  if (type !== "COMMAND") return "converse";
  if (FREE_COMMANDS.has(name)) return undefined;
  if (name === "join") return "message";
  return name === "status" ? "look" : "converse";
}
