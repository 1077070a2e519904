/** Which addresses this machine has. */
import { networkInterfaces } from "node:os";
import { isLoopback } from "./addresses.ts";

/** Whether an IP address is one of this machine's, or stands for all of them. */
export function isHere(address: string): boolean {
  if (isLoopback(address) || address === "0.0.0.0" || /^[0:]+$/.test(address)) return true;
  const [plain] = address.toLowerCase().split("%");
  return Object.values(networkInterfaces()).some((infos) => infos?.some((info) => info.address === plain));
}
