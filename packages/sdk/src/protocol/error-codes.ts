/** The error codes of the protocol itself. Failures inside a command travel in its COMMAND_RESULT. */

export const errorCodes = [
  "INVALID_MESSAGE",
  "AUTHENTICATION_FAILED",
  "AUTHORIZATION_DENIED",
  "RATE_LIMIT_EXCEEDED",
  "TARGET_NOT_FOUND",
  "MESSAGE_EXPIRED",
  "INTERNAL_ERROR",
  "PROVIDER_ERROR",
  "MEMORY_ERROR",
  "DECRYPTION_FAILED",
] as const;
export type ProtocolErrorCode = (typeof errorCodes)[number];

const RETRYABLE: ReadonlySet<ProtocolErrorCode> = new Set([
  "RATE_LIMIT_EXCEEDED",
  "INTERNAL_ERROR",
  "PROVIDER_ERROR",
  "MEMORY_ERROR",
]);

/** Whether the same message may succeed later, where the ERROR itself says nothing else. */
export function isRetryable(code: ProtocolErrorCode): boolean {
  return RETRYABLE.has(code);
}
