/** What people are told of other clusters. */
import { howToUnite } from "../../status/others.ts";

export type Meeting = "two-clusters" | "foreign" | "waiting";

/** Undefined where it is nothing to them. */
export function newsOf(meeting: Meeting, cluster: string): string | undefined {
  switch (meeting) {
    case "waiting":
      return `This peer waits beside the cluster ${cluster}: parley pair on a member shows a code for parley join.`;
    case "two-clusters":
      return `Another cluster was met, ${cluster}; neither gives itself up. ${howToUnite()}`;
    case "foreign":
      return undefined;
  }
}
