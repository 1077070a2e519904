/** What defaults depend on: this machine and this user, and where each platform wants programs to keep things. */
import os from "node:os";
import path from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** This machine and this user, as far as the configuration cares. */
export interface HostFacts {
  readonly platform: NodeJS.Platform;
  readonly hostname: string;
  readonly cores: number;
  readonly userFolder: string;
  /** Parley's folder where this user's programs keep data. */
  readonly dataFolder: string;
  /** Parley's folder where this user's programs keep their configuration. */
  readonly configFolder: string;
}

/** The facts of the machine this process runs on. */
export function hostFacts(env: Environment): HostFacts {
  // An empty HOME is no folder; the password file knows better.
  const userFolder = os.homedir() || os.userInfo().homedir;
  return {
    platform: process.platform,
    hostname: os.hostname(),
    cores: os.availableParallelism(),
    userFolder,
    ...userFolders(process.platform, userFolder, env),
  };
}

/**
 * Parley's data and configuration folders. Linux and other Unixes: the XDG Base Directory Specification, which says
 * that relative paths are to be ignored. macOS: Application Support. Windows: local and roaming application data.
 */
export function userFolders(
  platform: NodeJS.Platform,
  userFolder: string,
  env: Environment,
): Pick<HostFacts, "dataFolder" | "configFolder"> {
  const paths = platform === "win32" ? path.win32 : path.posix;
  const folder = (name: string, ...fallback: readonly string[]) => {
    const given = env[name];
    return given !== undefined && paths.isAbsolute(given) ? given : paths.join(userFolder, ...fallback);
  };
  if (platform === "win32") {
    return {
      dataFolder: paths.join(folder("LOCALAPPDATA", "AppData", "Local"), "Parley"),
      configFolder: paths.join(folder("APPDATA", "AppData", "Roaming"), "Parley"),
    };
  }
  if (platform === "darwin") {
    const support = paths.join(userFolder, "Library", "Application Support", "Parley");
    return { dataFolder: support, configFolder: support };
  }
  return {
    dataFolder: paths.join(folder("XDG_DATA_HOME", ".local", "share"), "parley"),
    configFolder: paths.join(folder("XDG_CONFIG_HOME", ".config"), "parley"),
  };
}
