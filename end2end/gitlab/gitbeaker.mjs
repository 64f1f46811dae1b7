// A client that has nothing to do with python-gitlab, @gitbeaker/rest, against a server: project, pipeline, jobs,
// artifacts, variables, schedules, runners. The server is at WEIR_URL, an administrator's token in WEIR_TOKEN, and
// WEIR_PROJECT is a project with a repository and a pipeline of its own. Each thing that is checked is a line,
// "ok 1 - what" or "not ok 1 - what".
import assert from "node:assert/strict";
import { Gitlab } from "@gitbeaker/rest";

const { WEIR_URL: host, WEIR_TOKEN: token, WEIR_PROJECT: path } = process.env;
const api = new Gitlab({ host, token });
const key = `BEAKER_${path.replace(/[^A-Za-z0-9]/g, "_").toUpperCase()}`;
let count = 0;
let failed = 0;

async function check(what, body) {
  count += 1;
  try {
    await body();
    console.log(`ok ${count} - ${what}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${count} - ${what}`);
    console.log(String(error.stack ?? error).replace(/^/gm, "# "));
    if (error.cause?.description) console.log(`# ${JSON.stringify(error.cause.description)}`);
  }
}

/** Waits for a condition, never for time alone. */
async function until(what, ask) {
  const end = Date.now() + 120_000;
  for (;;) {
    const found = await ask();
    if (found) return found;
    if (Date.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((resume) => setTimeout(resume, 100));
  }
}

async function refused(status, call) {
  await assert.rejects(call, (error) => {
    assert.equal(error.cause?.response?.status, status, String(error));
    return true;
  });
}

let project;
let pipeline;
let jobs = [];
const ended = new Set(["success", "failed", "canceled", "skipped", "manual"]);

await check("who asks", async () => {
  const me = await api.Users.showCurrentUser();
  assert.equal(me.state, "active");
  assert.ok(me.is_admin);
});

await check("the project, by its path and in the list", async () => {
  project = await api.Projects.show(path);
  assert.equal(project.path_with_namespace, path);
  assert.equal((await api.Projects.show(project.id)).id, project.id);
  const listed = await api.Projects.all({ search: project.path, perPage: 1 });
  assert.ok(listed.some((one) => one.id === project.id));
  await refused(404, () => api.Projects.show("no/where"));
});

await check("a branch and a file of its repository", async () => {
  const branch = await api.Branches.show(project.id, project.default_branch);
  assert.ok(branch.default);
  const file = await api.RepositoryFiles.show(project.id, ".gitlab-ci.yml", project.default_branch);
  assert.equal(Buffer.from(file.content, "base64").length, file.size);
});

await check("a variable of the project", async () => {
  const made = await api.ProjectVariables.create(project.id, key, "a-value-that-is-long", { masked: true });
  assert.equal(made.masked, true);
  await api.ProjectVariables.edit(project.id, key, "an0ther-value-that-is-long");
  assert.equal((await api.ProjectVariables.show(project.id, key)).value, "an0ther-value-that-is-long");
  assert.ok((await api.ProjectVariables.all(project.id)).some((one) => one.key === key));
  await api.ProjectVariables.remove(project.id, key);
  await refused(404, () => api.ProjectVariables.show(project.id, key));
});

await check("a pipeline is started", async () => {
  pipeline = await api.Pipelines.create(project.id, project.default_branch, {
    variables: [{ key: "WHO", value: "gitbeaker" }],
  });
  assert.equal(pipeline.project_id, project.id);
  assert.equal(pipeline.source, "api");
  const kept = await api.Pipelines.allVariables(project.id, pipeline.id);
  assert.deepEqual(kept.map((one) => [one.key, one.value]), [["WHO", "gitbeaker"]]);
  await refused(400, () => api.Pipelines.create(project.id, "no-such-branch"));
});

await check("it comes to rest, and its jobs are listed in both ways", async () => {
  await until("every job has ended or waits for somebody", async () => {
    jobs = await api.Jobs.all(project.id, { pipelineId: pipeline.id, includeRetried: false });
    return jobs.length > 0 && jobs.every((job) => ended.has(job.status));
  });
  const done = await api.Pipelines.show(project.id, pipeline.id);
  assert.ok(done.detailed_status.text);
  const all = await api.Jobs.all(project.id, { scope: ["success"], perPage: 50 });
  assert.ok(all.length > 0 && all.every((job) => job.status === "success"));
  const one = await api.Jobs.show(project.id, jobs[0].id);
  assert.deepEqual([one.id, one.name], [jobs[0].id, jobs[0].name]);
});

await check("the log of a job", async () => {
  const done = jobs.find((job) => job.status === "success");
  const log = await api.Jobs.showLog(project.id, done.id);
  assert.match(String(log), /\S/);
});

await check("artifacts: the archive, and one file of it", async () => {
  const built = jobs.find((job) => job.artifacts_file);
  assert.ok(built, "a job with an archive");
  const archive = await api.JobArtifacts.downloadArchive(project.id, { jobId: built.id });
  const bytes = Buffer.from(await archive.arrayBuffer());
  assert.equal(bytes.subarray(0, 2).toString(), "PK");
  assert.equal(bytes.length, built.artifacts_file.size);
  await api.JobArtifacts.keep(project.id, built.id);
  assert.equal((await api.Jobs.show(project.id, built.id)).artifacts_expire_at, null);
});

await check("a job is run again, and canceled", async () => {
  const done = jobs.find((job) => job.status === "success");
  const again = await api.Jobs.retry(project.id, done.id);
  assert.notEqual(again.id, done.id);
  const stopped = await api.Jobs.cancel(project.id, again.id);
  assert.equal(stopped.id, again.id);
  await until("it has ended", async () => ended.has((await api.Jobs.show(project.id, again.id)).status));
});

await check("a manual job is played", async () => {
  const waiting = (await api.Jobs.all(project.id, { pipelineId: pipeline.id })).find((job) => job.status === "manual");
  if (!waiting) return;
  const played = await api.Jobs.play(project.id, waiting.id);
  assert.equal(played.id, waiting.id);
  assert.notEqual(played.status, "manual");
  await until("it has ended", async () => ended.has((await api.Jobs.show(project.id, waiting.id)).status));
  const places = await api.Environments.all(project.id);
  assert.ok(places.every((one) => one.slug));
});

await check("the tests of the pipeline", async () => {
  const report = await api.Pipelines.showTestReport(project.id, pipeline.id);
  assert.equal(typeof report.total_count, "number");
});

await check("a schedule with a variable", async () => {
  const made = await api.PipelineSchedules.create(project.id, "nightly", project.default_branch, "0 3 * * *", {
    cronTimezone: "Europe/Berlin",
    active: false,
  });
  assert.equal(made.cron_timezone, "Europe/Berlin");
  await api.PipelineScheduleVariables.create(project.id, made.id, "MODE", "full");
  await api.PipelineSchedules.edit(project.id, made.id, { description: "still nightly" });
  const now = await api.PipelineSchedules.show(project.id, made.id);
  assert.deepEqual([now.description, now.variables[0].key], ["still nightly", "MODE"]);
  assert.ok((await api.PipelineSchedules.all(project.id)).some((one) => one.id === made.id));
  await refused(400, () => api.PipelineSchedules.create(project.id, "x", project.default_branch, "never"));
  await api.PipelineSchedules.remove(project.id, made.id);
  await refused(404, () => api.PipelineSchedules.show(project.id, made.id));
});

await check("a trigger", async () => {
  const made = await api.PipelineTriggerTokens.create(project.id, "from elsewhere");
  assert.ok((await api.PipelineTriggerTokens.all(project.id)).some((one) => one.id === made.id));
  await api.PipelineTriggerTokens.remove(project.id, made.id);
});

await check("runners of the server and of the project", async () => {
  const made = await api.Users.createCIRunner("project_type", { projectId: project.id, description: "beaker", tagList: ["one"] });
  assert.match(made.token, /^glrt-/);
  const one = await api.Runners.show(made.id);
  assert.deepEqual([one.description, one.status], ["beaker", "never_contacted"]);
  assert.equal((await api.Runners.edit(made.id, { paused: true })).paused, true);
  assert.ok((await api.Runners.all({ projectId: project.id })).some((runner) => runner.id === made.id));
  assert.ok((await api.Runners.all({ owned: true })).some((runner) => runner.id === made.id));
  await api.Runners.remove({ runnerId: made.id });
  await refused(404, () => api.Runners.show(made.id));
});

await check("the pipeline is deleted", async () => {
  await api.Pipelines.remove(project.id, pipeline.id);
  await refused(404, () => api.Pipelines.show(project.id, pipeline.id));
});

console.log(`1..${count}`);
process.exit(failed ? 1 : 0);
