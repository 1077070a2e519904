/** Named test engines, run in real engine hosts. */
export { crashHost, energyVadHost, fixedDelaySttHost, fixedDelayTtsHost } from "./hosts.ts";
