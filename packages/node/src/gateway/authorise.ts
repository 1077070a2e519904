/** Whether a registered client may say a message: in that name, to them. And what it costs, said or not. Pure. */
import { directions, PROTOCOL_VERSION, SERVER_ID, type Message } from "@parley/sdk";
import type { Deed, Pass } from "./access-port.ts";
import type { SendCost } from "./access/allowances.ts";
import type { Addressee } from "./access/rights.ts";
import type { Refused } from "./hub/hub.ts";

/** Why `message` is refused to who is registered as `clientId`; undefined: it is not. */
export function refusalOfMessage(message: Message, clientId: string, pass: Pass): Refused | undefined {
  const { type, source } = message;
  const wrong = wrongVersion(message);
  if (wrong !== undefined) return { code: "INVALID_MESSAGE", reason: wrong };
  if (directions[type] === "peer") return { code: "INVALID_MESSAGE", reason: `a client does not send ${type}` };
  const to = addresseeOf(message);
  if (type === "EVENT" && to.kind === "peer") {
    return { code: "INVALID_MESSAGE", reason: "a client does not send EVENT to a peer" };
  }
  if (type === "MESSAGE" && message.payload.privacy !== undefined && to.kind !== "peer") {
    return {
      code: "INVALID_MESSAGE",
      reason: "payload.privacy is for questions to the peer, and not for other clients",
    };
  }
  if (source.clientId !== clientId) {
    return { code: "AUTHORIZATION_DENIED", reason: `this client is ${clientId}, and not ${source.clientId}` };
  }
  const denied = pass.endedBy()?.why ?? pass.refusalOf(deedOf(message));
  return denied === undefined ? undefined : { code: "AUTHORIZATION_DENIED", reason: denied };
}

/** What a client wants to do by `message`. */
export function deedOf(message: Message): Deed {
  return { type: message.type, name: nameOf(message), to: addresseeOf(message) };
}

/** What it takes of what a client may send, whatever becomes of it; undefined: it was no message. */
export function costOf(message: Message | undefined): SendCost {
  return message !== undefined && isReport(message) ? { reports: 1 } : { messages: 1 };
}

/** That there was too much of it. */
export function tooMuch(waitMs: number): Refused {
  const reason = `too many messages: the next one may come in ${waitMs} ms`;
  return { code: "RATE_LIMIT_EXCEEDED", reason, retryAfterMs: Number.isFinite(waitMs) ? waitMs : undefined };
}

/** Signs of life, acknowledgements and what belongs to work that was let in come by themselves, several a second. */
const REPORTS: ReadonlySet<string> = new Set(["HEARTBEAT", "MESSAGE_ACK", "COMMAND_RESULT", "RESPONSE"]);
const REPORT_COMMANDS: ReadonlySet<string> = new Set(["talk.key", "talk.heard", "input.end", "cancel"]);

function isReport(message: Message): boolean {
  return REPORTS.has(message.type) || (message.type === "COMMAND" && REPORT_COMMANDS.has(message.payload.command));
}

/** A peer answers within its own major version. */
export function wrongVersion({ version }: Message): string | undefined {
  const [own] = PROTOCOL_VERSION.split(".");
  return version.split(".")[0] === own
    ? undefined
    : `version: this peer speaks ${PROTOCOL_VERSION}, and not ${version}`;
}

/** Whom a client's message is for. */
export function addresseeOf(message: Message): Addressee {
  const { target } = message;
  if (target === undefined) {
    return message.type === "BROADCAST" ? { kind: "channel", id: message.payload.channel } : { kind: "peer" };
  }
  if ("clientId" in target) {
    return target.clientId === SERVER_ID ? { kind: "peer" } : { kind: "client", id: target.clientId };
  }
  if ("group" in target) return { kind: "group", id: target.group };
  return "channel" in target ? { kind: "channel", id: target.channel } : { kind: "all" };
}

/** Of what can be asked for by name. */
function nameOf(message: Message): string | undefined {
  if (message.type === "COMMAND") return message.payload.command;
  return message.type === "QUERY" ? message.payload.queryType : undefined;
}
