/** The client: asks a house for work, at whatever peer it is connected to, and exchanges messages with other clients. */
import { abortedError, type ParleyError } from "../errors.ts";
import type { Message, Target } from "../protocol/envelope.ts";
import type { Continued, CutAnswer } from "../protocol/resume.ts";
import type { TurnEvent } from "../protocol/work.ts";
import type { MemoryHit, MessageStatus, NodeDetails, NodeSummary, SessionSummary } from "../protocol/query.ts";
import { Continuing } from "./continuing.ts";
import { Emitter, type Unsubscribe } from "./emitter.ts";
import type { ClientEvents } from "./events.ts";
import { closedError } from "./link/endings.ts";
import type { Welcome } from "./link/hearer.ts";
import { Link } from "./link/link.ts";
import type { Doing } from "./link/watchfulness.ts";
import type { ConnectOptions } from "./link/options.ts";
import type { CommandHandler, QueryHandler } from "./mail/inbox.ts";
import type { Answer, CallOptions, Content, IncomingMessage, RunOptions, SendOptions, Sent } from "./mail/mail.ts";
import { NodeWatch } from "./nodes.ts";
import { askParameters, copyOf, listenParameters, partialsOf, privacyOf, sayParameters } from "./options.ts";
import type { AskOptions, ListenOptions, SayOptions } from "./options.ts";
import { Postbox, type QueryOptions } from "./postbox.ts";
import { Queries } from "./queries.ts";
import type { Course } from "./work/course.ts";
import { RunningTalk, type TalkGround, type TalkOptions, type TalkSession } from "./work/talk.ts";
import { AskTurn, ListenTurn, SayTurn } from "./work/turn.ts";
import type { AudioInput, TalkInput } from "./work/upload.ts";
import { Works, type Work } from "./work/works.ts";

/** A client of a house. Breaking out of an event loop cancels that work on the peer. */
export class ParleyClient {
  readonly #link: Link;
  readonly #works: Works;
  readonly #post: Postbox;
  readonly #queries: Queries;
  readonly #nodes: NodeWatch;
  readonly #emitter = new Emitter<ClientEvents>((error, name) => {
    if (name !== "error") this.#emitter.emit("error", error);
  });
  readonly #over = new AbortController();
  readonly #continuing = new Continuing();
  #welcome: Welcome | undefined;
  /** Nobody was there for so long that new requests do not wait either. */
  #impatience: ParleyError | undefined;

  /** Use {@link connect}. */
  constructor(options: ConnectOptions) {
    const doing = (): Doing => this.#works.doing;
    this.#link = new Link(options, {
      get doing() {
        return doing();
      },
      up: (welcome, isAgain) => this.#up(welcome, isAgain),
      down: (error) => this.#down(error),
      stays: (error) => this.#continuing.refused(error),
      waiting: (inMs, round) => this.#emitter.emit("reconnecting", { inMs, round }),
      impatient: (error) => this.#impatient(error),
      over: (error) => this.#ended(error),
      message: (message) => this.#onMessage(message),
      binary: (bytes) => {
        const wrong = this.#works.frame(bytes);
        if (wrong !== undefined) this.#link.breach(wrong);
      },
    });
    this.#works = new Works(this.#link);
    this.#post = new Postbox(this.#link, this.#link.clientId, this.#emitter, this.#over.signal);
    this.#queries = new Queries(this.#post);
    this.#nodes = new NodeWatch({
      ask: (signal) => this.getActiveNodes({ signal }),
      learn: (urls, draining) => this.#link.learn(urls, draining),
      updated: (nodes) => this.#emitter.emit("nodesUpdated", nodes),
    });
  }

  /** Under which other clients reach this one. */
  get clientId(): string {
    return this.#link.clientId;
  }

  /** What the peer said of itself when it accepted this client; the last one while there is none. */
  get server(): Welcome["serverInfo"] {
    if (this.#welcome === undefined) throw closedError();
    return this.#welcome.serverInfo;
  }

  /** Whether there is a connection now, and where. */
  get connection(): {
    readonly isConnected: boolean;
    readonly url: string | undefined;
    readonly peers: readonly string[];
  } {
    const { isUp, url, peers } = this.#link;
    return { isConnected: isUp, url, peers };
  }

  /** What there was in the session that this client has taken up; undefined: its own session. */
  get continued(): Continued | undefined {
    return this.#continuing.found;
  }

  /** Goes on with a session of the same account, work under way included. @throws ParleyError `refused`: it stays where it was */
  continueSession(session: string): Promise<Continued> {
    return this.#continuing.wish(() => this.#link.goTo(session));
  }

  /** Calls `listener` whenever that happens. */
  on<N extends keyof ClientEvents>(name: N, listener: (event: ClientEvents[N]) => unknown): Unsubscribe {
    const unsubscribe = this.#emitter.on(name, listener);
    if (name === "message") this.#post.inbox.listened();
    return unsubscribe;
  }

  /**
   * Messages from other clients, one after the other from each. When the handler has finished, the message is acknowledged; when it
   * throws, the message comes again, and when it throws {@link MessageRefused}, it does not.
   */
  onMessage(handler: (message: IncomingMessage) => unknown): Unsubscribe {
    return this.on("message", handler);
  }

  /** Commands from other clients. @throws RangeError when there is a handler already */
  onCommand(command: string, handler: CommandHandler): Unsubscribe {
    return this.#post.inbox.onCommand(command, handler);
  }

  /** Questions from other clients. @throws RangeError when there is a handler already */
  onQuery(queryType: string, handler: QueryHandler): Unsubscribe {
    return this.#post.inbox.onQuery(queryType, handler);
  }

  /**
   * Asks in text or sound; events end with `done`.
   * @throws ParleyError from the event stream, or what the audio source itself throws.
   */
  ask(
    input: { readonly text: string } | { readonly audio: AudioInput },
    options: AskOptions = {},
  ): AsyncIterable<TurnEvent> {
    const inSound = "audio" in input;
    const wire = inSound ? { kind: "audio", ...partialsOf(options) } : { kind: "text", text: input.text };
    const parameters = { input: wire, ...askParameters(options) };
    const turn: AskTurn = new AskTurn(parameters, inSound, () => this.#works.cancel(work));
    const work = this.#start(turn, inSound ? input.audio : undefined, options.signal);
    return turn.events;
  }

  /** The rest of what another client had begun ({@link continued}): question and text so far come first; with `speak` the sound not played there. */
  goOn(answer: CutAnswer, options: AskOptions = {}): AsyncIterable<TurnEvent> {
    const turn: AskTurn = new AskTurn(
      askParameters({ ...privacyOf(answer), ...options }),
      false,
      () => this.#works.cancel(work),
      answer,
    );
    const work = this.#start(turn, undefined, options.signal);
    return turn.events;
  }

  /** Speech to text: `partial` and `segment` events, then `done`. */
  listen(audio: AudioInput, options: ListenOptions = {}): AsyncIterable<TurnEvent> {
    const turn: ListenTurn = new ListenTurn(listenParameters(options), () => this.#works.cancel(work));
    const work = this.#start(turn, audio, options.signal);
    return turn.events;
  }

  /** Speech to text, all of it. @throws ParleyError, or what the audio source itself throws */
  async transcribe(audio: AudioInput, options: ListenOptions = {}): Promise<string> {
    const texts: string[] = [];
    for await (const event of this.listen(audio, { partials: "off", ...options })) {
      if (event.type === "segment") texts.push(event.text);
    }
    return texts.join(" ");
  }

  /**
   * Text to sound: `sentence` and `audio` events, then `done`.
   * @throws ParleyError `work-failed` from the event stream; with `remoteCode` `input-refused` for SSML that is none (its
   * message says where, its next step how to mend it) and for a voice that is not there.
   */
  say(text: string, options: SayOptions = {}): AsyncIterable<TurnEvent> {
    const turn: SayTurn = new SayTurn(sayParameters(text, options), () => this.#works.cancel(work));
    const work = this.#start(turn, undefined, options.signal);
    return turn.events;
  }

  /**
   * A live conversation: `audio` is the microphone, all the time, in silence too. Answers are played on `options.speaker`,
   * ducked and stopped as the peer says; without one they are text only. Ends with the audio, or when `signal` aborts.
   */
  talk(audio: TalkInput, options: TalkOptions = {}): TalkSession {
    const { signal, speaker, hotWords, answer, ...given } = options;
    const how = {
      ...privacyOf(answer ?? {}),
      ...given,
      ...(hotWords === undefined ? {} : { hotWords: [...hotWords] }),
    };
    const parameters = { mode: "open" as const, ...how, speak: speaker !== undefined };
    const ground: TalkGround = {
      tell: (command, told) => this.#works.tell(work, command, told),
      // Before it has begun there is none.
      position: () => begun.work?.upload?.position ?? 0,
      abandon: () => this.#works.cancel(work),
    };
    const begun: { work?: Work } = {};
    const talk = new RunningTalk(parameters, speaker, ground, answer);
    const work = (begun.work = this.#start(talk, audio, signal, true));
    return talk;
  }

  /** As {@link talk}. */
  converse(audio: TalkInput, options: TalkOptions = {}): TalkSession {
    return this.talk(audio, options);
  }

  /** The peer's status, as `GET /status` gives it. */
  status(options: CallOptions = {}): Promise<Readonly<Record<string, unknown>>> {
    return this.#post.command(undefined, "status", {}, options);
  }

  /**
   * A message to one client, a group, a channel or all. Resolves when the receiver has handled it, or the house has written it down
   * for one who is away. Messages to one client arrive in the order of their sending, also over lost connections, and once.
   * @throws ParleyError `refused` (`TARGET_NOT_FOUND`, `AUTHORIZATION_DENIED`, `MESSAGE_EXPIRED` …), `work-failed` when its receiver
   * does not handle it, `timed-out`, `cancelled`, `overloaded`
   */
  send(to: Target, content: Content, options: SendOptions = {}): Promise<Sent> {
    return this.#post.send(to, content, options);
  }

  /** To all who listen to `channel` now, or with `toAll` to everybody who is there. @throws ParleyError as {@link send} */
  broadcast(channel: string, content: string, options: SendOptions & { readonly toAll?: boolean } = {}): Promise<Sent> {
    return this.#post.broadcast(channel, content, options);
  }

  /** Tells others that something has happened; it reaches their `event`. @throws ParleyError as {@link send} */
  tell(
    to: Target,
    eventType: string,
    data: Readonly<Record<string, unknown>> = {},
    options: SendOptions = {},
  ): Promise<Sent> {
    return this.#post.tell(to, eventType, data, options);
  }

  /** Has another client do something, and gives what came of it. @throws ParleyError as {@link send}; `work-failed` with its code */
  command(
    to: Target,
    command: string,
    parameters: Readonly<Record<string, unknown>> = {},
    options: SendOptions = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    return this.#post.command(to, command, parameters, options);
  }

  /**
   * Has the peer carry out a command that the program it is embedded in has added. A client that was cut off sends it again, with the
   * same id. @throws ParleyError `refused` (no such command, no right to it, parameters), `work-failed` with the command's own code
   */
  run(
    command: string,
    parameters: Readonly<Record<string, unknown>> = {},
    options: RunOptions = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    return this.#post.command(undefined, command, parameters, options);
  }

  /** Asks the peer, or with `to` another client. @throws ParleyError as {@link send}; `work-failed` with the code of who was asked */
  query(queryType: string, options: QueryOptions = {}): Promise<Answer> {
    return this.#post.query(queryType, options);
  }

  /** The peers of the house that are there, or with `all` those that are not, too. @throws ParleyError as {@link query} */
  async getActiveNodes(options: CallOptions & { readonly all?: boolean } = {}): Promise<readonly NodeSummary[]> {
    const { all = false, ...call } = options;
    return this.#queries.nodes(all, call);
  }

  /** All that is known of one peer, by id or name; of this one when it is not named. @throws ParleyError as {@link query} */
  getNodeDetails(node?: string, options: CallOptions = {}): Promise<NodeDetails> {
    return this.#queries.node(node, options);
  }

  /** What was kept that has to do with `words`, the best first. @throws ParleyError as {@link query} */
  searchMemory(
    words: string,
    options: CallOptions & Pick<QueryOptions, "limit" | "filter" | "includeContext"> = {},
  ): Promise<readonly MemoryHit[]> {
    return this.#queries.memory(words, options);
  }

  /** The sessions of the clients of this peer, then those that ended there, the latest first. @throws ParleyError as {@link query} */
  sessions(options: CallOptions & Pick<QueryOptions, "limit"> = {}): Promise<readonly SessionSummary[]> {
    return this.#queries.sessions(options);
  }

  /** What became of a message of one's own, for each of its receivers. @throws ParleyError as {@link query} */
  getMessageStatus(messageId: string, options: CallOptions = {}): Promise<readonly MessageStatus[]> {
    return this.#queries.messageStatus(messageId, options);
  }

  /** Belongs to these from now on, at whatever peer. @throws ParleyError as {@link send} */
  async join(
    what: { readonly groups?: readonly string[]; readonly channels?: readonly string[] },
    options: CallOptions = {},
  ): Promise<void> {
    await this.#post.command(undefined, "join", copyOf(what), options);
    for (const group of what.groups ?? []) this.#link.groups.add(group);
    for (const channel of what.channels ?? []) this.#link.channels.add(channel);
  }

  /** Belongs to these no more. @throws ParleyError as {@link send} */
  async leave(
    what: { readonly groups?: readonly string[]; readonly channels?: readonly string[] },
    options: CallOptions = {},
  ): Promise<void> {
    for (const group of what.groups ?? []) this.#link.groups.delete(group);
    for (const channel of what.channels ?? []) this.#link.channels.delete(channel);
    await this.#post.command(undefined, "leave", copyOf(what), options);
  }

  /** Ends the connection for good; running work fails with `connection-lost`. */
  close(): void {
    this.#link.close(closedError());
  }

  /** Begins to connect. @throws ParleyError as {@link connect} */
  async open(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => {
      if (signal !== undefined) this.#link.close(abortedError(signal, "connecting"));
    };
    this.#emitter.on("connected", () => resolve());
    this.#over.signal.addEventListener("abort", () => reject(this.#over.signal.reason));
    if (signal?.aborted === true) throw abortedError(signal, "connecting");
    signal?.addEventListener("abort", onAbort);
    this.#link.start();
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #start(course: Course, audio: TalkInput | undefined, signal: AbortSignal | undefined, neverWaits = false): Work {
    const work = this.#works.start(course, audio, signal, neverWaits);
    const refusal = this.#link.end ?? this.#impatience;
    if (refusal !== undefined) this.#works.failAll(refusal);
    this.#link.hurry();
    return work;
  }

  #up(welcome: Welcome, isAgain: boolean): void {
    this.#welcome = welcome;
    this.#continuing.up(welcome);
    this.#impatience = undefined;
    const { name, capabilities } = welcome.serverInfo;
    this.#post.outbox.up();
    this.#works.up({ name, tellsEcho: capabilities.echo === true, resumes: capabilities.resume === true });
    if (this.#link.keeping.learn) this.#nodes.look();
    this.#emitter.emit("connected", { peer: welcome.serverInfo, url: this.#link.url ?? "", isAgain });
  }

  #down(error: ParleyError): void {
    this.#nodes.stop();
    this.#works.down(error);
    this.#post.outbox.down(error);
    this.#emitter.emit("disconnected", { error, willReconnect: true });
  }

  #impatient(error: ParleyError): void {
    this.#impatience = error;
    this.#works.failAll(error);
    this.#post.outbox.failQuestions(error);
  }

  #ended(error: ParleyError): void {
    this.#nodes.stop();
    this.#continuing.refused(error);
    this.#over.abort(error);
    this.#works.failAll(error);
    this.#post.outbox.failAll(error);
    this.#emitter.emit("disconnected", { error, willReconnect: false });
  }

  #onMessage(message: Message): void {
    if (message.type === "EVENT" && this.#works.event(message)) return;
    if (message.type === "COMMAND_RESULT" && this.#works.result(message.payload)) return;
    if (message.type === "ERROR" && this.#works.error(message)) return;
    if (message.type === "EVENT" && message.payload.eventType === "nodes_updated" && this.#link.keeping.learn)
      this.#nodes.look();
    this.#post.take(message);
  }
}

/**
 * Connects to a house, at the first of its peers that answers, and stays connected: when that peer is lost, the client goes on at
 * another one.
 * @throws ParleyError `cannot-connect`, `refused`, `timed-out`, `cancelled`, `protocol`.
 */
export async function connect(options: ConnectOptions): Promise<ParleyClient> {
  const client = new ParleyClient(options);
  await client.open(options.signal);
  return client;
}
