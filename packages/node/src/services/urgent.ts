/** Engines as a live conversation uses them: somebody waits, so its work goes before all that is not live. */
import type { SpeechToText, TextToSpeech } from "@parley/audio/engines";

/** `stt`; each call goes before those that are not urgent. */
export function urgentSpeechToText(stt: SpeechToText): SpeechToText {
  const urgent: SpeechToText = {
    ...stt,
    transcribe: (samples, how) => stt.transcribe(samples, { ...how, urgent: true }),
  };
  const startStream = stt.startStream?.bind(stt);
  return startStream === undefined
    ? urgent
    : { ...urgent, startStream: (how) => startStream({ ...how, urgent: true }) };
}

/** `tts`; each call goes before those that are not urgent. */
export function urgentTextToSpeech(tts: TextToSpeech): TextToSpeech {
  return { ...tts, synthesize: (text, how) => tts.synthesize(text, { ...how, urgent: true }) };
}
