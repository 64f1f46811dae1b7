"""Runs and jobs with python-gitlab: the whole life of a pipeline, and each call of it at least once.

Finds the server in WEIR_URL, a token of an administrator in WEIR_TOKEN, the path of a project in WEIR_PROJECT and its
repository in WEIR_REPOSITORY, where it makes branches of its own. Prints a line for each thing that it checked.
"""

import io
import json
import os
import subprocess
import sys
import time
import zipfile

import gitlab
import requests
import support.checks  # notes the calls

URL, TOKEN = os.environ["WEIR_URL"], os.environ["WEIR_TOKEN"]
PATH, REPOSITORY = os.environ["WEIR_PROJECT"], os.environ["WEIR_REPOSITORY"]
# Slashes, as people have them.
BRANCH, OTHER = "walk/full", "walk/others"

DEFINITION = r"""
stages: [build, test, deploy]
build:
  stage: build
  script: ['mkdir -p out/raw', 'echo "hello $WHO" >out/hello.txt', 'echo deep >out/raw/deep.txt', 'echo built for $WHO']
  artifacts: {paths: [out], expire_in: 1 day}
test:
  stage: test
  coverage: '/coverage (\d+\.\d+)%/'
  script:
    - echo "coverage 81.5%"
    - echo '<testsuite name="s"><testcase name="a" time="0.1"/><testcase name="b"><failure>no</failure></testcase></testsuite>' >report.xml
  artifacts: {reports: {junit: report.xml}}
long: {stage: test, script: ['sleep 600'], rules: [{if: $LONG}]}
deploy: {stage: deploy, when: manual, script: ['echo deployed to $TARGET']}
"""

count = failures = 0


def ok(good, text):
    global count, failures
    count += 1
    failures += not good
    print(f"{'ok' if good else 'not ok'} {count} - {text}", flush=True)
    return good


def same(found, wanted, text):
    if not ok(found == wanted, text):
        print(f"# found {found!r}, wanted {wanted!r}", flush=True)


def refused(kind, code, message, call, text):
    """`call` is refused with this exception, status and message."""
    try:
        call()
    except kind as error:
        same((error.response_code, error.error_message), (code, message), text)
    except Exception as error:  # another one is as wrong as none
        ok(False, f"{text}: {error!r}")
    else:
        ok(False, f"{text}: nothing was refused")


def eventually(text, find, patience=120):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found = find()
        if found:
            ok(True, text)
            return found
        time.sleep(0.1)
    ok(False, f"{text}: not within {patience} s")
    sys.exit(1)


def branch(name, files):
    """A branch with one commit."""
    lines = [f"commit refs/heads/{name}\ncommitter Ada Example <ada@example.org> 1767323045 +0000\n"]
    lines.append(f"data {len(name)}\n{name}\n")
    for path, text in files.items():
        lines.append(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n")
    subprocess.run(["git", "-C", REPOSITORY, "fast-import", "--quiet", "--force"], input="".join(lines).encode(), check=True)


def raw(method, path, **more):
    headers = {"PRIVATE-TOKEN": TOKEN, **more.pop("headers", {})}
    return requests.request(method, f"{URL}/api/v4{path}", headers=headers, allow_redirects=False, timeout=60, **more)


gl = gitlab.Gitlab(URL, private_token=TOKEN)
gl.auth()
project = gl.projects.get(PATH)
ROOT = f"/projects/{project.id}"
branch(BRANCH, {".gitlab-ci.yml": DEFINITION})
branch(OTHER, {".gitlab-ci.yml": DEFINITION})
branch("broken", {".gitlab-ci.yml": "build: {script: [x]\n"})
branch("filtered", {".gitlab-ci.yml": "build: {script: [x], rules: [{if: $NEVER}]}\n"})
branch("unwanted", {".gitlab-ci.yml": "workflow: {rules: [{if: $NEVER}]}\nbuild: {script: [x]}\n"})
branch("bare", {"README": "nothing here\n"})
same(project.pipelines.list(ref="nowhere", get_all=True), [], "no run of an unknown ref")

# --- starting, and what stands against it
base = lambda text: {"base": [text]}
create = lambda **fields: (lambda: project.pipelines.create(fields))
refused(gitlab.GitlabCreateError, 400, base("Reference not found"), create(ref="nowhere"), "an unknown ref")
refused(gitlab.GitlabCreateError, 400, base("Missing CI config file"), create(ref="bare"), "a ref without a definition")
refused(gitlab.GitlabCreateError, 400, base("Duplicate variable name: A"), create(ref=BRANCH, variables=[{"key": "A", "value": "1"}, {"key": "A", "value": "2"}]), "a variable twice")
refused(
    gitlab.GitlabCreateError,
    400,
    base("Pipeline will not run for the selected trigger. The rules configuration prevented any jobs from being added to the pipeline."),
    create(ref="filtered"),
    "a definition whose rules leave nothing",
)
refused(
    gitlab.GitlabCreateError,
    400,
    base("Pipeline filtered out by workflow rules."),
    create(ref="unwanted"),
    "a definition whose workflow lets no run be made",
)
try:
    project.pipelines.create({"ref": "broken"})
    ok(False, "a broken definition is refused")
except gitlab.GitlabCreateError as error:
    ok(error.response_code == 400 and error.error_message["base"], "a broken definition is refused with what is wrong")
same((lambda r: (r.status_code, r.json()))(raw("POST", f"{ROOT}/pipeline", json={})), (400, {"error": "ref is missing"}), "without a ref")
same(raw("POST", f"{ROOT}/pipeline", json={"ref": BRANCH, "variables": "x"}).json(), {"error": "variables is invalid"}, "variables that are none")
same(
    raw("POST", f"{ROOT}/pipeline", json={"ref": BRANCH, "variables": [{"key": "A"}]}).json(),
    {"error": "variables[0][value] is missing"},
    "a variable without its value",
)
try:
    project.pipelines.latest(ref="bare")
    ok(False, "no latest run of a ref without one")
except gitlab.GitlabHttpError as error:
    same((error.response_code, error.error_message), (403, "403 Forbidden"), "no latest run is 403")

pipeline = project.pipelines.create({"ref": BRANCH, "variables": [{"key": "WHO", "value": "you"}, {"key": "DATA", "value": "x", "variable_type": "file"}]})
ok(pipeline.status in ("created", "pending", "running"), "a run is made")
same((pipeline.ref, pipeline.source, pipeline.tag, pipeline.project_id), (BRANCH, "api", False, project.id), "it says what it is")
ok(len(pipeline.sha) == 40 and pipeline.iid >= 1 and pipeline.user["username"] == gl.user.username, "its commit and who started it")
same(pipeline.user["id"], gl.user.id, "the person is the one of /user")
ok("name" not in pipeline.attributes and pipeline.yaml_errors is None and pipeline.before_sha == "0" * 40, "its other fields")
ok(pipeline.web_url.startswith(f"{URL}/{PATH}/-/pipelines/"), "its page is below the address in use")
same(requests.get(pipeline.web_url, headers={"PRIVATE-TOKEN": TOKEN}, timeout=60).status_code, 200, "and there is one")
same(
    [(v.key, v.value, v.variable_type, v.raw) for v in pipeline.variables.list(get_all=True)],
    [("WHO", "you", "env_var", False), ("DATA", "x", "file", False)],
    "its variables",
)
jobs = {job.name: job for job in pipeline.jobs.list(get_all=True)}
same(sorted(jobs), ["build", "deploy", "test"], "its jobs")
early = project.jobs.get(jobs["deploy"].id)
refused(gitlab.GitlabJobPlayError, 400, "400 Bad request - Unplayable Job", early.play, "what has not its turn is not played")
refused(gitlab.GitlabJobRetryError, 403, "403 Forbidden - Job is not retryable", early.retry, "and not retried")


def done():
    pipeline.refresh()
    return pipeline.finished_at is not None


eventually("it ends", done)
same(pipeline.status, "success", "well, since its manual job need not run")
ok(isinstance(pipeline.duration, int) and pipeline.started_at and pipeline.detailed_status["group"] == "success", "it has times")
same(pipeline.coverage, "81.50", "its coverage is a text")
same(project.pipelines.latest(ref=BRANCH).id, pipeline.id, "it is the latest of its ref")
same(project.pipelines.get(pipeline.id).name, None, "it has no name")
renamed = gl.http_put(f"{ROOT}/pipelines/{pipeline.id}/metadata", post_data={"name": "nightly"})
same(renamed["name"], "nightly", "it gets one")
too_long = "Failed to update pipeline - Name is too long (maximum is 255 characters)"
refused(gitlab.GitlabHttpError, 400, too_long, lambda: gl.http_put(f"{ROOT}/pipelines/{pipeline.id}/metadata", post_data={"name": "x" * 256}), "which may not be too long")

# --- lists
listed = project.pipelines.list(ref=BRANCH, status="success", source="api", username=gl.user.username, name="nightly", sha=pipeline.sha, get_all=True)
same([one.id for one in listed], [pipeline.id], "it is found by everything it is")
same(listed[0].attributes["name"], "nightly", "lists tell names")
same(project.pipelines.list(username="nobody-at-all", get_all=True), [], "nobody's runs are none")
same(project.pipelines.list(source="push", get_all=True), [], "what starts no runs has none")
same(project.pipelines.list(yaml_errors=True, get_all=True), [], "no run has errors in its definition")
same(project.pipelines.list(updated_after="2999-01-01T00:00:00Z", get_all=True), [], "nothing is of tomorrow")
for scope, there in [("finished", True), ("running", False), ("branches", True), ("tags", False)]:
    ids = [one.id for one in project.pipelines.list(scope=scope, get_all=True)]
    same(pipeline.id in ids, there, f"scope {scope}")
for name, value in [("scope", "x"), ("status", "x"), ("source", "x"), ("order_by", "x"), ("sort", "x"), ("page", 0), ("per_page", -1)]:
    got = raw("GET", f"{ROOT}/pipelines", params={name: value})
    same((got.status_code, got.json()), (400, {"error": f"{name} does not have a valid value"}), f"a wrong {name}")
others = [project.pipelines.create({"ref": OTHER}).id for _ in range(3)]
ascending = [one.id for one in project.pipelines.list(order_by="id", sort="asc", per_page=2, iterator=True)]
ok(ascending == sorted(ascending) and set(others) <= set(ascending), "pages follow each other, the oldest first")
page = raw("GET", f"{ROOT}/pipelines", params={"per_page": 2, "ref": OTHER})
same([page.headers[f"X-{name}"] for name in ("Page", "Per-Page", "Next-Page", "Prev-Page", "Total", "Total-Pages")], ["1", "2", "2", "", "3", "2"], "the headers of a page")
ok(f'<{URL}/api/v4{ROOT}/pipelines?ref=walk%2Fothers&page=2&per_page=2>; rel="next"' in page.headers["Link"], "its links keep what was asked")
same(raw("HEAD", f"{ROOT}/pipelines").headers["Content-Type"], "application/json", "heads are told")
of_project = project.jobs.list(scope=["success"], per_page=100)
ok(jobs["build"].id in [job.id for job in of_project], "jobs are found by their status")
same(project.jobs.list(scope="failed", ref=BRANCH, get_all=True), [], "by one status, and by ref")
keyset = gitlab.Gitlab(URL, private_token=TOKEN, pagination="keyset", order_by="id", per_page=2)
walked = [job.id for job in keyset.projects.get(PATH, lazy=True).jobs.list(iterator=True)]
ok(walked == sorted(walked, reverse=True) and jobs["build"].id in walked, "a keyset walks through all jobs")
numbered = raw("GET", f"{ROOT}/jobs")
ok("X-Total" not in numbered.headers and numbered.headers["X-Page"] == "1", "nobody counts all jobs")
same(raw("GET", f"{ROOT}/jobs", params={"pagination": "keyset", "order_by": "name"}).status_code, 405, "another keyset there is not")

# --- one job
build = project.jobs.get(jobs["build"].id)
same((build.status, build.stage, build.name, build.ref, build.tag), ("success", "build", "build", BRANCH, False), "a job says what it is")
ok(isinstance(build.duration, float) and build.runner["description"] and build.commit["author_name"] == "Ada Example", "who ran it, and for which commit")
ok("failure_reason" not in build.attributes and build.artifacts_file["filename"] == "artifacts.zip", "no reason to fail, and an archive")
same([one["file_type"] for one in build.attributes["artifacts"]], ["archive", "trace"], "its files")
same(gl.http_get(f"{ROOT}/pipelines/{pipeline.id}/jobs/{build.id}")["id"], build.id, "it is also below its run")
same(raw("GET", f"{ROOT}/pipelines/{others[0]}/jobs/{build.id}").status_code, 404, "and below no other")
ok(b"built for you" in build.trace(), "its log")
same(build.trace(byte_offset=0, byte_limit=1), build.trace()[:1], "a part of it")
same(raw("GET", f"{ROOT}/jobs/{build.id}/trace", params={"byte_offset": 10**12}).content, b"", "nothing beyond its end")
same(raw("GET", f"{ROOT}/jobs/{build.id}/trace", params={"byte_offset": -1}).status_code, 400, "nor before its beginning")
same(project.jobs.get(jobs["deploy"].id).trace(), b"", "what has not begun has an empty log")
refused(gitlab.GitlabGetError, 404, "404 Not found", lambda: project.jobs.get(10**9), "an unknown job")
refused(gitlab.GitlabGetError, 404, "404 Not found", lambda: project.pipelines.get(10**9), "an unknown run")
same(raw("GET", f"{ROOT}/jobs/x").json(), {"error": "job_id is invalid"}, "no number at all")

# --- tests
report = pipeline.test_report.get()
same((report.total_count, report.success_count, report.failed_count), (2, 1, 1), "the tests of a run")
same([(s["name"], [c["status"] for c in s["test_cases"]]) for s in report.test_suites], [("test", ["success", "failed"])], "a suite is a job")
summary = pipeline.test_report_summary.get()
same((summary.total["count"], summary.test_suites[0]["build_ids"]), (2, [jobs["test"].id]), "and counted")

# --- artifacts
archive = build.artifacts()
same(sorted(zipfile.ZipFile(io.BytesIO(archive)).namelist())[-1], "out/raw/deep.txt", "an archive")
same(build.artifact("out/hello.txt"), b"hello you\n", "a file in it")
one = raw("GET", f"{ROOT}/jobs/{build.id}/artifacts/out/hello.txt")
ok(one.headers["Content-Type"].startswith("text/plain"), "with its type")
part = raw("GET", f"{ROOT}/jobs/{build.id}/artifacts", headers={"Range": "bytes=0-9"})
same((part.status_code, part.content, part.headers["Content-Range"]), (206, archive[:10], f"bytes 0-9/{len(archive)}"), "a part of it")
same(raw("GET", f"{ROOT}/jobs/{build.id}/artifacts", headers={"Range": f"bytes={len(archive)}-"}).status_code, 416, "none beyond its end")
refused(gitlab.GitlabGetError, 404, "404 Not Found", lambda: project.jobs.get(jobs["deploy"].id).artifacts(), "no archive")
same(raw("GET", f"{ROOT}/jobs/{build.id}/artifacts/out/nothing").status_code, 404, "no such file")
for path in ["..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "out%2f..%2fx", "a" * 4097]:
    same(raw("GET", f"{ROOT}/jobs/{build.id}/artifacts/{path}").status_code, 400, f"a path that leads out, or nowhere: {path[:20]}")
same(project.artifacts.download(ref_name=BRANCH, job="build"), archive, "the archive of a branch")
same(project.artifacts.raw(ref_name=BRANCH, artifact_path="out/raw/deep.txt", job="build"), b"deep\n", "a file of it, below a folder called raw")
refused(gitlab.GitlabGetError, 404, "404 Not found", lambda: project.artifacts.download(ref_name="nowhere", job="build"), "of an unknown branch")
same(raw("GET", f"{ROOT}/jobs/artifacts/{BRANCH}/download").json(), {"error": "job is missing"}, "of no job")
ok(build.artifacts_expire_at, "they have an end")
build.keep_artifacts()
build.refresh()
same(build.artifacts_expire_at, None, "and are kept beyond it")

# --- the manual job
deploy = project.jobs.get(jobs["deploy"].id)
same(deploy.status, "manual", "a job waits for somebody")
refused(gitlab.GitlabJobEraseError, 403, "403 Forbidden - Job is not erasable!", deploy.erase, "what has not ended is not erased")
deploy.play(post_data={"job_variables_attributes": [{"key": "TARGET", "value": "moon"}]})
ok(deploy.id == jobs["deploy"].id and deploy.status in ("pending", "running", "success"), "played, it is the same job, and goes on")
same(raw("POST", f"{ROOT}/jobs/{deploy.id}/play", json={"job_variables_attributes": [{"key": "A"}]}).json(), {"error": "job_variables_attributes[0][value] is missing"}, "a variable without its value")


def ended(job):
    def look():
        job.refresh()
        return job.finished_at is not None

    return look


eventually("it ends", ended(deploy))
ok(b"deployed to moon" in deploy.trace(), "with its variables")
deploy.play()
ok(deploy.id != jobs["deploy"].id, "played again, it is another attempt")
eventually("which ends", ended(deploy))
ok(b"deployed to moon" in deploy.trace(), "with the same variables")
# Old clients compute the address of a job from that of its run.
below = lambda job, action: gl.http_post(f"{ROOT}/pipelines/{pipeline.id}/jobs/{job}/{action}")
third = below(deploy.id, "play")
ok(third["id"] != deploy.id, "played below its run, it is another attempt too")
eventually("which ends", ended(project.jobs.get(third["id"])))
fourth = below(third["id"], "retry")
ok(fourth["id"] != third["id"], "and is tried again there")
eventually("and ends", ended(project.jobs.get(fourth["id"])))
same(below(fourth["id"], "cancel")["status"], "success", "what has ended is not canceled there")
ok(below(third["id"], "erase")["erased_at"], "and the log of another is erased there")
refused(gitlab.GitlabJobPlayError, 400, "400 Bad request - Unplayable Job", project.jobs.get(jobs["test"].id).play, "what needs nobody is not played")

# --- another attempt
old = project.jobs.get(jobs["test"].id)
new = old.retry()
ok(new["id"] != old.id and new["name"] == "test", "a retry is a new job")
refused(gitlab.GitlabJobRetryError, 403, "403 Forbidden - Job is not retryable", old.retry, "of which there is one")
ids = [job.id for job in pipeline.jobs.list(get_all=True)]
ok(new["id"] in ids and old.id not in ids, "the run lists the new one")
ok({new["id"], old.id} <= {job.id for job in pipeline.jobs.list(include_retried=True, get_all=True)}, "and both on demand")
same(project.jobs.get(old.id).status, "success", "the old one is what it was")
eventually("the new one ends", ended(project.jobs.get(new["id"])))

# --- canceling
long = project.pipelines.create({"ref": BRANCH, "variables": [{"key": "LONG", "value": "1"}]})
find = lambda name: next((job for job in long.jobs.list(get_all=True) if job.name == name), None)
running = eventually("a long job runs", lambda: (lambda job: job if job.status == "running" else None)(project.jobs.get(find("long").id)))
ok(raw("POST", f"{ROOT}/jobs/{running.id}/cancel?force=true", json={}).status_code == 403, "what is not being canceled is not forced")
answer = running.cancel()
ok(answer["status"] in ("canceling", "canceled"), "it is canceled")
eventually("it ends", ended(running))
same(running.status, "canceled", "as what it is")
same(running.cancel()["status"], "canceled", "and once more changes nothing")
eventually("and so does its run", lambda: project.pipelines.get(long.id).status == "canceled")
again = long.retry()
same((again["id"], again["status"] in ("running", "pending")), (long.id, True), "the run goes on")
ok(find("long").id != running.id, "with another attempt")
stopped = long.cancel()
same(stopped["id"], long.id, "and is canceled whole")
eventually("and ends", lambda: project.pipelines.get(long.id).status == "canceled")
same(long.cancel()["status"], "canceled", "and once more changes nothing")

# --- children
whole = project.pipelines.create({"ref": "main"})
bridge = eventually("a child run is made", lambda: next((b for b in whole.bridges.list(get_all=True) if b.downstream_pipeline), None))
same((bridge.name, bridge.downstream_pipeline["source"]), ("child", "parent_pipeline"), "a bridge knows it")
ok("artifacts" not in bridge.attributes and bridge.downstream_pipeline["project_id"] == project.id, "and has nothing of a runner's")
same([b.id for b in whole.bridges.list(scope=["created"], get_all=True)], [], "bridges have a scope")
same([b["id"] for b in gl.http_list(f"{ROOT}/pipelines/{whole.id}/trigger_jobs", get_all=True)], [bridge.id], "the newer name of the same")
ok(bridge.downstream_pipeline["id"] not in [p.id for p in project.pipelines.list(get_all=True)], "children are not among the runs")
ok(bridge.downstream_pipeline["id"] in [p.id for p in project.pipelines.list(source="parent_pipeline", get_all=True)], "unless they are asked for")
eventually("the run comes to rest", lambda: project.pipelines.get(whole.id).status in ("success", "manual"))
flaky = next(job for job in whole.jobs.list(get_all=True) if job.name == "flaky")
same((flaky.status, flaky.failure_reason, flaky.allow_failure), ("failed", "script_failure", True), "a failure says why")
same(project.pipelines.get(whole.id).detailed_status["group"], "success-with-warnings", "one that may be is a warning")

# --- what a job's token may
same(raw("GET", "/job").json(), {"message": "404 Job Not Found"}, "a user has no job")

# --- linting
valid = project.ci_lint.create({"content": DEFINITION, "include_jobs": True})
ok(valid.valid and not valid.errors and [job["name"] for job in valid.jobs] == ["build", "test", "long", "deploy"], "a good definition")
ok("hello $WHO" in valid.merged_yaml, "merged")
bad = project.ci_lint.create({"content": "build: {}\n"})
ok(not bad.valid and bad.errors and bad.attributes.get("jobs") is None, "a bad one")
try:
    project.ci_lint.validate({"content": "build: {}\n"})
    ok(False, "a bad one is refused")
except gitlab.GitlabCiLintError:
    ok(True, "a bad one is refused")
same(raw("POST", f"{ROOT}/ci/lint", json={}).json(), {"error": "content is missing"}, "no definition")
ok(project.ci_lint.get().valid, "that of the project")
ok(not project.ci_lint.get(content_ref="bare").valid, "there is none")
same(project.ci_lint.create({"content": "a: {script: [x], rules: [{if: $NEVER}]}\n", "dry_run": True}).valid, False, "a dry run makes a plan")
same(project.ci_lint.create({"content": "a: {script: [x], rules: [{if: $NEVER}]}\n"}).valid, True, "without it the text alone counts")
same(gl.ci_lint.create({"content": "a: {script: [x]}\n"}).status, "valid", "without a project")

# --- waiting instead of polling
first = raw("GET", f"{ROOT}/pipelines/{pipeline.id}")
tag = {"If-None-Match": first.headers["ETag"]}
same(raw("GET", f"{ROOT}/pipelines/{pipeline.id}", headers=tag).status_code, 304, "what is known is not sent again")
begun = time.monotonic()
same(raw("GET", f"{ROOT}/pipelines/{pipeline.id}", headers={**tag, "Prefer": "wait=1"}).status_code, 304, "who waits is told that nothing changed")
ok(time.monotonic() - begun >= 0.9, "after that time")

# --- the command line
config = {**os.environ, "GITLAB_URL": URL, "GITLAB_PRIVATE_TOKEN": TOKEN}
cli = lambda *words: json.loads(subprocess.run([sys.executable, "-m", "gitlab", "-o", "json", *words], env=config, check=True, capture_output=True).stdout)
same([one["id"] for one in cli("project-pipeline", "list", "--project-id", PATH, "--name", "nightly")], [pipeline.id], "runs")
same(cli("project-job", "get", "--project-id", PATH, "--id", str(build.id))["name"], "build", "a job")
made = cli("project-pipeline", "create", "--project-id", PATH, "--ref", BRANCH)
ok(made["id"], "a run is started")
subprocess.run([sys.executable, "-m", "gitlab", "project-pipeline", "cancel", "--project-id", PATH, "--id", str(made["id"])], env=config, check=True, capture_output=True)
# The client takes a while to start: it may have ended before.
eventually("and canceled", lambda: project.pipelines.get(made["id"]).status in ("canceled", "success"))

# --- erasing and deleting
project.jobs.get(old.id).erase()
erased = project.jobs.get(old.id)
ok(erased.erased_at and erased.trace() == b"" and erased.attributes["artifacts"] == [], "what is erased is gone at once")
refused(gitlab.GitlabJobEraseError, 403, "403 Forbidden - Job is not erasable!", erased.erase, "and once only")
build.delete_artifacts()
build.refresh()
ok("artifacts_file" not in build.attributes and b"built" in build.trace(), "artifacts go, the log stays")
refused(gitlab.GitlabGetError, 404, "404 Not Found", build.artifacts, "and are gone")
project.artifacts.delete()
eventually("those of others go a little later", lambda: "artifacts_file" not in project.jobs.get(next(j.id for j in project.pipelines.get(others[0]).jobs.list(get_all=True) if j.name == "build")).attributes)
stale = raw("DELETE", f"{ROOT}/pipelines/{pipeline.id}", headers={"If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"})
same((stale.status_code, stale.json()), (412, {"message": "412 Precondition Failed"}), "what changed since is not deleted")
pipeline.delete()
refused(gitlab.GitlabGetError, 404, "404 Not found", lambda: project.pipelines.get(pipeline.id), "a run is deleted")
refused(gitlab.GitlabGetError, 404, "404 Not found", lambda: project.jobs.get(build.id), "with its jobs")

print(f"1..{count}")
sys.exit(1 if failures else 0)
