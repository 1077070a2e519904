/** How far a request may go, as the person says. */
import { Option } from "commander";
import { privacies, type Privacy } from "@parley/sdk";

export interface PrivacyFlag {
  readonly privacy?: Privacy;
}

export function privacyOption(): Option {
  const meaning =
    "keep it on the machine of the peer that is asked (host), or in the house; never looser than set there";
  return new Option("--privacy <farthest>", meaning).choices(privacies);
}

/** The flag, as a client asks. */
export function privacyOf({ privacy }: PrivacyFlag): PrivacyFlag {
  return privacy === undefined ? {} : { privacy };
}
