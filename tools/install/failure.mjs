/** Why an install failed, in words a person can act on. */

/** @typedef {"offline" | "disk-full" | "not-permitted" | "not-found" | "compiler" | "npm-missing" | "interrupted" | "npm-failed" | "node-missing" | "busy" | "node-too-old"} InstallErrorCode */

/** The one error of the installer: what failed, and the next step. */
export class InstallError extends Error {
  /**
   * @param {InstallErrorCode} code stable, for programs
   * @param {string} message
   * @param {string} nextStep
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, nextStep, options) {
    super(message, options);
    this.name = "InstallError";
    this.code = code;
    this.nextStep = nextStep;
  }
}

/** @type {readonly { code: InstallErrorCode, pattern: RegExp, message: string, nextStep: string }[]} */
const KNOWN = [
  {
    code: "disk-full",
    pattern: /\b(ENOSPC|EDQUOT)\b/,
    message: "the disk is full",
    nextStep: "Free about 1 GB (`npm cache clean --force` helps), then run the same command again.",
  },
  {
    code: "offline",
    pattern:
      /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|ENOTCACHED)\b/,
    message: "the package registry cannot be reached",
    nextStep:
      "Check the network and npm's `registry` and `proxy` settings (`npm ping` tells), then run the same command again.",
  },
  {
    code: "not-permitted",
    pattern: /\b(EACCES|EPERM|EROFS)\b/,
    message: "a file or folder may not be written",
    nextStep:
      "Make this folder and npm's cache (`npm config get cache`) writable for you, then run the same command again.",
  },
  {
    code: "not-found",
    pattern: /\b(E404|ETARGET|ENOVERSIONS)\b/,
    message: "the registry does not have a package that package.json asks for",
    nextStep: "See which one above; a registry mirror may lag behind: `npm install --registry=URL` uses another.",
  },
  {
    code: "compiler",
    pattern: /gyp ERR!|node-gyp|cmake-js/i,
    message: "a package could not be compiled",
    nextStep:
      "Install a C++ compiler, make and Python 3 (Debian: `apt-get install build-essential python3`), then run again.",
  },
];

/**
 * @param {{ code: number | null, signal: string | null, output: string }} end how npm ended (`signal`: what stopped it or us), and the last it printed
 * @returns {InstallError}
 */
export function explainFailure({ code, signal, output }) {
  if (signal !== null) {
    return new InstallError(
      "interrupted",
      `npm install was stopped by ${signal}`,
      "Run the same command again: it goes on where it stopped.",
    );
  }
  const known = KNOWN.find(({ pattern }) => pattern.test(output));
  if (known !== undefined) {
    return new InstallError(known.code, `npm install failed: ${known.message}`, known.nextStep);
  }
  return new InstallError(
    "npm-failed",
    `npm install failed with exit code ${code}`,
    "Read npm's words above. If a half-made node_modules is in the way, delete that folder and run the same command again.",
  );
}
