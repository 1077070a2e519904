/** What the fields of a message mean, in a sentence each. A test holds it against the definition: none is missing, none is over. */

/** By path: a field of the envelope, or `TYPE.field`, with `.` into objects and `[]` into lists. */
const MEANINGS: Readonly<Record<string, string>> = {
  messageId: "UUID, version 4. Whoever repeats a message keeps its id: it is handled once.",
  version: "Of the protocol, `major.minor`; a peer answers within its own major version.",
  source: "Who says it.",
  "source.clientId": "The id of the client's REGISTER; `server` is the peer.",
  "source.sessionId": "As REGISTER_ACK named it. A REGISTER may carry any, which means nothing.",
  target: "Whom it is for: `{clientId}`, `{group}`, `{channel}` or `{all: true}`. The peer itself when absent.",
  correlationId: "Ties together what belongs to one matter; carried and logged, not looked at.",
  inReplyTo: "The `messageId` that this answers.",
  timestamp: "When it was made, in milliseconds since 1970, by the sender's clock.",
  priority: "0 to 10, 5 when absent. From 8 on it is written down before it is delivered.",
  expiresAt:
    "Milliseconds since 1970: from then on nobody is to get it. Never when absent, but what waits for who is away is kept seven days.",
  metadata: "Anything; carried, not looked at.",
  type: "What kind of message it is.",
  payload: "As its type says.",

  "REGISTER.clientId": "The same at every connection of the same client; under it messages reach it. Not `server`.",
  "REGISTER.authToken": "What lets the client in. Needed unless `resumeToken` still holds.",
  "REGISTER.resumeToken": "From the last REGISTER_ACK, of any peer of the house.",
  "REGISTER.clientType": "What it is; finer things, such as `mobile`, `vr` or `editor`, are in `metadata.platform`.",
  "REGISTER.capabilities": "What it can do. What it does not say, it cannot.",
  "REGISTER.capabilities.supportsStreaming": "Answers come piece by piece before the whole.",
  "REGISTER.capabilities.supportsBinaryData": "It takes binary frames.",
  "REGISTER.capabilities.maxMessageSize": "Bytes of the largest text message it takes.",
  "REGISTER.capabilities.features":
    "Names of what else it can; `ack`: it answers what it has handled with MESSAGE_ACK; `passing`: its id was made up for this time.",
  "REGISTER.metadata": "Such as `userAgent`, `platform`, `version`.",
  "REGISTER.groups": "Groups that it joins at once.",
  "REGISTER.channels": "Channels that it listens to at once.",

  "REGISTER_ACK.success": "Always true: who is not let in gets an ERROR, and the connection ends.",
  "REGISTER_ACK.sessionId": "Names this connection's session.",
  "REGISTER_ACK.serverInfo": "Which peer this is.",
  "REGISTER_ACK.serverInfo.peerId": "Its id in the mesh.",
  "REGISTER_ACK.serverInfo.name": "Its name.",
  "REGISTER_ACK.serverInfo.version": "Its software.",
  "REGISTER_ACK.serverInfo.capabilities": "What it can do.",
  "REGISTER_ACK.serverInfo.capabilities.streaming": "Answers piece by piece.",
  "REGISTER_ACK.serverInfo.capabilities.binary": "Binary frames.",
  "REGISTER_ACK.serverInfo.capabilities.groups": "Messages to groups, channels and all.",
  "REGISTER_ACK.serverInfo.capabilities.echo": "Audio frames that say how much of them is the client's own playback.",
  "REGISTER_ACK.serverInfo.capabilities.resume": "It goes on with answers that were cut at another peer.",
  "REGISTER_ACK.resumeToken": "Lets the same client in again, at any peer of the house.",
  "REGISTER_ACK.resumeExpiresAt": "Until then.",
  "REGISTER_ACK.sessionTimeoutMs": "A session in which nothing is said for so long is ended.",
  "REGISTER_ACK.error": "Not used by this version.",
  "REGISTER_ACK.error.code": "For programs.",
  "REGISTER_ACK.error.message": "What failed.",
  "REGISTER_ACK.error.nextStep": "What to do now.",

  "HEARTBEAT.timestamp": "The client's clock; comes back as it is.",
  "HEARTBEAT.status": "`idle`: nobody is at the client now.",
  "HEARTBEAT_ACK.timestamp": "As it came.",
  "HEARTBEAT_ACK.serverTime": "The peer's clock.",

  "MESSAGE.content": "The text.",
  "MESSAGE.contentType": "How it is meant; `text/plain` when absent.",
  "MESSAGE.attachments": "Small files.",
  "MESSAGE.attachments[].name": "Its name.",
  "MESSAGE.attachments[].mimeType": "What it is.",
  "MESSAGE.attachments[].base64": "Its bytes.",
  "MESSAGE.attachments[].size": "Its length in bytes.",
  "MESSAGE.threadId": "The thread that it belongs to, across sessions, clients and peers.",
  "MESSAGE.privacy":
    "Of a question to the assistant alone: how far it may go, see below; with another target it is refused.",
  "MESSAGE.context": "What the sender knows that belongs to it.",
  "MESSAGE.context.previousMessages": "What was said before.",
  "MESSAGE.context.relevantMemories": "What was remembered.",
  "MESSAGE.actions": "What an answer also does: things to show or to carry out.",

  "COMMAND.command": "What is to be done: one of the peer's commands, or any that the target knows.",
  "COMMAND.parameters": "With what.",
  "COMMAND.requiresAck": "Whether a COMMAND_RESULT is wanted.",
  "COMMAND_RESULT.commandId": "The `messageId` of the COMMAND.",
  "COMMAND_RESULT.success": "Whether it was done.",
  "COMMAND_RESULT.result": "What came of it.",
  "COMMAND_RESULT.error": "Why it was not done.",
  "COMMAND_RESULT.error.code": "For programs.",
  "COMMAND_RESULT.error.message": "What failed.",
  "COMMAND_RESULT.error.nextStep": "What to do now.",

  "QUERY.queryType": "Which question: one of the peer's queries, or any that the target knows.",
  "QUERY.query": "What is asked.",
  "QUERY.limit": "At most so many results.",
  "QUERY.filter": "Which results.",
  "QUERY.includeContext": "Whether what surrounds a result is wanted too.",
  "QUERY.timeout": "How long an answer is waited for, in milliseconds; 30,000 when absent.",
  "RESPONSE.queryId": "The `messageId` of the QUERY.",
  "RESPONSE.success": "Whether it could be answered.",
  "RESPONSE.data": "The answer.",
  "RESPONSE.error": "Why it could not.",
  "RESPONSE.error.code": "For programs.",
  "RESPONSE.error.message": "What failed.",
  "RESPONSE.error.nextStep": "What to do now.",
  "RESPONSE.processingTime": "From the question's arrival to this answer, in milliseconds.",
  "RESPONSE.sources": "Where the answer comes from.",

  "EVENT.eventType": "What has happened.",
  "EVENT.eventData": "The particulars.",
  "EVENT.timestamp": "When, in milliseconds since 1970.",

  "BROADCAST.channel": "Who listens to it gets it; with the target `all`, everybody does.",
  "BROADCAST.content": "The text.",
  "BROADCAST.contentType": "How it is meant; `text/plain` when absent.",
  "BROADCAST.metadata": "Anything.",

  "MESSAGE_ACK.messageId": "The message that the receiver has handled.",
  "MESSAGE_ACK.success": "False: it will not be handled, and is not to be sent again.",
  "MESSAGE_ACK.error": "Why not.",
  "MESSAGE_ACK.error.code": "For programs.",
  "MESSAGE_ACK.error.message": "What failed.",
  "MESSAGE_ACK.error.nextStep": "What to do now.",

  "ERROR.errorCode": "Which of the codes below.",
  "ERROR.errorMessage": "A sentence.",
  "ERROR.retryAfterMs": "In how long the same may be said again, in milliseconds, where that is known.",
  "ERROR.retryable": "Whether the same message may succeed later.",
  "ERROR.details": "More, for programs.",
};

/** What the field at `path` means; undefined for what is no field. */
export function meaningOf(path: string): string | undefined {
  return MEANINGS[path];
}

/** All paths that have a meaning. */
export const describedPaths: readonly string[] = Object.keys(MEANINGS);
