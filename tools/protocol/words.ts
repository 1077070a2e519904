/** The written part of `docs/PROTOCOL.md`. */

export const BEFORE = `# The protocol between clients and peers

<!-- The tables come from packages/sdk/src/protocol, the words from tools/protocol; change them there, then run \`npx vitest run test/house/protocol-page.test.ts -u\`. -->

A client opens a WebSocket at \`/ws\` on any peer of a house and says who it is. From then on it can ask the peer for work, and
other clients, at whatever peer they are, for anything. \`@parley/sdk\` speaks all of this; the page is for who writes a client in
another language. The same as JSON Schema (draft 2020-12) is in \`packages/sdk/schema\`.

    client                                   peer
      | REGISTER {clientId, authToken, …}      |
      |--------------------------------------->|
      |        REGISTER_ACK {sessionId, …}     |
      |<---------------------------------------|
      | COMMAND ask, binary frames, MESSAGE …  |
      |<-------------------------------------->|

Text frames are JSON, one message each, at most 1 MiB (a longer one ends the connection with 1009, as RFC 6455 has it); what a
client has to send that is longer it cuts into pieces. Binary frames are sound, see below. A message that is wrong is answered with an
ERROR that names it (\`inReplyTo\`); one that has no id that could be named ends the connection (1002). Before REGISTER there is nothing
but REGISTER, within ten seconds.

Every message goes through the same stages: it is parsed, checked against its schema, its sender is looked at (who it says it is,
what it may do, how much), its target is found, it is handed on, and what cannot be handed on now is written down. The first stage
that refuses it answers.
`;

export const AFTER = `## Work

The messageId of a COMMAND names the work. What happens meanwhile comes as EVENTs \`inReplyTo\` it
(\`schema/work-events.json\`, \`schema/talk-events.json\`: the type is the \`eventType\`, the rest the \`eventData\`) and as binary frames; the
end is its COMMAND_RESULT. Parameters are in \`schema/commands.json\`.

A program that embeds a peer may have added commands of its own, with EVENTs of its own on the way; \`cancel\` ends them as well. A peer
answers a COMMAND that it does not know with INVALID_MESSAGE, and says which ones it knows.

A MESSAGE without a target is a question to the assistant, in the conversation of its session. The answer is a MESSAGE from
\`server\`, \`inReplyTo\` the question. Who \`supportsStreaming\` gets it piece by piece before: EVENTs \`content\` (\`{content}\`), then one
\`metadata\` (times). A failure of the model is an ERROR \`PROVIDER_ERROR\`.

## What must not leave

\`privacy\` in the parameters of \`ask\`, \`listen\`, \`say\` and \`talk\`, and in a MESSAGE to the assistant, says how far that request may go:
\`host\`, not beyond the machine of the peer that the client is connected to; \`house\`, not beyond the machines of the house. It holds
beside what the peer is set to (\`privacy.*\`) and what the house has agreed on (\`localOnly\`): the strictest of them counts, so a client
can ask for less, never for more. Where nobody may do it then, the work fails with \`model-missing\`. What was said under it is no part of
what is thought about later where less was asked, and is not kept beyond the session. A client that goes on at another peer, after a
fail-over, has chosen that peer's machine.

## Binary frames

Sound does not go through JSON. 16 bytes of header, little-endian, then 16-bit mono samples; a frame has at most 262,144 bytes.

    0      1      2..3       4..7      8..11     12..15         16..
    'P'    kind   rate/100   stream    sequence  timestampMs    samples

Kind 1: samples. Kind 2: two bytes that say how much of it the sender's own playback explains (a share of 65,535), then samples;
only for a peer with the capability \`echo\`. Kind 3, to clients only: a piece of an Ogg Opus file. \`stream\` is chosen by the client in the
COMMAND, the same both ways; \`sequence\` counts from 0; a client sends 16,000 Hz. Frames of a stream that nobody has opened are
passed over.

## To other clients

A MESSAGE, COMMAND, QUERY, EVENT or BROADCAST with a target goes to other clients, through any peer to any peer, with its sender's
\`source\`. Their answers (COMMAND_RESULT, RESPONSE, MESSAGE) carry the asker as target.

- **One client, or a group**: delivered to each receiver; of a group each EVENT says to how many (\`recipients\`). A receiver with the feature \`ack\` answers with MESSAGE_ACK once its handler has
  finished; a COMMAND_RESULT or RESPONSE about it counts as well. To other receivers it is delivered once their socket has it. The
  sender gets one EVENT per receiver: \`message_delivered\`, or \`message_failed\` with the reason, or the ERROR \`MESSAGE_EXPIRED\`
  (\`schema/delivery-events.json\`).
- **What is not acknowledged** within 10 s, or whose receiver cannot be reached, is tried again, after 0.25 s and then twice as long each
  time, up to 30 s. A receiver that is there and does not acknowledge is tried five times; then it has failed. One that gives no sign
  of life meanwhile (a WebSocket pong will do) is taken for gone.
- **Not more** than 64 messages may be under way from one client to another; the next is refused with \`RATE_LIMIT_EXCEEDED\`.
- **Who is away** gets it on coming back, at whatever peer. It waits in the house's replicated pairs, and the sender is told
  \`message_queued\`; where the house cannot agree on anything now, in the memory of the sender's peer, and nothing is told until it can, or
  the receiver is back. At most 256 messages wait for one client (4 MiB) and 8,192 in all (16 MiB), seven days at most, of 180,000 bytes each. A QUERY waits no
  longer than its \`timeout\`.
- **Priority 8 and above** is written down there before it is delivered, where the house can agree.
- **A channel, or all**: to whom is there now, once; nothing waits for others. The sender gets one EVENT \`message_sent\` with their number.
- **Order**: what one client sends another over one connection arrives in that order. Over several: if the sender repeats first,
  with the same ids and in the same order, what it was told neither \`message_delivered\` nor \`message_queued\` of.
- **A sender that is away** when something becomes of its message is told on coming back, for an hour and as long as the peer that knows
  it lives; otherwise it asks (\`get_message_status\`), or repeats the message.
- **Once**: a message may come more than once (a receiver's acknowledgement was lost; a peer that was paused woke up). Peers filter by
  \`messageId\` what they have delivered; a receiver does so for good (\`SeenMessages\` of the SDK): it acknowledges again, and handles once.
  A receiver that died in the middle gets it again, so what handlers do is idempotent by \`messageId\`.
- **A client that nobody has ever seen** is \`TARGET_NOT_FOUND\`. Who has been there, and its groups, is written down in the house's
  replicated pairs, soon after it came, and so known after any peer, or all of them, began anew: 128 ids of one account, where those that
  were not used for longest make room for its newer ones, and 8,192 in all, where the account with most gives way. The ids that are the
  names of clients are known anyway. A client with the feature \`passing\` that is in no group is remembered by the peers that live, 4,096 of
  them, and by the mail that waits for it.
- **An id belongs to an account**: one that is the name of a client of the house, to that client; another, to whose client came by it
  first, as long as it is remembered. Nobody else may REGISTER with it, and what waits under it is given to clients of that account alone.
  (The user's own programs on a peer's machine may go by any, without making it theirs.) Where two come by one id at once, at peers that
  cannot hear of each other, one of them has it in the end; the other's connection ends (4401, \`details.reason\` \`taken\`). With a client
  that is removed go its ids and its mail.
- **Rights** are those of now: a message to a group goes to those who may belong to it when it is sent, also of those who are away.
- Who listens to the channel \`clients\` gets the EVENTs \`client_connected\` and \`client_disconnected\`.

## How much

An account may send \`limits.messages_per_minute\` (100) at one peer, by whatever ids its clients go, requests over HTTP included; each of
its clients has a twentieth of that for itself, so that many do not silence one another. Everything counts, also what is refused or
is no message. Signs of life (a ping too), acknowledgements, answers and what belongs to work that was let in count apart: twenty times as
many, and sixty for each client. The same account comes in a thousand times a minute at most. What is too much is answered with
\`RATE_LIMIT_EXCEEDED\` and \`retryAfterMs\` (429 and \`Retry-After\` over HTTP; at REGISTER the connection ends, 1013), and its
connection is not read from for up to half a second. Sound (\`limits.audio_mb_per_minute\`, and a thousand frames a second) is taken in
more slowly instead. The programs of the peer's own machine are one account, with twenty times of it all.

After 20 wrong tokens of one address in a minute the next ones are answered with \`RATE_LIMIT_EXCEEDED\`, half a second later, and 1013.

## Sessions

\`CONNECTING\` (the socket is open) → \`AUTHENTICATED\` (REGISTER_ACK) → \`ACTIVE\` (it says something) ⇄ \`IDLE\` (it says so in a HEARTBEAT,
or nothing for five minutes) → \`DISCONNECTED\`. A session in which nothing is said for an hour (3,600,000 ms) is ended with the
close code 4408. \`GET /api/v1/sessions\` and \`GET /api/v1/clients/connected\` show them.

Who comes again with its resume token goes on with its session, under the same \`sessionId\`, at whatever peer: with what was said
before, its timers, and what it was not there to be told. Its work was cancelled when it left. A session without a client waits for an hour, one in
which nothing was said not at all. It has one connection: where a newer one takes it up, the older is closed with 4409, and is not to come again.
Where a session's host is lost, or the session moves to another one, its client stays connected to its peer, and notices nothing where nothing
was under way. Where something was, a client with the feature \`stays\` gets the EVENT \`session-moved\` once the session is there again:
nothing more comes of its work, nor is any of it taken, until it answers with a MESSAGE_ACK of that EVENT; behind that it asks for its work again, as after a lost connection
(\`workId\`, \`soFar\`), on streams of new numbers. Other clients, those of whom a MESSAGE waits for its answer, and all where the session cannot be
reached are closed with 1012: who comes again finds the session, or begins it anew. A peer that stops, or drains, closes with 1001: who comes to another one goes on there, and this one is tried last. Nodes that drain are marked \`isDraining\`.

## The flat dialect

Clients that speak flat JSON in snake_case are answered in kind. Which dialect a connection speaks is told by its first message: an
envelope has \`payload\` or a type in capitals.

\`\`\`json
{ "type": "register", "client_id": "kitchen-tablet", "auth_token": "…", "client_type": "web" }
{ "type": "message", "text": "What time is it?" }
{ "type": "assistant_message", "text": "It is ten.", "actions": [], "in_reply_to": "…" }
\`\`\`

Names are those of the envelope in snake_case, all on one level; types in small letters. What a client leaves out (\`message_id\`,
\`version\`, \`client_id\`, \`timestamp\`) is filled in. Particular names:

| envelope | flat |
| --- | --- |
| \`source.clientId\`, \`source.sessionId\` | \`client_id\`, \`session_id\` |
| \`target\` | \`to\`, \`to_group\`, \`to_channel\`, \`to_all: true\` |
| \`metadata\` of the envelope | \`envelope_metadata\` |
| \`content\` of a MESSAGE | \`text\` |
| MESSAGE from the peer | \`assistant_message\`, always with \`actions\` |
| EVENT \`content\` from the peer | \`content\` |
| EVENT \`metadata\` from the peer | \`metadata\` |
| \`messageId\` of a MESSAGE_ACK | \`message_id\`: the message that was handled |
| a field of the payload that is called like one of the envelope | the same, once, if they are equal; otherwise \`payload_…\` |

Inside \`parameters\`, \`result\`, \`event_data\`, \`filter\`, \`details\`, \`data\`, \`sources\`, \`actions\` and \`metadata\` names stay as they are. Golden
files of both directions are in \`packages/node/test/gateway/dialect/golden\`.
`;
