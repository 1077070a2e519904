/**
 * The course of a conversation by plain reasoning: one long decision instead of a machine, states and deadlines only.
 * Written from the requirements, not from the machine, so that the two can disagree.
 */
import type { InteractionEvent, InteractionOptions, InteractionState } from "../../../src/turn/index.ts";

type Work = "none" | "recognising" | "recognised" | "thinking" | "answered";

export function referenceConversation(o: InteractionOptions) {
  let nowMs = 0;
  let state: InteractionState = "idle";
  /** By what the state may end by itself. */
  let deadlines: { atMs: number; leave: () => void }[] = [];
  let opening: "wake" | "key" | "speech" | "follow-up" | "interruption" | "resumption" = "key";
  let capture: "endpoint" | "held" | "window" = "endpoint";
  let openedMs = 0;
  /** Longest that this turn may still be listened to. */
  let leftMs = o.maxUtteranceMs;
  let pressedMs = 0;
  let award: "none" | "pending" | "won" = "none";
  let spoke = false;
  let ended = false;
  let spilled = false;
  let early = false;
  let work: Work = "none";
  let blank = false;
  let hasText = false;
  let hasAudio = false;
  let generation = 0;
  let stopped = 0;
  let shut = false;
  let ducked = false;

  const go = (next: InteractionState, ...waits: [afterMs: number, leave: () => void][]): void => {
    state = next;
    deadlines = waits.map(([afterMs, leave]) => ({ atMs: nowMs + afterMs, leave }));
  };
  /** By the clock, or by the sound: whichever is longer. */
  const isHeld = ({ toMs }: Extract<InteractionEvent, { type: "release" }>): boolean =>
    Math.max(nowMs - openedMs, toMs - pressedMs) >= o.minHoldMs;
  const idle = (): void => {
    work = "none";
    go("idle");
  };
  const begin = (why: typeof opening, how: typeof capture = o.capture): void => {
    opening = why;
    capture = how;
    openedMs = nowMs;
    leftMs = o.maxUtteranceMs;
    award = why === "wake" ? "pending" : "none";
    spoke = why === "speech" || why === "interruption";
    ended = false;
    spilled = false;
    work = "none";
    early = false;
  };
  const wakeUp = (): void => go("wakeword_detected", [o.arbitrationMs, () => ((award = "won"), listen())]);

  /** Ears are open. What is being said may already be over. */
  const listen = (): void => {
    early = false;
    if (ended) return finish();
    const giveUp = (): void => (spoke || capture === "held" ? finish() : idle());
    go("listening_for_command", [leftMs, giveUp]);
    if (capture === "window") deadlines.push({ atMs: nowMs + o.windowMs, leave: () => (spoke ? finish() : idle()) });
    const silenceMs = opening === "follow-up" ? o.followUpMs : o.noSpeechMs;
    if (capture === "endpoint" && !spoke) deadlines.push({ atMs: nowMs + silenceMs, leave: idle });
  };
  const startWork = (): void => {
    generation += 1;
    work = "recognising";
    hasText = false;
    hasAudio = false;
  };
  /** What was said is over, whatever is known of it by now. */
  const finish = (): void => {
    early = false;
    if (work === "recognised" && blank) return idle();
    if (work === "answered") return written();
    if (hasAudio && work !== "none") return speak();
    if (hasText && work !== "none") return respond();
    if (work === "recognised") work = "thinking";
    if (work === "none") startWork();
    go("processing", [work === "thinking" ? o.thinkMs : o.transcribeMs, idle]);
  };
  const respond = (): void => go("responding", [o.firstSoundMs, idle]);
  /** In writing it is over, but who was going on before they can have read it still is heard. */
  const written = (): void => {
    if (o.joinGraceMs === 0 || o.interruptions !== "any-speech" || capture === "held") return answered();
    work = "answered";
    go("responding", [o.joinGraceMs + 250 + 300, answered]);
  };
  const join = (): void => {
    leftMs = Math.max(1, o.maxUtteranceMs - (nowMs - openedMs));
    work = "none";
    spoke = true;
    ended = false;
  };
  const joins = (): boolean => capture !== "held" && opening !== "resumption" && nowMs - openedMs < o.maxUtteranceMs;
  const speak = (): void => {
    ducked = false;
    go("speaking", [o.playbackMs, () => interrupt(false)]);
  };
  const answered = (): void => {
    work = "none";
    if (o.mode === "open" || o.followUpMs === 0 || capture === "held") return idle();
    begin("follow-up");
    listen();
  };
  const interrupt = (goesOn: boolean): void => {
    stopped = generation;
    shut = !goesOn;
    work = "none";
    go("interrupting", [o.stopMs, silent]);
  };
  const silent = (): void => {
    if (shut) idle();
    else if (award === "pending") wakeUp();
    else listen();
  };

  const onListening = (event: InteractionEvent, current: boolean): void => {
    const points = capture === "endpoint";
    const waits = points && !spoke;
    switch (event.type) {
      case "wake":
        if (award === "none" && opening !== "key") award = "pending";
        return;
      case "press":
        work = "none";
        early = false;
        capture = "held";
        opening = "key";
        award = "none";
        openedMs = nowMs;
        deadlines = deadlines.slice(0, 1);
        return;
      case "hotkey":
        return spoke ? finish() : idle();
      case "speech-start":
        if (opening === "follow-up" && !spoke) openedMs = nowMs;
        spoke = true;
        if (waits) deadlines = deadlines.slice(0, 1);
        if (early) work = "none";
        early = false;
        return;
      case "may-end":
        if (!points || !spoke || early) return;
        early = true;
        return startWork();
      case "goes-on":
        if (early) work = "none";
        early = false;
        return;
      case "ended":
        return points && spoke ? finish() : undefined;
      case "release":
        if (capture !== "held") return;
        return isHeld(event) ? finish() : idle();
      case "transcript":
        if (!early || !current || work !== "recognising") return;
        blank = event.text.trim() === "";
        work = !blank && (event.complete ?? 1) >= o.thinkEarlyFrom ? "thinking" : "recognised";
        return;
      case "text":
        hasText ||= current && work === "thinking";
        return;
      case "audio":
        hasAudio ||= current && work === "thinking";
        return;
      case "answered":
        if (current && work === "thinking") work = "answered";
        return;
      case "failed":
        if (early && current) work = "none";
        return;
      default:
    }
  };

  const onWork = (event: InteractionEvent, current: boolean): void => {
    switch (event.type) {
      case "wake":
        if (o.interruptions === "never") return;
        begin("wake");
        return wakeUp();
      case "press":
      case "hotkey":
        begin("key", event.type === "press" ? "held" : o.capture);
        return listen();
      case "barge-in":
        if (o.interruptions !== "any-speech") return;
        if (joins()) {
          join();
          return listen();
        }
        if (work === "recognising") {
          spilled = true;
          return;
        }
        begin("interruption");
        return listen();
      case "transcript":
        if (!current || state !== "processing" || work !== "recognising") return;
        if (spilled) {
          begin("interruption");
          return listen();
        }
        if (event.text.trim() === "") return idle();
        work = "thinking";
        return go("processing", [o.thinkMs, idle]);
      case "text":
      case "progress":
        if (work === "answered") return;
        if (current && (state === "responding" || (work === "thinking" && event.type === "text"))) respond();
        return;
      case "audio":
        return current && work === "thinking" ? speak() : undefined;
      case "answered":
        return current && work === "thinking" ? written() : undefined;
      case "failed":
        return current ? idle() : undefined;
      default:
    }
  };

  const onSpeaking = (event: InteractionEvent, current: boolean): void => {
    switch (event.type) {
      case "progress":
        if (current && !ducked) speak();
        return;
      case "answered":
        return current ? answered() : undefined;
      case "duck":
        if (ducked) return;
        go("speaking", [o.duckMs, speak]);
        ducked = true;
        return;
      case "restore":
        return ducked ? speak() : undefined;
      case "barge-in":
        if (o.interruptions !== "any-speech") return;
        if ((event.heardMs ?? Infinity) > o.joinGraceMs || !joins()) {
          begin("interruption");
          return interrupt(true);
        }
        interrupt(true);
        return join();
      case "wake":
        if (o.interruptions === "never") return;
        begin("wake");
        return interrupt(true);
      case "press":
      case "hotkey":
        begin("key", event.type === "press" ? "held" : o.capture);
        return interrupt(true);
      case "failed":
        return current ? interrupt(false) : undefined;
      default:
    }
  };

  const onInterrupting = (event: InteractionEvent): void => {
    switch (event.type) {
      case "stopped":
        return event.generation === stopped ? silent() : undefined;
      case "speech-start":
        spoke = true;
        ended = false;
        return;
      case "ended":
        ended ||= spoke;
        return;
      case "release":
        if (shut || capture !== "held") return;
        if (isHeld(event)) ended = true;
        else shut = true;
        return;
      case "wake":
        if (shut) {
          begin("wake");
          return wakeUp();
        }
        if (award === "none" && opening !== "key") award = "pending";
        return;
      case "press":
      case "hotkey":
        if (shut) {
          begin("key", event.type === "press" ? "held" : o.capture);
          return listen();
        }
        opening = "key";
        award = "none";
        if (event.type === "press") {
          capture = "held";
          openedMs = nowMs;
        }
        return;
      default:
    }
  };

  const onAny = (event: InteractionEvent): boolean => {
    if (state === "idle") return false;
    if (event.type === "cancel") {
      if (state === "speaking") interrupt(false);
      else if (state === "interrupting") shut = true;
      else idle();
      return true;
    }
    if (event.type === "won" && award === "pending" && state !== "speaking") {
      award = "won";
      if (state === "wakeword_detected") listen();
      return true;
    }
    if (event.type === "lost" && award !== "none" && state !== "speaking") {
      if (state === "interrupting") shut = true;
      else idle();
      return true;
    }
    return false;
  };

  const onIdle = (event: InteractionEvent): void => {
    if (event.type === "wake") {
      begin("wake");
      wakeUp();
    } else if (event.type === "press" || event.type === "hotkey") {
      begin("key", event.type === "press" ? "held" : o.capture);
      listen();
    } else if (event.type === "speech-start" && o.mode === "open") {
      begin("speech");
      listen();
    } else if (event.type === "resume" && event.text.trim() !== "") {
      begin("resumption");
      startWork();
      work = "thinking";
      go("processing", [o.thinkMs, idle]);
    }
  };

  const onWake = (event: InteractionEvent): void => {
    if (event.type === "press" || event.type === "hotkey") {
      opening = "key";
      award = "none";
      if (event.type === "press") {
        capture = "held";
        openedMs = nowMs;
      }
      listen();
    } else if (event.type === "speech-start") {
      spoke = true;
      ended = false;
    } else if (event.type === "ended") ended ||= spoke;
  };

  return {
    get state() {
      return state;
    },
    advance(atMs: number): void {
      for (;;) {
        const due = deadlines.filter((one) => one.atMs <= atMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (due === undefined) break;
        deadlines = deadlines.filter((one) => one !== due);
        nowMs = due.atMs;
        due.leave();
      }
      nowMs = atMs;
    },
    send(event: InteractionEvent, atMs: number): void {
      this.advance(atMs);
      const current = "generation" in event && event.generation === generation && work !== "none";
      if (event.type === "press") pressedMs = event.fromMs;
      if (onAny(event)) return;
      if (state === "idle") onIdle(event);
      else if (state === "wakeword_detected") onWake(event);
      else if (state === "listening_for_command") onListening(event, current);
      else if (state === "speaking") onSpeaking(event, current);
      else if (state === "interrupting") onInterrupting(event);
      else onWork(event, current);
    },
  };
}
