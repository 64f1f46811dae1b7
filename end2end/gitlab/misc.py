"""python-gitlab 8.6.0, library and command line, against a server: people, tokens, groups, projects, variables,
environments, resource groups, runners and repositories. The server is at WEIR_URL, an administrator's token in
WEIR_TOKEN, and WEIR_PROJECT is a project with a repository and a pipeline of its own. Each thing that is checked is
a line, "ok 1 - what" or "not ok 1 - what"."""

import base64
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
import warnings

import gitlab
from support.checks import check, finish, refused, same

URL, TOKEN, PROJECT = os.environ["WEIR_URL"], os.environ["WEIR_TOKEN"], os.environ["WEIR_PROJECT"]
MARK = PROJECT.rsplit("/", 1)[-1].replace("-", "_").lower()
warnings.simplefilter("error")


def has(object, *names):
    fields = getattr(object, "attributes", object)
    missing = [name for name in names if name not in fields]
    assert not missing, f"{missing} missing in {fields}"


gl = gitlab.Gitlab(URL, private_token=TOKEN)
project = gl.projects.get(PROJECT)
USER = ("id", "username", "name", "state", "locked", "avatar_url", "web_url")
VARIABLE = ("variable_type", "key", "value", "protected", "masked", "raw", "description")
TOKEN_FIELDS = ("id", "name", "revoked", "created_at", "description", "scopes", "user_id", "last_used_at", "active", "expires_at")


@check("the version, in both ways (M01, S01)")
def _():
    version, revision = gl.version()
    assert int(version.split(".")[0]) >= 18 and revision != "unknown", (version, revision)
    has(gl.http_get("/metadata"), "version", "revision", "kas", "enterprise")


@check("who asks (M02)")
def _():
    gl.auth()
    has(gl.user, *USER, "created_at", "email", "is_admin", "bot", "can_create_project", "two_factor_enabled", "namespace_id")
    assert gl.user.web_url.startswith(URL)
    refused(gitlab.GitlabAuthenticationError, 401, "401 Unauthorized", gitlab.Gitlab(URL, private_token="glpat-wrong").auth)


@check("users by name, number and search (S39, S40)")
def _():
    (me,) = gl.users.list(username=gl.user.username.upper(), get_all=True)
    same(me.id, gl.user.id)
    has(gl.users.get(me.id), *USER, "created_at", "bio", "bot")
    assert me.id in [one.id for one in gl.users.list(search=gl.user.username[:3], get_all=True)]
    same(gl.users.list(username="nobody-is-called-so", get_all=True), [])
    refused(gitlab.GitlabGetError, 404, "404 User Not Found", gl.users.get, 987654)


@check("personal tokens: own, listed, made, replaced, ended (S35-S38, N11, N12)")
def _():
    own = gl.personal_access_tokens.get("self")
    has(own, *TOKEN_FIELDS)
    assert own.active and not own.revoked
    # The library has no method for this one.
    body = {"name": f"{MARK} own", "scopes": ["read_api"], "expires_at": "2099-12-31"}
    made = gl.http_post("/user/personal_access_tokens", post_data=body)
    has(made, "token", *TOKEN_FIELDS)
    same((made["scopes"], made["expires_at"], made["user_id"]), (["read_api"], "2099-12-31", gl.user.id))
    number, text = made["id"], made["token"]
    reader = gitlab.Gitlab(URL, private_token=text)
    reader.auth()
    refused(gitlab.GitlabCreateError, 403, "insufficient_scope", reader.projects.create, {"name": "x"})
    same([one.id for one in gl.personal_access_tokens.list(search=f"{MARK} OWN", state="active", get_all=True)], [number])
    turned = gl.personal_access_tokens.get(number).rotate()
    assert turned["id"] != number and turned["token"] != text
    refused(gitlab.GitlabAuthenticationError, 401, None, reader.auth)
    assert number in [one.id for one in gl.personal_access_tokens.list(revoked=True, get_all=True)]
    again = gitlab.Gitlab(URL, private_token=turned["token"])
    again.auth()
    again.personal_access_tokens.delete("self")
    refused(gitlab.GitlabAuthenticationError, 401, None, again.auth)
    other = gl.users.get(gl.user.id).personal_access_tokens.create({"name": f"{MARK} given", "scopes": ["api"]})
    itself = gitlab.Gitlab(URL, private_token=other.token)
    itself.auth()
    fresh = itself.personal_access_tokens.rotate("self")
    last = gitlab.Gitlab(URL, private_token=fresh["token"])
    last.personal_access_tokens.delete("self")
    refused(gitlab.GitlabAuthenticationError, 401, None, last.auth)
    refused(gitlab.GitlabGetError, 404, "404 Not Found", gl.personal_access_tokens.get, 987654)
    nothing = {"name": f"{MARK} nothing"}
    refused(gitlab.GitlabHttpError, 400, "scopes is missing", gl.http_post, "/user/personal_access_tokens", post_data=nothing)


@check("projects are listed and found (M03, M04)")
def _():
    has(
        project, "id", "name", "path", "name_with_namespace", "path_with_namespace", "description", "default_branch", "visibility",
        "created_at", "updated_at", "last_activity_at", "web_url", "http_url_to_repo", "ssh_url_to_repo", "archived", "empty_repo",
        "topics", "tag_list", "star_count", "forks_count", "open_issues_count", "creator_id", "owner", "namespace", "_links",
        "permissions", "jobs_enabled", "builds_access_level", "shared_runners_enabled", "public_jobs", "build_timeout",
        "ci_config_path", "ci_default_git_depth", "auto_cancel_pending_pipelines", "build_git_strategy", "runners_token",
        "keep_latest_artifact", "ci_job_token_scope_enabled", "restrict_user_defined_variables",
        "ci_pipeline_variables_minimum_override_role",
    )
    has(project.namespace, "id", "name", "path", "kind", "full_path", "parent_id", "avatar_url", "web_url")
    same(gl.projects.get(project.id).path_with_namespace, PROJECT)
    found = gl.projects.list(search=project.path, order_by="id", sort="asc", get_all=True)
    assert project.id in [one.id for one in found]
    by_key = gitlab.Gitlab(URL, private_token=TOKEN, pagination="keyset", order_by="id", per_page=1)
    assert project.id in [one.id for one in by_key.projects.list(iterator=True)]
    first = gl.projects.list(per_page=1, page=1)
    assert len(first) == 1
    refused(gitlab.GitlabGetError, 404, "404 Project Not Found", gl.projects.get, "no/where")
    refused(gitlab.GitlabListError, 400, "order_by does not have a valid value", gl.projects.list, order_by="stars", get_all=True)
    same(int(gl.projects.head().get("X-Page")), 1)


@check("a project is made, changed and deleted (S02-S04)")
def _():
    made = gl.projects.create({"name": f"Made {MARK}", "namespace_id": project.namespace["id"], "visibility": "internal"})
    try:
        same((made.name, made.visibility, made.build_timeout), (f"Made {MARK}", "internal", 3600))
        made.description, made.build_timeout, made.auto_cancel_pending_pipelines = "for a while", 1200, "disabled"
        made.save()
        again = gl.projects.get(made.id)
        same((again.description, again.build_timeout, again.auto_cancel_pending_pipelines), ("for a while", 1200, "disabled"))
        made.build_timeout = 1
        refused(gitlab.GitlabUpdateError, 400, {"build_timeout": ["must be between 600 and 2592000"]}, made.save)
        taken = {"path": made.path, "namespace_id": project.namespace["id"]}
        refused(gitlab.GitlabCreateError, 400, None, gl.projects.create, taken)
    finally:
        made.delete()
    refused(gitlab.GitlabGetError, 404, "404 Project Not Found", gl.projects.get, made.id)


@check("groups have numbers (S18, N13)")
def _():
    group = gl.groups.get(project.namespace["id"])
    same(group.full_path, project.namespace["full_path"])
    same(gl.groups.get(group.full_path).id, group.id)
    assert project.id in [one["id"] for one in group.attributes["projects"]]
    assert group.id in [one.id for one in gl.groups.list(iterator=True)]
    refused(gitlab.GitlabGetError, 404, "404 Group Not Found", gl.groups.get, 987654)


def variables(manager, missing, scoped):
    key = f"KEY_{MARK}"
    made = manager.create({"key": key, "value": "s3cret-value", "masked": True, "protected": True})
    has(made, *VARIABLE, *(("hidden", "environment_scope") if scoped else ()))
    assert ("hidden" in made.attributes) == ("environment_scope" in made.attributes) == scoped
    assert key in [one.key for one in manager.list(iterator=True)]
    one = manager.get(key)
    one.value, one.description = "an0ther-value", "changed"
    one.save()
    same((manager.get(key).value, manager.get(key).description), ("an0ther-value", "changed"))
    taken = {"key": [f"({key}) has already been taken"]}
    refused(gitlab.GitlabCreateError, 400, taken, manager.create, {"key": key, "value": "x"})
    refused(gitlab.GitlabCreateError, 400, {"value": ["is invalid"]}, manager.create, {"key": "A", "value": "x", "masked": True})
    one.delete()
    refused(gitlab.GitlabGetError, 404, missing, manager.get, key)


@check("variables of a project (M48-M52)")
def _():
    variables(project.variables, "404 Variable Not Found", True)
    manager, key = project.variables, f"SCOPED_{MARK}"
    for scope in ("*", "live"):
        manager.create({"key": key, "value": scope, "environment_scope": scope})
    several = "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'"
    refused(gitlab.GitlabGetError, 409, several, manager.get, key)
    same(manager.get(key, filter={"environment_scope": "live"}).value, "live")
    manager.update(key, {"value": "changed"}, filter={"environment_scope": "live"})
    same(manager.get(key, filter={"environment_scope": "live"}).value, "changed")
    for scope in ("*", "live"):
        manager.delete(key, filter={"environment_scope": scope})


@check("variables of a group (S13-S17)")
def _():
    variables(gl.groups.get(project.namespace["id"]).variables, "404 GroupVariable Not Found", True)


@check("variables of the server (S08-S12)")
def _():
    variables(gl.variables, "404 InstanceVariable Not Found", False)


@check("environments (S29-S34)")
def _():
    made = project.environments.create({"name": f"review/{MARK}", "external_url": "https://review.example.org"})
    has(made, "id", "name", "slug", "external_url", "created_at", "updated_at", "tier", "state", "auto_stop_at", "description")
    same((made.state, made.tier), ("available", "development"))
    (listed,) = project.environments.list(name=made.name, get_all=True)
    has(listed, "project")
    same([one.id for one in project.environments.list(search=MARK, states="available", get_all=True)], [made.id])
    made.tier, made.external_url = "testing", "https://other.example.org"
    made.save()
    now = project.environments.get(made.id)
    same((now.tier, now.external_url, now.last_deployment), ("testing", "https://other.example.org", None))
    refused(gitlab.GitlabDeleteError, 403, "403 Forbidden", now.delete)
    stopped = now.stop()
    same(stopped["state"] if stopped else project.environments.get(made.id).state, "stopped")
    now.delete()
    refused(gitlab.GitlabGetError, 404, "404 Not found", project.environments.get, made.id)
    refused(gitlab.GitlabListError, 400, None, project.environments.list, search="ab", get_all=True)


@check("runners of the server and of a project (S19-S28, N06-N08)")
def _():
    made = gl.user.runners.create({"runner_type": "project_type", "project_id": project.id, "description": MARK, "tag_list": ["one", "two"]})
    assert made.token.startswith("glrt-")
    try:
        runner = gl.runners.get(made.id)
        has(
            runner, "id", "description", "ip_address", "active", "paused", "is_shared", "runner_type", "name", "online", "created_by",
            "created_at", "status", "job_execution_status", "tag_list", "run_untagged", "locked", "maximum_timeout", "access_level",
            "version", "revision", "platform", "architecture", "contacted_at", "maintenance_note", "projects", "groups",
        )
        same((runner.status, runner.tag_list, runner.created_by["username"]), ("never_contacted", ["one", "two"], gl.user.username))
        assert made.id in [one.id for one in gl.runners.list(type="project_type", get_all=True)]
        assert made.id in [one.id for one in gl.runners_all.list(tag_list=["one", "two"], get_all=True)]
        assert made.id in [one.id for one in project.runners.list(iterator=True)]
        group = gl.groups.get(project.namespace["id"])
        assert made.id in [one.id for one in group.runners.list(iterator=True)]
        runner.description, runner.paused, runner.tag_list = f"{MARK} again", True, ["three"]
        runner.save()
        now = gl.runners.get(made.id)
        same((now.description, now.paused, now.tag_list), (f"{MARK} again", True, ["three"]))
        same((now.jobs.list(get_all=True), gl.http_list(f"/runners/{made.id}/managers", get_all=True)), ([], []))
        turned = gl.http_post(f"/runners/{made.id}/reset_authentication_token")
        assert turned["token"] != made.token
        same(gl.runners.verify(turned["token"]), None)
        refused(gitlab.GitlabVerifyError, 403, None, gl.runners.verify, made.token)
        other = gl.projects.create({"path": f"lent-{MARK}", "namespace_id": project.namespace["id"]})
        try:
            other.runners.create({"runner_id": made.id})
            assert made.id in [one.id for one in other.runners.list(type="project_type", get_all=True)]
            refused(gitlab.GitlabCreateError, 400, None, other.runners.create, {"runner_id": made.id})
            other.runners.delete(made.id)
            refused(gitlab.GitlabDeleteError, 404, "404 Not found", other.runners.delete, made.id)
        finally:
            other.delete()
    finally:
        gl.runners.delete(made.id)
    refused(gitlab.GitlabGetError, 404, "404 Not found", gl.runners.get, made.id)


@check("branches, with and without slashes (S41, S42)")
def _():
    default = project.branches.get(project.default_branch)
    has(default, "name", "commit", "merged", "protected", "developers_can_push", "developers_can_merge", "can_push", "default", "web_url")
    assert default.default and len(default.commit["id"]) == 40
    assert default.name in [one.name for one in project.branches.list(iterator=True)]
    refused(gitlab.GitlabGetError, 404, "404 Branch Not Found", project.branches.get, "no/such/branch")


@check("commits, tags and files (N14, N15, N18-N20)")
def _():
    commits = project.commits.list(ref_name=project.default_branch, per_page=5, page=1)
    commit = project.commits.get(commits[0].id)
    has(commit, "id", "short_id", "title", "message", "parent_ids", "author_name", "author_email", "committed_date", "status", "last_pipeline", "project_id", "stats")
    project.tags.list(get_all=True)
    file = project.files.get(file_path=".gitlab-ci.yml", ref=project.default_branch)
    has(file, "file_name", "file_path", "size", "encoding", "content", "content_sha256", "ref", "blob_id", "commit_id", "last_commit_id")
    raw = project.files.raw(file_path=".gitlab-ci.yml", ref=project.default_branch)
    same(base64.b64decode(file.content), raw)
    same(file.decode(), raw)
    refused(gitlab.GitlabGetError, 404, "404 File Not Found", project.files.get, file_path="none", ref="HEAD")


@check("a project in one's own namespace (M02, S02)")
def _():
    made = gl.projects.create({"path": f"own-{MARK}", "namespace_id": gl.user.namespace_id})
    same((made.namespace["path"], made.owner["username"], made.creator_id), (gl.user.username, gl.user.username, gl.user.id))
    gl.projects.delete(made.id)
    same(gl.projects.list(simple=True, search=PROJECT.rsplit("/", 1)[-1], get_all=True)[0].path_with_namespace, PROJECT)
    refused(gitlab.GitlabCreateError, 400, "namespace_id is invalid", gl.projects.create, {"path": "x", "namespace_id": "zz"})


@check("resource groups (S43-S46)")
def _():
    groups = project.resource_groups.list(get_all=True)
    for group in groups:
        has(group, "id", "key", "process_mode", "created_at", "updated_at")
        one = project.resource_groups.get(group.key)
        one.process_mode = "oldest_first"
        one.save()
        same(project.resource_groups.get(group.key).process_mode, "oldest_first")
        one.upcoming_jobs.list(get_all=True)
    refused(gitlab.GitlabGetError, 404, "404 Not found", project.resource_groups.get, "none")


def command(*arguments):
    program = os.path.join(os.path.dirname(sys.executable), "gitlab")
    told = subprocess.run(
        [program, "-o", "json", "--server-url", URL, "--private-token", TOKEN, *arguments], capture_output=True, text=True, timeout=120
    )
    assert told.returncode == 0, told.stderr
    same(told.stderr, "")
    return json.loads(told.stdout) if told.stdout.strip().startswith(("{", "[")) else told.stdout


@check("the command line: numbers and switches come as texts")
def _():
    same(command("project", "get", "--id", PROJECT)["id"], project.id)
    key = f"CLI_{MARK}"
    made = command("project-variable", "create", "--project-id", str(project.id), "--key", key, "--value", "12345", "--protected", "true")
    same((made["key"], made["value"], made["protected"]), (key, "12345", True))
    listed = command("project-variable", "list", "--project-id", str(project.id), "--per-page", "100", "--page", "1")
    assert key in [one["key"] for one in listed]
    command("project-variable", "delete", "--project-id", str(project.id), "--key", key)
    same(command("current-user", "get")["username"], gl.user.username)


def raw(path, **headers):
    request = urllib.request.Request(f"{URL}/api/v4{path}", headers={"PRIVATE-TOKEN": TOKEN, **headers})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers, refusal.read()


@check("what has not changed is not sent again")
def _():
    for path in (f"/projects/{project.id}", f"/projects/{project.id}/variables", "/users", "/runners", f"/projects/{project.id}/environments"):
        status, headers, _ = raw(path)
        same(status, 200)
        same(raw(path, **{"If-None-Match": headers["ETag"]})[0], 304)


@check("pages have their headers, and the links keep what was asked for")
def _():
    _, headers, _ = raw("/personal_access_tokens?per_page=1&state=inactive&sort=name_asc")
    for name in ("X-Page", "X-Per-Page", "X-Next-Page", "X-Prev-Page", "X-Total", "X-Total-Pages"):
        assert name in headers, name
    assert "state=inactive" in headers["Link"] and headers["Link"].startswith(f"<{URL}/api/v4/"), headers["Link"]


finish()
