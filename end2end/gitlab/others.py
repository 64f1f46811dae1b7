"""python-gitlab 8.6.0 in the hands of several people and of a running job: who may what, downloads in pieces, names that are
hard to write, environments that are taken down, what is retried, and the command line's own actions. The server is at
WEIR_URL, an administrator's token in WEIR_TOKEN, WEIR_PROJECT is a project whose repository is WEIR_REPOSITORY. Each thing
that is checked is a line, "ok 1 - what" or "not ok 1 - what"."""

import datetime
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import zipfile

import gitlab
from support.checks import check, finish, refused, same

URL, TOKEN, PROJECT = os.environ["WEIR_URL"], os.environ["WEIR_TOKEN"], os.environ["WEIR_PROJECT"]
REPOSITORY = pathlib.Path(os.environ["WEIR_REPOSITORY"])

DEFINITION = r"""
stages: [build, test, deploy]
"make: [linux, x64]": {stage: build, script: ['mkdir -p "out/a b" && echo deep >"out/a b/é.txt" && head -c 300000 /dev/zero >out/large.bin'], artifacts: {paths: [out]}}
broken: {stage: test, script: ['echo it broke', 'exit 7']}
by-hand: {stage: test, when: manual, allow_failure: true, script: ['exit 1']}
later: {stage: deploy, script: ['echo later']}
"""
DEPLOYS = r"""
up: {resource_group: place, environment: {name: review/$CI_COMMIT_REF_SLUG, url: "https://review.example.org", on_stop: down}, script: ['echo up']}
down: {when: manual, environment: {name: review/$CI_COMMIT_REF_SLUG, action: stop}, script: ['echo down']}
"""
WAITS = r"""
waits:
  script: ['printf %s "$CI_JOB_TOKEN" >"$PLACE.new" && mv "$PLACE.new" "$PLACE"', 'while [ -e "$PLACE" ]; do sleep 0.1; done']
"""


def open_to_all():
    """A folder for what a job writes: where the server is root's, the job is somebody else."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=REPOSITORY.parent))
    folder.chmod(0o777)
    return folder


def eventually(what, find, patience=120):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found = find()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"never happened: {what}")


def branch(name, text):
    """A branch with one commit, which has this definition."""
    lines = [f"commit refs/heads/{name}\ncommitter Ada Example <ada@example.org> 1767323045 +0000\ndata 1\nx\n"]
    lines.append(f"M 100644 inline .gitlab-ci.yml\ndata {len(text.encode())}\n{text}\n")
    subprocess.run(["git", "-C", REPOSITORY, "fast-import", "--quiet", "--force"], input="".join(lines).encode(), check=True)


gl = gitlab.Gitlab(URL, private_token=TOKEN)
project = gl.projects.get(PROJECT)
ROOT = f"/projects/{project.id}"
branch("hard/names", DEFINITION)
branch("deploys", DEPLOYS)
branch("waits", WAITS)


def person(name, role):
    """Somebody new with a role at the project, as a client."""
    name = f"{name}-{project.id}"
    gl.http_post("/weir/users", post_data={"name": name})
    (user,) = gl.users.list(username=name, get_all=True)
    if role:
        gl.http_post(f"/weir/members/{PROJECT}", post_data={"user": name, "role": role})
    token = gl.users.get(user.id).personal_access_tokens.create({"name": "tests", "scopes": ["api"]}).token
    return gitlab.Gitlab(URL, private_token=token), token, user


stranger, *_ = person("sam", None)
guest, *_ = person("gil", "guest")
reporter, *_ = person("rea", "reporter")
developer, developer_token, dev = person("dev", "developer")
maintainer, *_ = person("max", "maintainer")
FORBIDDEN = "403 Forbidden"


def of(client):
    return client.projects.get(project.id, lazy=True)


@check("to whom a project is hidden it is not there, whatever is asked")
def _():
    mine = of(stranger)
    hidden = "404 Project Not Found"
    refused(gitlab.GitlabGetError, 404, hidden, stranger.projects.get, project.id)
    refused(gitlab.GitlabListError, 404, hidden, mine.pipelines.list, get_all=True)
    refused(gitlab.GitlabListError, 404, hidden, mine.jobs.list, get_all=True)
    refused(gitlab.GitlabCreateError, 404, hidden, mine.pipelines.create, {"ref": "main"})
    refused(gitlab.GitlabCreateError, 404, hidden, mine.variables.create, {"key": "A", "value": "x"})
    refused(gitlab.GitlabListError, 404, hidden, mine.triggers.list, get_all=True)
    refused(gitlab.GitlabGetError, 404, hidden, mine.artifacts.raw, "main", "x", job="x")
    anonymous = gitlab.Gitlab(URL)
    refused(gitlab.GitlabGetError, 404, hidden, anonymous.projects.get, project.id)
    refused(gitlab.GitlabAuthenticationError, 401, "401 Unauthorized", of(anonymous).pipelines.create, {"ref": "main"})
    refused(gitlab.GitlabAuthenticationError, 401, "401 Unauthorized", anonymous.runners.list, get_all=True)
    same(anonymous.projects.list(get_all=True), [])


@check("whose role is too low is told so")
def _():
    refused(gitlab.GitlabCreateError, 403, FORBIDDEN, of(reporter).pipelines.create, {"ref": "main"})
    refused(gitlab.GitlabListError, 403, FORBIDDEN, of(developer).variables.list, get_all=True)
    refused(gitlab.GitlabCreateError, 403, FORBIDDEN, of(developer).variables.create, {"key": "A", "value": "x"})
    refused(gitlab.GitlabListError, 403, FORBIDDEN, of(developer).triggers.list, get_all=True)
    refused(gitlab.GitlabListError, 403, FORBIDDEN, of(guest).branches.list, get_all=True)
    refused(gitlab.GitlabListError, 403, FORBIDDEN, maintainer.runners_all.list, get_all=True)
    refused(gitlab.GitlabListError, 403, FORBIDDEN, maintainer.variables.list, get_all=True)
    refused(gitlab.GitlabCreateError, 403, FORBIDDEN, of(reporter).environments.create, {"name": "x"})
    refused(gitlab.GitlabDeleteError, 403, FORBIDDEN, of(developer).artifacts.delete)
    # What is wrong with a request is told before that.
    refused(gitlab.GitlabHttpError, 400, "value is missing", developer.http_post, f"{ROOT}/variables", post_data={"key": "A"})
    refused(gitlab.GitlabListError, 400, "scope does not have a valid value", of(stranger).jobs.list, scope="x", get_all=True)
    assert of(guest).pipelines.list(get_all=True) is not None


@check("an administrator acts as somebody else")
def _():
    same(gl.http_get("/user", query_data={"sudo": dev.username})["id"], dev.id)
    refused(gitlab.GitlabListError, 403, FORBIDDEN, project.variables.list, sudo=dev.username, get_all=True)
    refused(gitlab.GitlabHttpError, 403, "403 Forbidden - Must be admin to use sudo", developer.http_get, "/user", query_data={"sudo": "root"})
    refused(gitlab.GitlabHttpError, 404, "404 User with ID or username 'nobody' Not Found", gl.http_get, "/user", query_data={"sudo": "nobody"})
    bearer = gitlab.Gitlab(URL, oauth_token=developer_token)
    bearer.auth()
    same(bearer.user.username, dev.username)


pipeline = of(developer).pipelines.create({"ref": "hard/names"})


@check("a run is its starter's, and ends as its jobs do")
def _():
    same((pipeline.user["username"], pipeline.source), (dev.username, "api"))
    eventually("it fails", lambda: of(developer).pipelines.get(pipeline.id).status == "failed")
    now = {job.name: job for job in pipeline.jobs.list(get_all=True)}
    same({name: job.status for name, job in now.items()}, {"make: [linux, x64]": "success", "broken": "failed", "by-hand": "manual", "later": "skipped"})
    same((now["broken"].failure_reason, now["broken"].user["id"], now["later"].started_at), ("script_failure", dev.id, None))
    assert isinstance(now["broken"].duration, float) and now["later"].duration is None
    same(sorted(j.name for j in pipeline.jobs.list(scope=["failed", "skipped"], get_all=True)), ["broken", "later"])
    same([j.name for j in pipeline.jobs.list(scope="manual", get_all=True)], ["by-hand"])
    ids = [j.id for j in pipeline.jobs.list(get_all=True)]
    same(ids, sorted(ids, reverse=True))
    first = pipeline.jobs.list(per_page=1, page=1)
    same((len(first), first[0].id), (1, ids[0]))
    walk = pipeline.jobs.list(iterator=True, per_page=1)
    same((walk.total, walk.total_pages, walk.per_page, walk.current_page, walk.prev_page, walk.next_page), (4, 4, 1, 1, None, 2))
    same([job.id for job in walk], ids)


@check("names that are hard to write, in paths and parameters")
def _():
    mine, name = of(reporter), "make: [linux, x64]"
    # A run that failed has left nothing that counts as good: the job's own archive is there.
    refused(gitlab.GitlabGetError, 404, "404 Not found", mine.artifacts.download, "hard/names", job=name)
    made = next(job for job in pipeline.jobs.list(get_all=True) if job.name == name)
    job = mine.jobs.get(made.id)
    same(job.artifact(urllib.parse.quote("out/a b/é.txt")), b"deep\n")
    same(job.artifact("out/a b/é.txt"), b"deep\n")
    for path in ("../x", "out/../../x", "/etc/passwd"):
        refused(gitlab.GitlabGetError, 400, "400 Bad request", job.artifact, urllib.parse.quote(path, safe=""))
    for path in ("out", "out/", "out/none", "x" * 4000):
        refused(gitlab.GitlabGetError, 404, "404 Not Found", job.artifact, path)
    refused(gitlab.GitlabGetError, 400, "400 Bad request", job.artifact, "x" * 4200)
    refused(gitlab.GitlabGetError, 404, "404 Branch Not Found", mine.branches.get, "hard/none")
    same(mine.branches.get("hard/names").name, "hard/names")


@check("downloads in pieces, by an iterator, by an action, and in parts")
def _():
    made = next(job for job in pipeline.jobs.list(get_all=True) if job.name.startswith("make"))
    job = of(reporter).jobs.get(made.id)
    whole = job.artifacts()
    same(len(whole), job.artifacts_file["size"])
    pieces = io.BytesIO()
    job.artifacts(streamed=True, action=pieces.write, chunk_size=512)
    same(pieces.getvalue(), whole)
    same(b"".join(job.artifacts(iterator=True)), whole)
    same(zipfile.ZipFile(io.BytesIO(whole)).testzip(), None)
    same(b"".join(job.artifact("out/large.bin", iterator=True)), bytes(300_000))
    same(job.artifact("out/large.bin", extra_headers={"Range": "bytes=10-19"}), bytes(10))
    same(job.artifacts(extra_headers={"Range": "bytes=0-1"}), b"PK")
    refused(gitlab.GitlabGetError, 416, None, job.artifacts, extra_headers={"Range": "bytes=999999999-"})
    trace = next(job for job in pipeline.jobs.list(get_all=True) if job.name == "broken")
    text = of(reporter).jobs.get(trace.id).trace()
    assert b"it broke" in text
    same(b"".join(of(reporter).jobs.get(trace.id).trace(iterator=True)), text)


@check("what failed is tried again: what waits for somebody goes on waiting")
def _():
    mine = of(developer)
    by_hand = mine.jobs.get(next(job.id for job in pipeline.jobs.list(get_all=True) if job.name == "by-hand"))
    by_hand.play()
    eventually("it fails", lambda: mine.jobs.get(by_hand.id).status == "failed")
    refused(gitlab.GitlabPipelineRetryError, 403, FORBIDDEN, of(reporter).pipelines.get(pipeline.id).retry)
    again = mine.pipelines.get(pipeline.id).retry()
    same(again["id"], pipeline.id)
    now = {job.name: job for job in pipeline.jobs.list(get_all=True)}
    assert now["by-hand"].id != by_hand.id and now["by-hand"].status == "manual", now["by-hand"].attributes
    same(now["make: [linux, x64]"].status, "success")
    eventually("it fails once more", lambda: of(developer).pipelines.get(pipeline.id).status == "failed")
    retried = [job for job in pipeline.jobs.list(include_retried=True, get_all=True) if job.name == "broken"]
    same(len(retried), 2)
    same(sorted({job.status for job in retried}), ["failed"])


@check("an environment is there, is used by one at a time, and is taken down by its job")
def _():
    mine = of(developer)
    run = mine.pipelines.create({"ref": "deploys"})
    eventually("it is up", lambda: mine.pipelines.get(run.id).status == "success")
    (place,) = mine.environments.list(name="review/deploys", get_all=True)
    place = mine.environments.get(place.id)
    same((place.state, place.external_url, place.last_deployment["status"]), ("available", "https://review.example.org", "success"))
    same((place.last_deployment["deployable"]["name"], place.last_deployment["user"]["username"]), ("up", dev.username))
    same(place.last_deployment["environment"]["id"], place.id)
    group = mine.resource_groups.get("place")
    same((group.key, group.upcoming_jobs.list(get_all=True)), ("place", []))
    kept = project.resource_groups.get("place")
    kept.process_mode = "oldest_first"
    kept.save()
    same(mine.resource_groups.get("place").process_mode, "oldest_first")
    refused(gitlab.GitlabStopError, 403, FORBIDDEN, of(reporter).environments.get(place.id).stop)
    refused(gitlab.GitlabDeleteError, 403, FORBIDDEN, place.delete)
    place.stop()
    eventually("it is stopped", lambda: mine.environments.get(place.id).state == "stopped")
    down = next(job for job in run.jobs.list(get_all=True) if job.name == "down")
    same((down.status, mine.environments.get(place.id).last_deployment["deployable"]["name"]), ("success", "up"))
    mine.environments.get(place.id).delete()
    refused(gitlab.GitlabGetError, 404, "404 Not found", mine.environments.get, place.id)


@check("the token of a running job does what a job may, as who started it, and no longer")
def _():
    place = open_to_all() / "job.token"
    run = of(developer).pipelines.create({"ref": "waits", "variables": [{"key": "PLACE", "value": str(place)}]})
    eventually("it runs", place.exists)
    token = place.read_text()
    client = gitlab.Gitlab(URL, job_token=token)
    own = client.http_get("/job")
    same((own["name"], own["status"], own["pipeline"]["id"], own["user"]["username"]), ("waits", "running", run.id, dev.username))
    same(client.http_get("/job/allowed_agents")["allowed_agents"], [])
    mine = of(client)
    same(mine.pipelines.get(run.id).id, run.id)
    assert run.id in [one.id for one in mine.pipelines.list(iterator=True)]
    assert own["id"] in [one.id for one in mine.jobs.list(iterator=True)]
    same([one.id for one in mine.pipelines.get(run.id).jobs.list(get_all=True)], [own["id"]])
    same(mine.pipelines.get(run.id).bridges.list(get_all=True), [])
    same(client.http_put(f"{ROOT}/pipelines/{run.id}/metadata", post_data={"name": "named by its job"})["name"], "named by its job")
    made = mine.environments.create({"name": "by-job"})
    made.stop()
    made.delete()
    started = of(gitlab.Gitlab(URL)).trigger_pipeline("hard/names", token)
    same((started.source, started.user["username"], started.user["id"]), ("pipeline", dev.username, dev.id))
    developer.http_post(f"{ROOT}/pipelines/{started.id}/cancel")
    unauthorized = (gitlab.GitlabAuthenticationError, 401, "401 Unauthorized")
    refused(*unauthorized, mine.jobs.get, own["id"])
    refused(*unauthorized, client.auth)
    refused(*unauthorized, mine.variables.list, get_all=True)
    refused(*unauthorized, mine.pipelines.create, {"ref": "main"})
    place.unlink()
    eventually("it ends", lambda: of(developer).pipelines.get(run.id).status == "success")
    refused(*unauthorized, mine.pipelines.get, run.id)
    refused(gitlab.GitlabCreateError, 404, "404 Not Found", of(gitlab.Gitlab(URL)).trigger_pipeline, "hard/names", token)


@check("a run with a running job is deleted by its owner, and nothing is left of it")
def _():
    place = open_to_all() / "deleted.token"
    run = of(developer).pipelines.create({"ref": "waits", "variables": [{"key": "PLACE", "value": str(place)}]})
    eventually("it runs", place.exists)
    (job,) = run.jobs.list(get_all=True)
    refused(gitlab.GitlabDeleteError, 403, FORBIDDEN, of(maintainer).pipelines.get(run.id).delete)
    project.pipelines.delete(run.id)
    refused(gitlab.GitlabGetError, 404, "404 Not found", project.pipelines.get, run.id)
    refused(gitlab.GitlabGetError, 404, "404 Not found", project.jobs.get, job.id)
    refused(gitlab.GitlabDeleteError, 404, "404 Not found", project.pipelines.delete, run.id)
    place.unlink(missing_ok=True)


@check("a job that is being canceled can be tried again at once")
def _():
    place = open_to_all() / "again.token"
    run = of(developer).pipelines.create({"ref": "waits", "variables": [{"key": "PLACE", "value": str(place)}]})
    eventually("it runs", place.exists)
    mine = of(developer)
    job = mine.jobs.get(run.jobs.list(get_all=True)[0].id)
    assert job.cancel()["status"] in ("canceling", "canceled")
    place.unlink(missing_ok=True)
    fresh = job.retry()
    assert fresh["id"] != job.id
    eventually("the next one runs", place.exists)
    same(mine.jobs.get(job.id).status, "canceled")
    place.unlink()
    eventually("the run is good", lambda: mine.pipelines.get(run.id).status == "success")


@check("of ten who play one job at once one wins")
def _():
    run = of(developer).pipelines.create({"ref": "main"})
    eventually("it waits for somebody", lambda: any(j.status == "manual" for j in run.jobs.list(get_all=True)))
    job = next(j for j in run.jobs.list(get_all=True) if j.status == "manual")
    won, lost = [], []

    def play():
        mine = of(gitlab.Gitlab(URL, private_token=developer_token)).jobs.get(job.id)
        try:
            mine.play()
            won.append(mine.id)
        except gitlab.GitlabJobPlayError as error:
            lost.append((error.response_code, error.error_message))

    threads = [threading.Thread(target=play) for _ in range(10)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    # Who came when it had ended already has played it once more.
    same(won.count(job.id), 1)
    assert set(lost) <= {(400, "400 Bad request - Unplayable Job")}, lost
    eventually("all of it ends", lambda: not project.jobs.list(scope=["pending", "running"], get_all=True))


@check("a schedule is taken over, and only then its variables are seen")
def _():
    made = of(developer).pipelineschedules.create({"description": "theirs", "ref": "main", "cron": "0 4 * * *", "active": False})
    made.variables.create({"key": "SECRET", "value": "of dev"})
    same(made.next_run_at, None)
    other = of(maintainer).pipelineschedules.get(made.id)
    same(other.owner["username"], dev.username)
    other.take_ownership()
    assert other.owner["username"].startswith("max-"), other.owner
    same(of(maintainer).pipelineschedules.get(made.id).attributes["variables"][0]["key"], "SECRET")
    refused(gitlab.GitlabUpdateError, 403, FORBIDDEN, of(developer).pipelineschedules.update, made.id, {"active": True})
    refused(gitlab.GitlabPipelinePlayError, 403, FORBIDDEN, of(reporter).pipelineschedules.get(made.id).play)
    other.active = "true"
    other.save()
    assert other.active is True and other.next_run_at
    other.delete()
    refused(gitlab.GitlabGetError, 404, "404 Pipeline Schedule Not Found", other.manager.get, made.id)


@check("times are given as Python writes them")
def _():
    now = datetime.datetime.now(datetime.timezone.utc)
    before, after = now - datetime.timedelta(days=1), now + datetime.timedelta(days=1)
    mine = of(reporter).pipelines
    assert pipeline.id in [one.id for one in mine.list(updated_after=before.isoformat(), created_before=after.isoformat(), get_all=True)]
    same(mine.list(updated_before=before.isoformat(), get_all=True), [])
    tokyo = before.astimezone(datetime.timezone(datetime.timedelta(hours=9)))
    assert pipeline.id in [one.id for one in mine.list(created_after=tokyo.isoformat(), get_all=True)]
    refused(gitlab.GitlabListError, 400, "updated_after is invalid", mine.list, updated_after=str(now.ctime()), get_all=True)


@check("objects are asked for by their heads")
def _():
    for manager, id in ((project.pipelines, pipeline.id), (project.environments, None), (project.triggers, None), (gl.users, dev.id), (gl.projects, PROJECT)):
        headers = manager.head(id) if id else manager.head()
        same(headers["Content-Type"], "application/json")
        assert "X-Request-Id" in headers and "ETag" in headers, dict(headers)
    refused(gitlab.GitlabHeadError, 404, None, project.pipelines.head, 987654321)


def command(*arguments, ok=True):
    environment = {**os.environ, "GITLAB_URL": URL, "GITLAB_PRIVATE_TOKEN": developer_token}
    program = [sys.executable, "-m", "gitlab", *arguments]
    told = subprocess.run(program, env=environment, capture_output=True, timeout=120)
    assert (told.returncode == 0) == ok, told.stderr
    return told.stdout if ok else told.stderr


@check("the command line's own actions")
def _():
    run = json.loads(command("-o", "json", "project-pipeline", "create", "--project-id", PROJECT, "--ref", "hard/names"))["id"]
    where = ("--project-id", PROJECT, "--id")
    eventually("it fails", lambda: project.pipelines.get(run).status == "failed")
    jobs = {job.name: job.id for job in project.pipelines.get(run).jobs.list(get_all=True)}
    assert b"it broke" in command("project-job", "trace", *where, str(jobs["broken"]))
    command("project-job", "play", *where, str(jobs["by-hand"]))
    eventually("it was played", lambda: project.jobs.get(jobs["by-hand"]).status == "failed")
    made = jobs["make: [linux, x64]"]
    command("project-job", "keep-artifacts", *where, str(made))
    command("project-job", "retry", *where, str(jobs["broken"]))
    command("project-pipeline", "retry", *where, str(run))
    command("project-pipeline", "cancel", *where, str(run))
    listed = json.loads(command("-o", "json", "project-pipeline-job", "list", "--project-id", PROJECT, "--pipeline-id", str(run), "--get-all"))
    assert {"by-hand", "broken"} <= {one["name"] for one in listed}
    assert b"artifacts.zip" in command("-v", "project-job", "get", *where, str(made))
    told = command("project-job", "erase", *where, "987654321", ok=False)
    assert b"404 Not found" in told, told
    told = command("project-variable", "list", "--project-id", PROJECT, ok=False)
    assert b"403 Forbidden" in told, told
    report = json.loads(command("-o", "json", "project-pipeline-test-report", "get", "--project-id", PROJECT, "--pipeline-id", str(run)))
    same(report["total_count"], 0)


@check("a project is deleted by its whole name")
def _():
    made = gl.projects.create({"path": f"short-lived-{project.id}", "namespace_id": project.namespace["id"]})
    refused(gitlab.GitlabDeleteError, 422, None, gl.projects.delete, made.id, full_path="shop/other")
    gl.projects.delete(made.id, full_path=made.path_with_namespace)
    refused(gitlab.GitlabGetError, 404, "404 Project Not Found", gl.projects.get, made.id)


finish()
