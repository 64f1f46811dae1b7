"""Schedules and triggers with python-gitlab: plain assertions, TAP on standard output.

WEIR_URL, WEIR_TOKEN (scope api, of somebody who may manage the project) and WEIR_PROJECT (a path or number of a project
over a git repository whose default branch is `main`, with one pipeline of its own definition) come from the environment.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request

import gitlab
import support.checks  # notes the calls

URL, TOKEN, PROJECT = (os.environ[name] for name in ("WEIR_URL", "WEIR_TOKEN", "WEIR_PROJECT"))
count = 0


def ok(what, holds=True):
    global count
    count += 1
    print(f"{'ok' if holds else 'not ok'} {count} - {what}", flush=True)
    if not holds:
        sys.exit(1)


def refused(what, kind, status, message, call):
    try:
        call()
    except kind as error:
        ok(f"{what}: {error.response_code} {error.error_message}", (error.response_code, error.error_message) == (status, message))
        return
    ok(f"{what} is refused", False)


def post(path, body, kind, headers=()):
    request = urllib.request.Request(f"{URL}/api/v4{path}", body.encode(), {"Content-Type": kind, **dict(headers)})
    with urllib.request.urlopen(request) as answer:
        return answer.status, json.load(answer)


gl = gitlab.Gitlab(URL, private_token=TOKEN)
gl.auth()
project = gl.projects.get(PROJECT)
schedules = project.pipelineschedules

# A schedule from its making to its end.
made = schedules.create({"description": "nightly", "ref": "main", "cron": "0 2 * * *", "cron_timezone": "Europe/Berlin"})
ok("a schedule is made", made.ref == "refs/heads/main" and made.active is True and made.next_run_at.endswith("00.000Z"))
ok("it is its maker's", made.owner["username"] == gl.user.username)
ok("it is whole when it is made", made.attributes["last_pipeline"] is None and made.attributes["variables"] == [])
ok("the list has it", made.id in [one.id for one in schedules.list(get_all=True)])
ok("lists are short", "variables" not in schedules.list(per_page=1, get_all=False)[0].attributes)
ok("lists are narrowed", made.id in [one.id for one in schedules.list(scope="active", get_all=True)])
ok("lists are narrowed the other way", made.id not in [one.id for one in schedules.list(scope="inactive", get_all=True)])
made.cron = "30 3 * * mon-fri"
made.active = False
made.save()
ok("save answers with the whole schedule", made.cron == "30 3 * * mon-fri" and made.active is False and made.next_run_at is None)
schedules.update(made.id, {"active": True})
again = schedules.get(made.id)
ok("a change is seen at once", again.active is True and again.next_run_at is not None)

# Variables.
variable = made.variables.create({"key": "MODE", "value": "full"})
ok("a variable is made", (variable.key, variable.value, variable.variable_type) == ("MODE", "full", "env_var"))
made.variables.create({"key": "CONFIG", "value": "a: b\n", "variable_type": "file"})
variable.value = "fast"
variable.save()
shown = {one["key"]: one for one in schedules.get(made.id).attributes["variables"]}
ok("the schedule shows them", shown["MODE"]["value"] == "fast" and shown["CONFIG"]["variable_type"] == "file")
got = gl.http_get(f"/projects/{project.id}/pipeline_schedules/{made.id}/variables/MODE")
ok("one can be read alone", got == {"variable_type": "env_var", "key": "MODE", "value": "fast", "raw": False})
refused("a second of its name", gitlab.GitlabCreateError, 400, {"key": ["has already been taken"]},
        lambda: made.variables.create({"key": "MODE", "value": "x"}))
variable.delete()
refused("one that is gone", gitlab.GitlabDeleteError, 404, "404 Pipeline Schedule Variable Not Found", variable.delete)

# Playing.
played = schedules.get(made.id)
before = played.next_run_at
played.play()
ok("play leaves a whole object", played.id == made.id and played.message == "201 Created")
ok("play leaves the time", schedules.get(made.id).next_run_at == before)
runs = played.pipelines.list(get_all=True)
ok("play has made a run", len(runs) == 1 and runs[0].source == "schedule")
ok("the schedule knows its last run", schedules.get(made.id).last_pipeline["id"] == runs[0].id)
run = project.pipelines.get(runs[0].id)
ok("the run is a pipeline like any other", run.user["username"] == gl.user.username and run.ref == "main")
ok("runs are sorted", [one.id for one in played.pipelines.list(sort="desc", get_all=True)] == [run.id])

# Taking over one's own is no news.
ok("its owner may take it", made.take_ownership() is None and made.owner["username"] == gl.user.username)

# It really fires: within a minute.
clock = schedules.create({"description": "every minute", "ref": "main", "cron": "* * * * *"})
deadline = time.monotonic() + 90
while not clock.pipelines.list(get_all=True) and time.monotonic() < deadline:
    time.sleep(1)
ok("a schedule fires by itself", clock.pipelines.list(get_all=True)[0].source == "schedule")
clock.delete()

# What is wrong, in GitLab's words.
base = {"description": "d", "ref": "main", "cron": "0 2 * * *"}
for field, value, message in [
    ("cron", "unknown-cron", {"cron": ["syntax is invalid"]}),
    ("cron_timezone", "Mars/Olympus", {"cron_timezone": ["syntax is invalid"]}),
    ("active", "perhaps", "active is invalid"),
]:
    refused(f"{field} {value}", gitlab.GitlabCreateError, 400, message, lambda: schedules.create({**base, field: value}))
refused("one that is not there", gitlab.GitlabGetError, 404, "404 Pipeline Schedule Not Found", lambda: schedules.get(987654))
refused("a wrong scope", gitlab.GitlabListError, 400, "scope does not have a valid value", lambda: schedules.list(scope="x", get_all=True))
gone = made.id
made.delete()
refused("one that was deleted", gitlab.GitlabGetError, 404, "404 Pipeline Schedule Not Found", lambda: schedules.get(gone))

# Triggers.
trigger = project.triggers.create({"description": "from the shop"})
ok("a trigger is made", trigger.token.startswith("glptt-") and trigger.last_used is None and trigger.owner["username"] == gl.user.username)
ok("its owner sees its token again", project.triggers.get(trigger.id).token == trigger.token)
ok("it is listed", [one.id for one in project.triggers.list(get_all=True)] == [trigger.id])
trigger.description = "from elsewhere"
trigger.save()
ok("it is described otherwise", project.triggers.get(trigger.id).description == "from elsewhere")
anonymous = gitlab.Gitlab(URL).projects.get(project.id, lazy=True)
run = anonymous.trigger_pipeline("main", trigger.token, {"WHO": "hook"})
ok("it starts a run", run.source == "trigger" and run.project_id == project.id)
ok("last_used is there", project.triggers.get(trigger.id).last_used is not None)
wrong = gitlab.Gitlab(URL, private_token="glpat-wrong").projects.get(project.id, lazy=True)
ok("a wrong token beside it does not matter", wrong.trigger_pipeline("main", trigger.token).source == "trigger")
form = f"token={trigger.token}&ref=main&variables[WHO]=form"
status, answer = post(f"/projects/{project.id}/trigger/pipeline", form, "application/x-www-form-urlencoded")
ok("forms are taken", status == 201 and answer["source"] == "trigger")
status, answer = post(f"/projects/{project.id}/ref/main/trigger/pipeline", json.dumps({"token": trigger.token}), "application/json")
ok("webhooks name the ref in the address", status == 201 and answer["ref"] == "main")
answer = gl.http_post(f"/projects/{project.id}/ref/main/trigger/pipeline", post_data={"token": trigger.token})
ok("so may clients", answer["ref"] == "main" and answer["source"] == "trigger")
refused("an unknown token", gitlab.GitlabCreateError, 404, "404 Not Found", lambda: anonymous.trigger_pipeline("main", "glptt-none"))
refused("an unknown ref", gitlab.GitlabCreateError, 400, {"base": ["Reference not found"]}, lambda: anonymous.trigger_pipeline("nope", trigger.token))
refused("a number for a text", gitlab.GitlabCreateError, 400, "variables needs to be a map of key-valued strings",
        lambda: anonymous.trigger_pipeline("main", trigger.token, {"A": 1}))
trigger.delete()
refused("one that was deleted", gitlab.GitlabGetError, 404, "404 Not found", lambda: project.triggers.get(trigger.id))

# The command line sends everything as text.
cli = [sys.executable, "-m", "gitlab", "--server-url", URL, "--private-token", TOKEN, "-o", "json", "project-pipeline-schedule"]
out = subprocess.run([*cli, "create", "--project-id", str(project.id), "--description", "cli", "--ref", "main", "--cron", "0 3 * * 0", "--active", "false"],
                     check=True, capture_output=True, text=True).stdout
ok("the command line makes one", json.loads(out)["active"] is False)
number = str(json.loads(out)["id"])
out = subprocess.run([*cli, "update", "--project-id", str(project.id), "--id", number, "--active", "true"], check=True, capture_output=True, text=True).stdout
ok("the command line changes it", json.loads(out)["active"] is True)
subprocess.run([*cli, "delete", "--project-id", str(project.id), "--id", number], check=True, capture_output=True)
refused("what the command line deleted", gitlab.GitlabGetError, 404, "404 Pipeline Schedule Not Found", lambda: schedules.get(int(number)))
print(f"1..{count}")
