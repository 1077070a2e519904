/** A person in front of a peer, in real time: what they say, what they hear, what they are told. */
export { LiveMicrophone } from "./microphone.ts";
export { LiveSpeaker, type PlayedReply, type SpeakerDeed } from "./speaker.ts";
export { TalkListener, type TalkEventOf } from "./listener.ts";
export { cleanedOf, heldAgainst, type EchoScene, type Reaction, type Scene } from "./over-reply.ts";
export { Blocks } from "./blocks.ts";
