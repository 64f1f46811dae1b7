"""CodeArts Pipeline, by the unmodified SDK: every operation, field by field, with 3.1.219 and with 3.1.210, the last that
has the status of many pipelines in one call. The server, its address and keys are in the environment
(end2end/contract/codearts.sh)."""

import json
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request

from huaweicloudsdkcodeartspipeline.v2 import *  # noqa: F403 - as the vendor's samples do
from huaweicloudsdkcodeartspipeline.v2.region.codeartspipeline_region import CodeArtsPipelineRegion
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from tap import agree, check, finish, part, raw, refused, same, typed

URL = os.environ["WEIR_URL"]
PROJECT = os.environ["WEIR_PROJECT_ID"]
AK, SK = os.environ["WEIR_AK"], os.environ["WEIR_SK"]
UNKNOWN = "0123456789abcdefghijklmnopqrstuv"
WALL = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
ID = re.compile(r"^[0-9a-f]{32}$")
INVALID, MISSING, CONFLICT, LOGIN = "DEVCP.00000001", "DEVCP.00000404", "DEVCP.00000409", "APIGW.0301"


def client_of(access, secret, project=PROJECT):
    """A client as scripts make one."""
    credentials = BasicCredentials(access, secret, project)
    return CodeArtsPipelineClient.new_builder().with_credentials(credentials).with_endpoint(URL).build()


client = client_of(AK, SK)


def pipelines_of(**query):
    """A page of the list of pipelines."""
    return client.list_pipelines(ListPipelinesRequest(project_id=PROJECT, body=ListPipelineQuery(limit=100, **query)))


def called(name):
    """The id of the pipeline of this name."""
    return next(one.pipeline_id for one in pipelines_of(name=name).pipelines if one.name == name)


WEB, FAILING, SLOW, REVIEW, NEVER = map(called, ["web", "failing", "slow", "review", "never"])


class Wire:
    """A request that the SDK's own signer signs, and that can be changed on its way."""

    def __init__(self, method, target, body="", secret=SK, access=AK, **headers):
        path, _, query = target.partition("?")
        pairs = [tuple(map(urllib.parse.unquote, pair.split("=", 1))) for pair in query.split("&") if pair]
        self.request = SdkRequest(
            method=method, schema="http", host=URL.split("//")[1], resource_path=path, query_params=pairs,
            header_params={"Content-Type": "application/json", "User-Agent": "test", **headers}, body=body,
        )
        self.request.uri = path
        Signer(BasicCredentials(access, secret, PROJECT)).sign(self.request)
        self.method, self.target, self.body, self.headers = method, target, body, dict(self.request.header_params)

    def send(self, host=None):
        """Status, headers and JSON."""
        headers = dict(self.headers)
        if host:
            headers["Host"] = host
        request = urllib.request.Request(
            URL + self.target, method=self.method, data=self.body.encode() or None, headers=headers
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, error.headers, json.loads(error.read())


def refused_wire(what, wire, host=None, says=""):
    """Whether a changed request is not let in."""
    status, headers, body = wire.send(host)
    same(what, (401, LOGIN), (status, body.get("error_code")))
    check(f"{what}: it says why", says in body.get("error_msg", "") and body.get("request_id") == headers["X-Request-Id"], body)


def start(pipeline, parameters=None):
    """Starts a run as version 3 does; its number as a text."""
    body = StartPipelineParameters(build_params=parameters)
    return client.start_new_pipeline(StartNewPipelineRequest(pipeline_id=pipeline, body=body)).build_id


def detail(pipeline, **which):
    """A run with its stages, jobs and steps."""
    return client.show_pipeline_run_detail(
        ShowPipelineRunDetailRequest(project_id=PROJECT, pipeline_id=pipeline, **which)
    )


# 3.1.210 asks for a run by its id alone, retries without a body, reviews without a word, and knows fewer fields of
# what starts a run and of a pipeline in a list.
OLDER = "pipeline_run_number" not in ShowPipelineRunDetailRequest.attribute_map


def numbered(pipeline, number):
    """The run of a number, as this version of the SDK can ask for it."""
    if not OLDER:
        return detail(pipeline, pipeline_run_number=str(number))
    runs = client.list_pipeline_runs(ListPipelineRunsRequest(
        project_id=PROJECT, pipeline_id=pipeline, body=ListPipelineRunsQuery(limit=100))).pipeline_runs
    return detail(pipeline, pipeline_run_id=next(run.pipeline_run_id for run in runs if str(run.run_number) == str(number)))


def until(pipeline, number, *words):
    """Waits until a run is called one of these."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = numbered(pipeline, number)
        if found.status in words:
            return found
        time.sleep(0.05)
    raise TimeoutError(f"run {number} of {pipeline} is {found.status}, and none of {words}")


def a_run_from_start_to_end():
    parameters = [StartPipelineBuildParams(name="COUNT", value=5), StartPipelineBuildParams(name="ON", value=True),
                  StartPipelineBuildParams(name="TEXT", value="你好\n\"there\"")]
    request = StartNewPipelineRequest(pipeline_id=WEB, body=StartPipelineParameters(build_params=parameters))
    response = client.start_new_pipeline(request)
    body = agree("start", response)
    typed("start", body, {"pipeline_id": str, "build_id": str})
    number = body["build_id"]
    found = until(WEB, number, "COMPLETED")
    body = agree("the detail of a run", found)
    same("its number", int(number), body["run_number"])
    same("who started it, by what", ("boss", "Manual"), (body["executor_name"], body["trigger_type"]))
    check("who started it has an id", ID.match(body["executor_id"]), body["executor_id"])
    check("it began before it ended", isinstance(body["start_time"], int) and body["start_time"] <= body["end_time"])
    same("its commit", os.environ["WEIR_COMMIT"], body["sources"][0]["params"]["build_params"]["commit_id"])
    stage = body["stages"][0]
    same("its stage", ("test", 0, "COMPLETED"), tuple(stage[key] for key in ("name", "sequence", "status")))
    job = stage["jobs"][0]
    same("its job", ("compile", "COMPLETED"), (job["name"], job["status"]))
    step = job["steps"][0]
    check("ids have 32 digits", all(ID.match(one["id"]) for one in (body, stage, job, step)))
    check("the step counts the runs of the day", re.match(r"^20\d{6}\.\d+$", step["daily_build_number"]), step)
    same("the same by its id", body["id"], detail(WEB, pipeline_run_id=body["id"]).id)
    log = client.show_pipeline_log(ShowPipelineLogRequest(
        project_id=PROJECT, pipeline_id=WEB, pipeline_run_id=body["id"], job_run_id=job["id"], step_run_id=step["id"],
        body=LogQuery(limit=1000, sort="asc"),
    ))
    told = agree("a log", log)
    typed("a log", told, {"has_more": bool, "start_offset": str, "end_offset": str, "log": str, "step_run_id": str})
    check("it has what the job said", "count=5 on=true" in log.log, log.log)
    paged, query = "", LogQuery(limit=2, sort="asc")
    for _ in range(1000):
        page = client.show_pipeline_log(ShowPipelineLogRequest(
            project_id=PROJECT, pipeline_id=WEB, pipeline_run_id=body["id"], job_run_id=job["id"],
            step_run_id=step["id"], body=query))
        paged += page.log
        if not page.has_more:
            break
        query = LogQuery(limit=2, sort="asc", start_offset=page.start_offset, end_offset=page.end_offset)
    same("the same in pages, as the documentation says", log.log, paged)
    one = client.show_pipleine_status(ShowPipleineStatusRequest(pipeline_id=WEB, build_id=number))
    told = agree("the status of one", one)
    same("how it ended", ("completed", "success", number), (told["status"], told["outcome"], told["build_id"]))
    same("its parameters", [("COUNT", "5"), ("ON", "true"), ("TEXT", "你好\n\"there\"")],
         [(each.name, each.value) for each in one.parameters])
    check("its times are those of a clock on a wall", WALL.match(told["start_time"]) and WALL.match(told["end_time"]), told)
    same("its states", [("test", "completed", "success", ["compile"])],
         [(each.name, each.status, each.outcome, [child.name for child in each.children]) for each in one.states])


def many_at_once():
    run = until(FAILING, start(FAILING), "FAILED")
    response = client.batch_show_pipelines_latest_status(
        BatchShowPipelinesLatestStatusRequest(project_id=PROJECT, body=[FAILING, UNKNOWN, NEVER, WEB])
    )
    latest = raw(response)
    same("those that have run, in order", [FAILING, WEB], [one["pipeline_id"] for one in latest])
    agree("many at once, version 5", response)
    stages = [(one["name"], one["sequence"], one["status"]) for one in latest[0]["stage_status_list"]]
    same("their stages", [("one", 0, "COMPLETED"), ("two", 1, "FAILED")], stages)
    check("runs have numbers for times, stages have texts",
          isinstance(latest[0]["start_time"], int) and WALL.match(latest[0]["stage_status_list"][0]["start_time"]))
    same("the run", (run.id, "FAILED"), (latest[0]["pipeline_run_id"], latest[0]["status"]))
    if hasattr(client, "batch_show_pipelines_status"):
        request = BatchShowPipelinesStatusRequest(pipeline_ids=",".join([FAILING, UNKNOWN, NEVER, WEB, FAILING]))
        response = client.batch_show_pipelines_status(request)
        states = raw(response)
        agree("many at once, version 3", response)
    else:
        _, _, states = Wire("GET", f"/v3/pipelines/status?pipeline_ids={FAILING}%2C{UNKNOWN}%2C{NEVER}%2C{WEB}%2C{FAILING}").send()
    same("the same in version 3", [FAILING, WEB], [one["pipeline_id"] for one in states])
    typed("a pipeline's states", states[0], {
        "pipeline_id": str, "pipeline_name": str, "build_id": str, "status": str, "result": (str, None), "executor": str,
        "start_time": str, "end_time": (str, None), "detail_url": str, "modify_url": str, "stages": list,
    })
    typed("a stage", states[0]["stages"][0], {
        "name": str, "display_name": str, "order": int, "dsl_method": str, "status": (str, None), "result": (str, None),
        "parameters": (dict, None),
    })
    same("how it ended", ("completed", "error", "boss"), tuple(states[0][key] for key in ("status", "result", "executor")))
    same("where its stages stand", [(1, "completed", "success"), (2, "completed", "error")],
         [(one["order"], one["status"], one["result"]) for one in states[0]["stages"]])


def bad_batches():
    def ask(query):
        status, _, body = Wire("GET", f"/v3/pipelines/status{query}").send()
        return status, body.get("error_code") if isinstance(body, dict) else body

    bad = (400, INVALID)
    same("no parameter", bad, ask(""))
    same("an empty one", bad, ask("?pipeline_ids="))
    same("a malformed id", bad, ask(f"?pipeline_ids={WEB}%2Cx"))
    same("101 ids", bad, ask("?pipeline_ids=" + "%2C".join([WEB] * 101)))
    same("100 ids", 200, ask("?pipeline_ids=" + "%2C".join([WEB] * 100))[0])
    same("unknown ones alone", (200, []), ask(f"?pipeline_ids={UNKNOWN}"))
    latest = lambda ids: client.batch_show_pipelines_latest_status(  # noqa: E731
        BatchShowPipelinesLatestStatusRequest(project_id=PROJECT, body=ids))
    refused("an empty list", 400, INVALID, lambda: latest([]))
    refused("a malformed one", 400, INVALID, lambda: latest(["x"]))
    refused("101 of them", 400, INVALID, lambda: latest([WEB] * 101))
    refused("an unknown project", 404, MISSING, lambda: client.list_pipelines(
        ListPipelinesRequest(project_id=UNKNOWN, body=ListPipelineQuery())))
    refused("an unknown pipeline", 404, MISSING, lambda: start(UNKNOWN))
    refused("an unknown run", 404, MISSING, lambda: detail(WEB, pipeline_run_id=UNKNOWN))
    refused("a pipeline that never ran", 404, MISSING, lambda: client.show_pipleine_status(
        ShowPipleineStatusRequest(pipeline_id=NEVER)))
    refused("a value that is an object", 400, INVALID, lambda: start(
        WEB, [StartPipelineBuildParams(name="A", value={"a": 1})]))
    refused("an id that was forgotten", 400, INVALID, lambda: client.show_pipleine_status(ShowPipleineStatusRequest()))


def lists():
    response = pipelines_of(name="web")
    body = raw(response) if OLDER else agree("a list of pipelines", response)
    same("how many", (0, 100, 1), (body["offset"], body["limit"], body["total"]))
    one = body["pipelines"][0]
    same("the pipeline", (WEB, "web", PROJECT, False), tuple(one[key] for key in ("pipeline_id", "name", "project_id", "banned")))
    same("its latest run", "COMPLETED", one["latest_run"]["status"])
    same("failed ones", [FAILING], [each.pipeline_id for each in pipelines_of(status=["FAILED"]).pipelines])
    simple = client.list_pipeline_simple_info(ListPipelineSimpleInfoRequest(
        body=ListPipelineSimpleInfoRequestBody(project_ids=PROJECT, pipeline_name="web", limit=10)))
    body = agree("a simple list", simple)
    typed("an entry", body["result"][0], {
        "project_id": str, "project_name": str, "pipeline_id": str, "pipeline_name": str, "creator_id": (str, None),
        "creator_name": (str, None), "executor_id": str, "executor_name": str, "start_time": str, "create_time": str,
        "watched": str,
    })
    runs = client.list_pipeline_runs(ListPipelineRunsRequest(
        project_id=PROJECT, pipeline_id=WEB, body=ListPipelineRunsQuery(limit=1, status=["COMPLETED"])))
    body = agree("the runs of a pipeline", runs)
    check("as many as wanted", body["total"] >= 1 and len(body["pipeline_runs"]) == 1, body)


def stopping_and_trying_again():
    number = start(SLOW)
    until(SLOW, number, "RUNNING")
    stopped = client.stop_pipeline_new(StopPipelineNewRequest(pipeline_id=SLOW, build_id=number))
    same("stop", {"pipeline_id": SLOW, "pipeline_name": "slow"}, agree("stop", stopped))
    run = until(SLOW, number, "CANCELED")
    refused("what has ended", 409, CONFLICT, lambda: client.stop_pipeline_run(
        StopPipelineRunRequest(project_id=PROJECT, pipeline_id=SLOW, pipeline_run_id=run.id)))
    retried = client.retry_pipeline_run(RetryPipelineRunRequest(
        project_id=PROJECT, pipeline_id=SLOW, pipeline_run_id=run.id, **({} if OLDER else {"body": RetryPipelineRequest()})))
    same("retry", {"success": True}, agree("retry", retried))
    until(SLOW, number, "RUNNING")
    stopped = client.stop_pipeline_run(StopPipelineRunRequest(project_id=PROJECT, pipeline_id=SLOW, pipeline_run_id=run.id))
    same("stop a run", {"success": True}, agree("stop a run", stopped))
    until(SLOW, number, "CANCELED")
    chosen = client.run_pipeline(RunPipelineRequest(project_id=PROJECT, pipeline_id=FAILING, body=RunPipelineDTO(
        sources=[], choose_jobs=["good"], variables=[RunPipelineDTOVariables(name="A", value="b")])))
    body = raw(chosen) if OLDER else agree("run", chosen)
    run = detail(FAILING, pipeline_run_id=body["pipeline_run_id"])
    same("only what was chosen", [(0, True, [("good", True)]), (1, False, [("bad", False), ("after", False)])],
         [(stage.sequence, stage.is_select, [(job.name, job.is_select) for job in stage.jobs]) for stage in run.stages])
    same("what was left out says so", ["UNSELECTED"] * 2, [run.stages[1].status, run.stages[1].jobs[0].status])
    described = client.run_pipeline(RunPipelineRequest(project_id=PROJECT, pipeline_id=WEB, body=RunPipelineDTO(
        sources=[], description="Nightly", variables=[])))
    same("what is said of a run", "Nightly", detail(WEB, pipeline_run_id=described.pipeline_run_id).description)
    refused("a text that is too long", 400, INVALID, lambda: client.run_pipeline(RunPipelineRequest(
        project_id=PROJECT, pipeline_id=WEB, body=RunPipelineDTO(sources=[], description="x" * 1025))))
    build = RunPipelineDTOParamsBuildParams(build_type="tag", event_type="Manual", tag="v1")
    source = RunPipelineDTOSources(type="code", params=RunPipelineDTOParams(git_type="git", git_url="x", build_params=build))
    tagged = client.run_pipeline(RunPipelineRequest(project_id=PROJECT, pipeline_id=WEB, body=RunPipelineDTO(sources=[source])))
    params = raw(detail(WEB, pipeline_run_id=tagged.pipeline_run_id))["sources"][0]["params"]["build_params"]
    same("a tag's commit", ("tag", "v1", os.environ["WEIR_COMMIT_1"]),
         tuple(params[key] for key in ("build_type", "tag", "commit_id")))


def reviews():
    def waiting(number):
        run = until(REVIEW, number, "SUSPEND")
        job = next(job for stage in run.stages for job in stage.jobs if job.status == "SUSPEND")
        return {"project_id": PROJECT, "pipeline_id": REVIEW, "pipeline_run_id": run.id, "job_run_id": job.id,
                "step_run_id": job.steps[0].id}

    def because(text):
        return {} if OLDER else {"approval_description": text}

    number = start(REVIEW)
    where = waiting(number)
    passed = client.accept_manual_review(AcceptManualReviewRequest(**where, **because("looks good")))
    same("pass a review", {"success": True}, agree("pass a review", passed))
    until(REVIEW, number, "COMPLETED")
    refused("twice", 409, CONFLICT, lambda: client.accept_manual_review(AcceptManualReviewRequest(**where)))
    number = start(REVIEW)
    rejected = client.reject_manual_review(RejectManualReviewRequest(**waiting(number), **because("not today")))
    same("refuse one", {"success": True}, agree("refuse one", rejected))
    run = until(REVIEW, number, "CANCELED")
    check("why is told", ("refused by boss" if OLDER else "refused by boss: not today") in run.stages[0].jobs[0].message, run.stages[0].jobs[0].message)


def signatures():
    status = f"/v3/pipelines/{WEB}/status"
    same("signed by hand", 200, Wire("GET", status).send()[0])
    refused_wire("a wrong key", Wire("GET", status, secret=SK + "x"), says="verify aksk signature fail")
    refused_wire("an unknown one", Wire("GET", status, access="NOBODY"), says="ak not exist")
    refused_wire("another host", Wire("GET", status), host="proxy.example:80")
    changed = Wire("POST", f"/v3/pipelines/{WEB}/start", '{"build_params": []}')
    changed.body = changed.body.replace("[]", "{}")
    refused_wire("another body", changed)
    spaced = Wire("GET", status + "?more=a%20b")
    spaced.target = spaced.target.replace("%20", "+")
    refused_wire("a plus for a space", spaced)
    missing = Wire("GET", status)
    missing.headers.pop("User-Agent", None)
    missing.headers["User-agent"] = "another"
    refused_wire("another agent", missing)
    stale = Wire("GET", status)
    name = next(key for key in stale.headers if key.lower() == "x-sdk-date")
    stale.headers[name] = "20200101T000000Z"
    refused_wire("a stale date", stale, says="15 minutes")
    nobody = Wire("GET", status)
    nobody.headers = {key: value for key, value in nobody.headers.items() if key.lower() != "authorization"}
    refused_wire("no signature", nobody)
    write = Wire("POST", f"/v3/pipelines/{WEB}/start", "{}")
    first = write.send()
    same("a write", 200, first[0])
    time.sleep(2.5)
    refused_wire("the same again", write, says="answered before")
    code, headers, body = Wire("GET", "/v3/pipelines/nothing/here").send()
    same("an address that is none", (404, "APIG.0101"), (code, body["error_code"]))
    code, _, body = Wire("DELETE", f"/v3/pipelines/{WEB}/start").send()
    same("a method that is none", (404, "APIG.0101"), (code, body["error_code"]))
    same("JSON is said to be JSON", "application/json;charset=UTF-8", headers["Content-Type"])


def by_region():
    builder = CodeArtsPipelineClient.new_builder().with_credentials(BasicCredentials(AK, SK, PROJECT))
    found = builder.with_region(CodeArtsPipelineRegion.value_of("cn-north-4")).build()
    same("as the vendor's samples are written", WEB, found.show_pipleine_status(
        ShowPipleineStatusRequest(pipeline_id=WEB)).pipeline_id)


for test in (a_run_from_start_to_end, many_at_once, bad_batches, lists, stopping_and_trying_again, reviews, signatures, by_region):
    part(test)
finish()
