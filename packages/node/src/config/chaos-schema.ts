/** Whether people may have their own house hurt. */
import * as z from "zod";
import { section, setting } from "./setting.ts";

export const chaosSection = section("Faults that an admin has done to the house on purpose: parley chaos.", {
  allowed: setting(z.boolean(), {
    meaning:
      "Whether an admin may have this peer stopped, killed, cut off and slowed for some seconds, to see what the house " +
      "survives (parley chaos). Each peer says so for itself.",
    default: false,
  }),
});
