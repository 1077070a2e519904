/** A real nginx in front of several peers, on loopback, with all it writes in a folder of the test's. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, connect } from "node:net";
import { join } from "node:path";

const PROGRAM = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"].find((path) => existsSync(path));
export const hasNginx = PROGRAM !== undefined;
if (!hasNginx) console.info("skipped: nginx is not installed (Debian: nginx-light)");

const START_MS = 10_000;

export interface Nginx {
  readonly port: number;
  close(): Promise<void>;
}

/** Passes WebSockets and requests on to `ports` in turn, as docs/ACCESS.md says. */
export async function startNginx(folder: string, ports: readonly number[]): Promise<Nginx> {
  if (PROGRAM === undefined) throw new Error("nginx is not installed");
  const port = await freePort();
  const prefix = join(folder, "nginx");
  await mkdir(join(prefix, "tmp"), { recursive: true });
  await writeFile(join(prefix, "nginx.conf"), configOf(port, ports));
  const args = ["-p", prefix, "-c", "nginx.conf", "-e", "error.log", "-g", "daemon off;"];
  const child = spawn(PROGRAM, args, { cwd: prefix, stdio: "ignore" });
  const exited = once(child, "exit");
  const close = async (): Promise<void> => {
    child.kill("SIGTERM");
    await exited;
  };
  for (const untilMs = performance.now() + START_MS; !(await answers(port));) {
    if (child.exitCode !== null || performance.now() > untilMs) {
      await close();
      throw new Error(`nginx does not serve: ${await readFile(join(prefix, "error.log"), "utf8")}`);
    }
  }
  return { port, close };
}

function configOf(port: number, ports: readonly number[]): string {
  const servers = ports.map((each) => `server 127.0.0.1:${each} max_fails=1 fail_timeout=2s;`);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path tmp/${name};`,
  );
  return `
    worker_processes 1;
    pid nginx.pid;
    error_log error.log;
    events { worker_connections 1024; }
    http {
      access_log off;
      ${temporary.join("\n      ")}
      upstream peers { ${servers.join(" ")} }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://peers;
          proxy_set_header Host $http_host;
          proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
          proxy_set_header X-Forwarded-Proto $scheme;
          proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection "upgrade";
          proxy_connect_timeout 2s;
          proxy_read_timeout 1h;
        }
      }
    }
  `;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(port: number): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    // Not yet.
    return false;
  } finally {
    socket.destroy();
  }
}
