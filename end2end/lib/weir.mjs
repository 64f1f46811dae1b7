// The real server, in a folder of its own, for as long as a test needs it.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const REPOSITORY = resolve(import.meta.dirname, "../..");

/** The executable under test. */
export const WEIR = process.env.WEIR_BIN ?? join(REPOSITORY, "target/debug/weir");

/** The line that the server prints once it answers. */
const SERVING = /^weir: serving (http:\/\/\S+) \(data (.*)\)$/m;

/**
 * Starts `weir serve --local` on a free port, or, when it is not `local`, a server with accounts.
 *
 * @param {{args?: string[], env?: Record<string, string>, data?: string, local?: boolean}} [options] more arguments,
 *   more environment, a data folder to use again (which is then left in place), and whether everybody is its owner
 * @returns {Promise<Weir>}
 */
export async function startWeir({ args = [], env = {}, data, local = true } = {}) {
  const folder = data ?? (await mkdtemp(join(tmpdir(), "weir-e2e-")));
  const child = spawn(
    WEIR,
    ["serve", ...(local ? ["--local"] : []), "--listen", "127.0.0.1:0", "--data", folder, ...args],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } },
  );
  const weir = new Weir(child, folder, data === undefined);
  try {
    weir.url = await weir.serving();
  } catch (error) {
    await weir.stop();
    throw error;
  }
  return weir;
}

/** A running server. */
export class Weir {
  /** Where it answers, without a slash at the end. */
  url = "";
  /** What it printed so far, for a failing test to show. */
  output = "";
  #child;
  #temporary;
  #ended;

  constructor(child, data, temporary) {
    this.#child = child;
    this.#temporary = temporary;
    /** The data folder. */
    this.data = data;
    this.#ended = new Promise((done) => {
      child.on("error", (error) => done(error.message));
      child.on("exit", (code, signal) => done(`exit ${code ?? signal}`));
    });
  }

  /** Resolves with the address once the server says that it serves. */
  serving() {
    return new Promise((found, failed) => {
      let stdout = "";
      this.#child.stderr.on("data", (chunk) => (this.output += chunk));
      this.#child.stdout.on("data", (chunk) => {
        this.output += chunk;
        stdout += chunk;
        const line = SERVING.exec(stdout);
        if (line) found(line[1]);
      });
      this.#ended.then((how) => failed(new Error(`${WEIR} did not start (${how}):\n${this.output}`)));
    });
  }

  /** Ends server and runner, and removes the data folder if it was made for this server. */
  async stop() {
    this.#child.kill("SIGTERM");
    const hanging = setTimeout(() => {
      this.output += "\nthe server did not end after SIGTERM";
      this.#child.kill("SIGKILL");
    }, 15_000);
    await this.#ended;
    clearTimeout(hanging);
    // The runner outlives its server on purpose. If there is none to stop, the server never started, which was reported.
    await run(["runner", "stop", "--data", this.data]).catch(() => undefined);
    if (!this.#temporary) return;
    // Beside the data is what jobs reach that have users of their own.
    for (const folder of [this.data, `${this.data}-jobs`]) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Sends a request below the server's address; a body is sent as JSON. */
  async request(method, path, body, headers = {}) {
    const response = await fetch(this.url + path, {
      method,
      headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!response.ok) {
      throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    }
    return response;
  }

  /** The JSON answer of a request. */
  async json(method, path, body) {
    return (await this.request(method, path, body)).json();
  }

  /** Stores a pipeline of this definition and returns its id. */
  async createPipeline(id, definition, name = id) {
    await this.json("POST", "/api/pipelines", { id, name, definition });
    return id;
  }

  /** Triggers a pipeline; `job` is the run's id for the REST interface, `run` its number in web addresses. */
  async trigger(pipeline, body = {}) {
    const path = `/api/pipelines/${encodeURIComponent(pipeline)}/run`;
    const { jobId, runId } = await this.json("POST", path, body);
    return { job: jobId, run: runId };
  }

  /** The numbers of a run's jobs, in the order of its page. */
  async jobsOf(run) {
    const page = await (await this.request("GET", `/runs/${run}`)).text();
    const found = [...page.matchAll(/href="\/jobs\/(\d+)[?#"]/g)].map(([, id]) => id);
    return [...new Set(found)];
  }

  /** Waits on the server until the run satisfies the condition, and returns it. */
  async until(id, condition) {
    const path = `/api/jobs/${encodeURIComponent(id)}`;
    let tag;
    for (;;) {
      const headers = tag ? { "if-none-match": tag, prefer: "wait=30" } : {};
      const response = await fetch(this.url + path, { headers });
      if (response.status === 304) continue;
      if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
      tag = response.headers.get("etag");
      const run = await response.json();
      if (condition(run)) return run;
    }
  }

  /** Waits until the run has ended, and returns it. */
  finished(id) {
    return this.until(id, (run) => ["completed", "failed", "cancelled"].includes(run.status));
  }
}

/** Runs `weir` with these arguments; resolves with its exit code and output, also when it fails. */
export function run(args, { env = {}, cwd } = {}) {
  return new Promise((done, failed) => {
    const child = spawn(WEIR, args, {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    const result = { code: null, stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => (result.stdout += chunk));
    child.stderr.on("data", (chunk) => (result.stderr += chunk));
    child.on("error", failed);
    child.on("close", (code) => done({ ...result, code }));
  });
}
