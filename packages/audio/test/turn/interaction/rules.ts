/** What must hold of the effects of any conversation, whatever came in: checked one effect at a time. */
import type { InteractionEffect, InteractionState } from "../../../src/turn/index.ts";

/** Watches one conversation. `see` throws a sentence when a rule is broken. */
export function watchRules() {
  let turn = 0;
  let lastEnded = 0;
  const begun = new Set<number>();
  const ended = new Set<number>();
  const played = new Map<number, number>();
  /** The turn whose reply was stopped, which may yet go on. */
  let stopped: number | undefined;
  let generation = 0;
  let working: number | undefined;
  let speculative = false;
  let ears: number | undefined;
  let playing: number | undefined;
  let ducked = false;
  const must = (holds: boolean, rule: string): void => {
    if (!holds) throw new Error(rule);
  };

  const see = (effect: InteractionEffect): void => {
    if ("turn" in effect) must(!ended.has(effect.turn), `turn ${effect.turn} is over, and nothing more is done for it`);
    switch (effect.type) {
      case "open-ears":
        must(effect.turn >= turn && effect.turn <= turn + 1, "turns follow each other");
        must(ears === undefined || ears === effect.turn, "ears are open for one turn");
        must(playing === undefined, "no ears for a command while speaking");
        // Of a turn that goes on, what was heard of its reply is dropped.
        if (stopped === effect.turn) played.delete(effect.turn);
        turn = effect.turn;
        begun.add(turn);
        ears = turn;
        return;
      case "close-ears":
        must(ears === effect.turn, "only open ears are closed");
        ears = undefined;
        return;
      case "transcribe":
        must(working === undefined, "one piece of work at a time");
        must(effect.generation === generation + 1, "the generation grows with every start");
        must(effect.speculative === (ears !== undefined), "only while ears are open is work begun early");
        generation = effect.generation;
        working = generation;
        ({ speculative } = effect);
        return;
      case "think":
        if (working === undefined) {
          must(effect.generation === generation + 1 && effect.turn === turn + 1, "what is taken up is new here");
          turn = effect.turn;
          begun.add(turn);
          generation = effect.generation;
          working = generation;
          speculative = false;
        }
        must(working === effect.generation, "thinking belongs to what was recognised");
        must(effect.text.trim() !== "", "nothing is not thought about");
        must(effect.speculative === speculative, "thinking is as certain as the end of the turn");
        return;
      case "confirm":
        must(working === effect.generation && speculative, "what is confirmed was begun early");
        speculative = false;
        return;
      case "cancel-work":
        must(working === effect.generation, "what is cancelled is under way");
        working = undefined;
        return;
      case "play":
        must(ears === undefined, "ears for a command are shut while speaking");
        must(working === effect.generation && !speculative, "what is played is wanted for certain");
        must(!played.has(effect.turn), "a turn is answered once");
        played.set(effect.turn, effect.generation);
        playing = effect.generation;
        ducked = false;
        return;
      case "duck":
        must(playing !== undefined && !ducked, "what plays at full volume is ducked");
        ducked = true;
        return;
      case "restore":
        must(playing !== undefined && ducked, "what is ducked is restored");
        ducked = false;
        return;
      case "stop":
        must(playing === effect.generation, "what plays is stopped");
        stopped = effect.turn;
        playing = undefined;
        return;
      case "end-turn":
        must(begun.has(effect.turn), "a turn that ends has begun");
        must(effect.turn > lastEnded, "turns end in their order");
        if (effect.outcome === "complete") playing = undefined;
        if (effect.turn === turn) {
          must(ears === undefined, "no ears stay open for a turn that is over");
          must(playing === undefined, "nothing plays for a turn that is over");
          // What is answered, or was found to be nothing, has come to its own end.
          if (effect.outcome === "complete" || effect.outcome === "unheard") working = undefined;
          must(working === undefined, "no work goes on for a turn that is over");
        }
        ended.add(effect.turn);
        lastEnded = effect.turn;
        return;
      case "arbitrate":
        must(ears === effect.turn, "what is said while hosts settle is not lost");
        return;
      case "overdue":
        must(working !== undefined, "only what is worked on is overdue");
        must(effect.turn === turn, "what is overdue is of the newest turn");
        return;
      case "signal":
        return;
    }
  };

  return {
    see,
    get generation() {
      return generation;
    },
    /** What the state must say of what is going on. */
    agree(state: InteractionState, newestTurn: number): void {
      must(newestTurn === turn, "the newest turn is the one that was told of");
      must((state === "speaking") === (playing !== undefined), "it is speaking when it plays");
      if (state === "idle") {
        must(ears === undefined && working === undefined, "idle is idle");
        must(begun.size === ended.size, "when idle, every turn has ended");
      }
      const listens = state === "wakeword_detected" || state === "listening_for_command";
      if (state !== "interrupting") must(listens === (ears !== undefined), "ears are open when it listens");
    },
  };
}
