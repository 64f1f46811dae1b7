"""CodeArts Build, by the unmodified SDK: every operation, field by field. The server, its address and keys are in the
environment (end2end/contract/codearts.sh)."""

import datetime
import gzip
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor

from huaweicloudsdkcodeartsbuild.v3 import *  # noqa: F403 - as the vendor's samples do
from huaweicloudsdkcodeartsbuild.v3.region.codeartsbuild_region import CodeArtsBuildRegion
from huaweicloudsdkcore.auth.credentials import BasicCredentials

from tap import agree, check, finish, part, raw, refused, same, typed

URL = os.environ["WEIR_URL"]
PROJECT = os.environ["WEIR_PROJECT_ID"]
UNKNOWN = "0123456789abcdefghijklmnopqrstuv"
RECORD = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
CHINA = datetime.timezone(datetime.timedelta(hours=8))


def client_of(access, secret, project=PROJECT):
    """A client as scripts make one."""
    credentials = BasicCredentials(access, secret, project)
    return CodeArtsBuildClient.new_builder().with_credentials(credentials).with_endpoint(URL).build()


client = client_of(os.environ["WEIR_AK"], os.environ["WEIR_SK"])
guest = client_of(os.environ["WEIR_GUEST_AK"], os.environ["WEIR_GUEST_SK"])
stranger = client_of(os.environ["WEIR_STRANGER_AK"], os.environ["WEIR_STRANGER_SK"])


def jobs_called(name):
    """The id of the job of this name."""
    found = client.list_project_jobs(ListProjectJobsRequest(project_id=PROJECT, page_index=0, page_size=100, search=name))
    return next(job.id for job in found.jobs if job.job_name == name)


JOB, FAILING, SLOW, PLAIN, NEVER = map(jobs_called, ["web", "failing", "slow", "plain", "never"])


def run(job, parameters=None, scm=None):
    """Starts a build; its number."""
    body = RunJobRequestBody(job_id=job, parameter=parameters, scm=scm)
    return int(client.run_job(RunJobRequest(body=body)).actual_build_number)


def record(job, number):
    """A build's record."""
    return client.show_record_detail(ShowRecordDetailRequest(job_id=job, build_no=number)).result


def ended(job, number):
    """Waits for the end of a build; its record."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = record(job, number)
        if found.finish_time:
            return found
        time.sleep(0.05)
    raise TimeoutError(f"build {number} of {job} did not end")


def log_of(record_id, **options):
    """A build's whole log."""
    request = DownloadBuildFullLogRequest(record_id=record_id, **options)
    held = []
    client.download_build_full_log(request).consume_download_stream(lambda stream: held.append(stream.content))
    return held[0]


def before_the_first_build():
    response = client.show_job_info(ShowJobInfoRequest(job_id=NEVER))
    body = agree("a job that was never built", response)["result"]
    same(
        "it has no builds to tell of",
        ("Finished", None, None, "0", 0),
        tuple(body[key] for key in ("running_status", "last_build_status", "last_build_time", "build_time", "health_score")),
    )
    running = raw(client.show_running_status(ShowRunningStatusRequest(job_id=NEVER)))["result"]
    same("its last number is null", (None, False), (running["last_build_no"], running["is_running"]))
    history = raw(client.show_list_history(ShowListHistoryRequest(job_id=NEVER, offset=0, limit=10, interval=7)))
    same("its history is empty", {"history_records": [], "total": 0}, history)


def run_a_job():
    parameters = [ParameterItem(name="codeBranch", value="master"), ParameterItem(name="COUNT", value=5), ParameterItem(name="ON", value=True)]
    body = RunJobRequestBody(job_id=JOB, parameter=parameters)
    response = client.run_job(RunJobRequest(body=body))
    started = agree("run_job", response)
    typed("run_job", started, {"octopus_job_name": str, "actual_build_number": str, "daily_build_number": str})
    today = datetime.datetime.now(CHINA).strftime("%Y%m%d")
    check("the day's number is of today", started["daily_build_number"].startswith(today + "."), started)
    same("the request has an id", True, bool(response.to_json_object()) and response.status_code == 200)
    second = agree("execute_job", client.execute_job(ExecuteJobRequest(body=body)))
    same("numbers follow each other", int(started["actual_build_number"]) + 1, int(second["actual_build_number"]))
    day, of_day = started["daily_build_number"].split(".")
    same("those of the day too", f"{day}.{int(of_day) + 1}", second["daily_build_number"])
    found = ended(JOB, int(started["actual_build_number"]))
    same("it went well", "SUCCESS", found.status)
    text = log_of(found.build_record_id).decode()
    check("parameters are the run's variables, numbers and switches as texts", "branch=master count=5 on=true" in text, text)
    ended(JOB, int(second["actual_build_number"]))


def commits_and_tags():
    first, head = os.environ["WEIR_COMMIT_1"], os.environ["WEIR_COMMIT"]
    of_commit = ended(JOB, run(JOB, scm=Scm(build_commit_id=first)))
    same("a build of a commit is of it", (first, None, None, "commit"), (of_commit.commit, of_commit.branch, of_commit.tag, of_commit.build_type))
    check("and runs it", f"sha={first}" in log_of(of_commit.build_record_id).decode())
    of_tag = ended(JOB, run(JOB, scm=Scm(build_tag="v1")))
    same("a build of a tag is of its commit", (first, "v1", "tag"), (of_tag.commit, of_tag.tag, of_tag.build_type))
    of_both = ended(JOB, run(JOB, scm=Scm(build_tag="v1", build_commit_id=first[:12])))
    same("both may be named", (first, "v1"), (of_both.commit, of_both.tag))
    of_none = ended(JOB, run(JOB, scm=Scm()))
    same("without, the default branch is built", (head, "main", "branch"), (of_none.commit, of_none.branch, of_none.build_type))

    def bad(what, **scm):
        refused(what, 400, "CB.00060200", lambda: run(JOB, scm=Scm(**scm)))

    bad("a tag that is none", build_tag="v9")
    bad("a branch is no tag", build_tag="main")
    bad("a commit that is none", build_commit_id="build_commit_id")
    bad("a commit that is not there", build_commit_id="f" * 40)
    bad("a tag of another commit", build_tag="v1", build_commit_id=head)


def what_parameters_may_be():
    number = run(PLAIN, [ParameterItem(name="TEXT", value="one\ntwo \U0001f600 \u4f60\u597d 'quoted' \"$HOME\""), ParameterItem(name="EMPTY", value=""), ParameterItem(name="a-b.c \u540d", value="no shell's")])
    ended(PLAIN, number)
    shown = agree("list_build_parameter", client.list_build_parameter(ListBuildParameterRequest(job_id=PLAIN, build_no=number)))
    wanted = [{"name": "TEXT", "value": "one\ntwo \U0001f600 \u4f60\u597d 'quoted' \"$HOME\""}, {"name": "EMPTY", "value": ""}, {"name": "a-b.c \u540d", "value": "no shell's"}]
    same("parameters come back as they were given", {"result": wanted, "status": "success", "error": None}, shown)
    # All that Linux passes on in one variable: the name, an equals sign, the value, and the end of it.
    large = "\u00e4" * ((128 * 1024 - len("LARGE=") - 2) // 2) + "x"
    number = run(PLAIN, [ParameterItem(name="LARGE", value=large)])
    back = client.list_build_parameter(ListBuildParameterRequest(job_id=PLAIN, build_no=number)).result
    same("128 KiB come back whole", True, back[0].value == large)
    same("and a job gets them", "SUCCESS", ended(PLAIN, number).status)
    refused("a list is no value", 400, "CB.00060200", lambda: run(PLAIN, [ParameterItem(name="A", value=["x"])]))
    refused("an object is no value", 400, "CB.00060200", lambda: run(PLAIN, [ParameterItem(name="A", value={"x": 1})]))
    refused("a value has to be there", 400, "CB.00060200", lambda: run(PLAIN, [ParameterItem(name="A")]))
    refused("a name has to be there", 400, "CB.00060200", lambda: run(PLAIN, [ParameterItem(name="", value="x")]))
    refused("more than 128 KiB is too much", 400, "CB.00060200", lambda: run(PLAIN, [ParameterItem(name="LARGE", value=large + "x")]))
    many = [ParameterItem(name=f"V{at}", value="x" * 120_000) for at in range(9)]
    refused("so is more than 1 MiB together", 400, "CB.00060200", lambda: run(PLAIN, many))


def information_on_a_job():
    response = client.show_job_info(ShowJobInfoRequest(job_id=JOB))
    body = agree("show_job_info", response)
    same("its envelope", ("success", None), (body["status"], body["error"]))
    info = body["result"]
    switches = "project_permission_switch disabled favorite new_build is_copy is_delete is_execute is_forbidden is_manager is_modify is_view"
    types = {key: str for key in "id project_id build_time charge_time create_time running_status source_code job_name".split()}
    types |= {key: bool for key in switches.split()} | {"last_build_time": (int, None), "health_score": int, "last_build_status": (str, None)}
    typed("show_job_info", info, types)
    same("it has 22 fields", 22, len(info))
    same("id and name", (JOB, "web"), (info["id"], info["job_name"]))
    same("the build project is the job with dashes", JOB, info["project_id"].replace("-", ""))
    check("it has 36 characters", bool(RECORD.match(info["project_id"])))
    same("all builds went well", (100, "success", "Finished", "git"), tuple(info[key] for key in ("health_score", "last_build_status", "running_status", "source_code")))
    check("times are milliseconds", len(info["create_time"]) == 13 and info["last_build_time"] >= int(info["create_time"]), info)
    check("a build took a while", float(info["build_time"]) > 0, info["build_time"])
    same("create_time is read as a number", int(info["create_time"]), response.result.create_time)
    own = {key: info[key] for key in info if key.startswith("is_")}
    same("an administrator may everything", {True}, set(own.values()))
    others = raw(guest.show_job_info(ShowJobInfoRequest(job_id=JOB)))["result"]
    same(
        "a guest may look",
        {"is_copy": False, "is_delete": False, "is_execute": False, "is_forbidden": False, "is_manager": False, "is_modify": False, "is_view": True},
        {key: others[key] for key in own},
    )


def lists_of_jobs():
    response = client.show_job_list_by_project_id(ShowJobListByProjectIdRequest(project_id=PROJECT, page_index=0, page_size=100))
    body = agree("show_job_list_by_project_id", response)
    same("all jobs are there", ["failing", "never", "plain", "review", "slow", "web"], sorted(job["job_name"] for job in body["jobs"]))
    same("and counted", 6, body["total"])
    web = next(job for job in body["jobs"] if job["id"] == JOB)
    texts = "id job_name source_code last_build_status scm_type build_project_id last_job_running_status job_creator user_name last_build_user last_build_user_id trigger_type"
    types = {key: str for key in texts.split()} | {key: (str, None) for key in ("scm_web_url", "repo_id")}
    types |= {key: bool for key in "is_finished disabled favorite is_modify is_delete is_execute is_copy is_forbidden is_view".split()}
    types |= {"last_build_time": int, "health_score": int, "build_time": int}
    typed("a job of the list", web, types)
    same("who made and built it", ("boss", "boss", "MANUAL"), (web["user_name"], web["last_build_user"], web["trigger_type"]))
    same("blue is good", ("blue", True, "Finished"), (web["last_build_status"], web["is_finished"], web["last_job_running_status"]))
    never = next(job for job in body["jobs"] if job["id"] == NEVER)
    same("never built", ("none", None, None), (never["last_build_status"], never["last_build_time"], never["last_build_user"]))

    def listed(**options):
        options = {"page_index": 0, "page_size": 100} | options
        found = client.list_project_jobs(ListProjectJobsRequest(project_id=PROJECT, **options))
        return [job["job_name"] for job in agree("list_project_jobs", found)["jobs"]], found.total

    same("pages are counted from 0", (["plain", "review"], 6), listed(page_index=1, page_size=2))
    same("behind the last page is nothing", ([], 6), listed(page_index=9, page_size=2))
    same("a part of the name", (["failing", "plain"], 2), listed(search="AI"))
    same("the other way round", ["web", "slow", "review", "plain", "never", "failing"], listed(sort_field="job_name", sort_order="desc")[0])
    check("those that were never built", "never" in listed(build_status="none")[0] and "web" not in listed(build_status="none")[0])
    same("those that went well", True, "web" in listed(build_status="blue")[0])
    same("by who made them", (["web"], 1), listed(creator_id=web["job_creator"]))
    same("and nobody else's", 0, listed(creator_id=UNKNOWN)[1])
    same("there are no groups", 6, listed(by_group=True, group_path_id="x")[1])
    for what, options in [("status", {"build_status": "green"}), ("order", {"sort_order": "up"}), ("field", {"sort_field": "x"}), ("page size", {"page_size": 101})]:
        refused(f"an unknown {what}", 400, "CB.00060200", lambda options=options: listed(**options))


def a_failing_job():
    number = run(FAILING)
    found = ended(FAILING, number)
    same("its record says why", ("FAILURE", "bad: script_failure"), (found.status, found.err_msg))
    body = agree("show_history_details", client.show_history_details(ShowHistoryDetailsRequest(job_id=FAILING, build_number=number)))
    same("its steps", [("good", "success"), ("bad", "error"), ("after", "")], [(step["name"], step["status"]) for step in body["build_steps"]])
    typed("history details", body, {"job_name": str, "build_number": int, "project_id": str, "project_name": str, "parameters": dict, "build_steps": list})
    check("a step's time is in milliseconds", all(type(step["build_time"]) is int for step in body["build_steps"]), body)
    same("the project", (PROJECT, "shop/web"), (body["project_id"], body["project_name"]))
    run_again = [ended(FAILING, run(FAILING, [ParameterItem(name="FIXED", value="1")])).status for _ in range(2)]
    same("it can go well", ["SUCCESS", "SUCCESS"], run_again)
    info = client.show_job_info(ShowJobInfoRequest(job_id=FAILING)).result
    same("two of three went well", 66, info.health_score)


def a_running_job():
    number = run(SLOW)
    deadline = time.monotonic() + 30
    while record(SLOW, number).status != "RUNNING" and time.monotonic() < deadline:
        time.sleep(0.05)
    running = agree("show_running_status", client.show_running_status(ShowRunningStatusRequest(job_id=SLOW)))
    wanted = {"last_job_id": SLOW, "last_build_no": str(number), "last_build_status": "Running", "is_running": True}
    same("it runs", {"result": wanted, "status": "success", "error": None}, running)
    same("show_job_status", {"result": True}, agree("show_job_status", client.show_job_status(ShowJobStatusRequest(job_id=SLOW))))
    info = client.show_job_info(ShowJobInfoRequest(job_id=SLOW)).result
    same("its information", ("Running", None), (info.running_status, info.last_build_status))
    listed = client.list_project_jobs(ListProjectJobsRequest(project_id=PROJECT, page_index=0, page_size=10, build_status="building"))
    same("the list of those that are being built", [SLOW], [job.id for job in listed.jobs])

    offset, text, more = 0, "", True
    while more and "begun" not in text and time.monotonic() < deadline:
        piece = client.download_real_time_log(DownloadRealTimeLogRequest(job_id=SLOW, build_no=number, offset=offset))
        body = agree("download_real_time_log", piece)["result"]
        typed("a piece of a log", body, {"has_more_data": bool, "offset": int, "content": str, "current_offset": int})
        same("it begins where the last one ended", offset, body["current_offset"])
        offset, text, more = body["offset"], text + body["content"], body["has_more_data"]
        time.sleep(0.05)
    check("its log is there while it runs, with more to come", "begun" in text and more, text)

    stopped = agree("stop_build_job", client.stop_build_job(StopBuildJobRequest(job_id=SLOW, build_no=number)))
    same("stopping says so", {"result": "", "success": True}, stopped)
    same("it is aborted", "ABORTED", ended(SLOW, number).status)
    again = raw(client.stop_build_job(StopBuildJobRequest(job_id=SLOW, build_no=number)))
    same("once more changes nothing", {"result": "", "success": True}, again)
    info = client.show_job_info(ShowJobInfoRequest(job_id=SLOW)).result
    same("an aborted build tells nothing of its health", ("aborted", 0), (info.last_build_status, info.health_score))
    same("nothing runs", {"result": False}, raw(client.show_job_status(ShowJobStatusRequest(job_id=SLOW))))

    last = raw(client.download_real_time_log(DownloadRealTimeLogRequest(job_id=SLOW, build_no=number, offset=offset)))["result"]
    same("the log has an end", False, last["has_more_data"])

    second = run(SLOW)
    same("stop_the_job", {"status": "success"}, agree("stop_the_job", client.stop_the_job(StopTheJobRequest(job_id=SLOW, build_no=second))))
    third = run(SLOW)
    client.stop_the_job(StopTheJobRequest(job_id=SLOW))
    same("without a number the newest is stopped", ["ABORTED", "ABORTED"], [ended(SLOW, one).status for one in (second, third)])
    refused("then there is none to stop", 404, "CB.00060404", lambda: client.stop_the_job(StopTheJobRequest(job_id=SLOW)))


def histories():
    history = agree("show_list_history", client.show_list_history(ShowListHistoryRequest(job_id=JOB, offset=0, limit=2, interval=7)))
    total = history["total"]
    check("builds are counted", total >= 6, total)
    newest, older = history["history_records"]
    same("the newest first", newest["build_number"] - 1, older["build_number"])
    typed("a build of the history", newest, {"record_id": str, "job_id": str, "build_number": int, "start_time": str, "end_time": str, "result": str})
    same("it went well", ("SUCCESS", JOB), (newest["result"], newest["job_id"]))
    check("the record is a UUID", bool(RECORD.match(newest["record_id"])), newest)
    started = datetime.datetime.fromisoformat(newest["start_time"])
    same("times are UTC+8", datetime.timedelta(hours=8), started.utcoffset())
    check("and now", abs((datetime.datetime.now(CHINA) - started).total_seconds()) < 300, started)
    second = raw(client.show_list_history(ShowListHistoryRequest(job_id=JOB, offset=1, limit=2, interval=30)))
    same("offset is the number of a page", older["build_number"] - 1, second["history_records"][0]["build_number"])
    refused("31 days", 400, "CB.00060200", lambda: client.show_list_history(ShowListHistoryRequest(job_id=JOB, offset=0, limit=2, interval=31)))

    now = datetime.datetime.now(CHINA)
    span = {"start_time": (now - datetime.timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S"), "end_time": now.strftime("%Y-%m-%d %H:%M:%S")}
    request = ListBuildInfoRecordRequest(job_id=JOB, page_index=0, page_size=2, **span)
    body = agree("list_build_info_record", client.list_build_info_record(request))
    records = body["result"]
    typed("a page of records", records, {"health_score": str, "page_index": str, "total_page": str, "total_record": str, "job_build_states": list})
    same("numbers are texts", ("100", "0", str(total), str((total + 1) // 2)), tuple(records[key] for key in ("health_score", "page_index", "total_record", "total_page")))
    one = records["job_build_states"][0]
    texts = "job_running_status state user_id executor nickname daily_build_number trigger_type commit_id build_type code_branch scm_type"
    types = {key: str for key in texts.split()} | {"number": int, "build_time": int, "start_time": int, "cost_time": int, "commit_info": dict}
    typed("a record", one, types | {"scm_web_url": (str, None), "commit_detail_url": (str, None)})
    same("its build", (newest["build_number"], "SUCCESS", "boss", "Finished"), (one["number"], one["state"], one["executor"], one["job_running_status"]))
    same("its commit", (os.environ["WEIR_COMMIT"], one["commit_id"]), (one["commit_id"], one["commit_info"]["commit_id"]))
    twin = client.list_build_info_record_by_job_id(ListBuildInfoRecordByJobIdRequest(job_id=JOB, page_index=0, page_size=2, **span))
    same("list_build_info_record_by_job_id is the same", body, agree("list_build_info_record_by_job_id", twin))
    past = client.list_build_info_record(ListBuildInfoRecordRequest(job_id=JOB, start_time="2020-01-01 00:00:00", end_time="2020-12-31 23:59:59"))
    same("in the past was none", ("0", []), (raw(past)["result"]["total_record"], raw(past)["result"]["job_build_states"]))
    refused("a time that is none", 400, "CB.00060200", lambda: client.list_build_info_record(ListBuildInfoRecordRequest(job_id=JOB, start_time="yesterday", end_time="now")))

    body = agree("show_record_detail", client.show_record_detail(ShowRecordDetailRequest(job_id=JOB, build_no=newest["build_number"])))
    other = client.show_job_build_record_detail(ShowJobBuildRecordDetailRequest(job_id=JOB, build_no=newest["build_number"]))
    same("show_job_build_record_detail is the same", body, agree("show_job_build_record_detail", other))
    detail = body["result"]
    same("it is the build of the history", newest["record_id"], detail["build_record_id"])
    same("of this project and job", (PROJECT, JOB), (detail["devcloud_project_id"], detail["codeci_job_id"]))
    same("its day's number", one["daily_build_number"], detail["daily_build_num"])
    same("the commit's message", "Second\n", detail["commit_message"].rstrip("\n") + "\n")
    times = [detail[key] for key in ("create_time", "queued_time", "start_time", "finish_time")]
    same("its times follow each other", times, sorted(times))


def logs():
    newest = raw(client.show_list_history(ShowListHistoryRequest(job_id=FAILING, offset=0, limit=1, interval=7)))["history_records"][0]
    whole = log_of(newest["record_id"]).decode()
    check("the log has every job of the build, in order", whole.index("step good") < whole.index("step bad") < whole.index("step after"), whole)
    held = []
    client.download_build_log(DownloadBuildLogRequest(record_id=newest["record_id"], log_level="INFO")).consume_download_stream(lambda stream: held.append(stream.content))
    same("download_build_log is the same", whole, held[0].decode())
    packed = log_of(newest["record_id"], compress=True)
    same("packed it is the same", whole, gzip.decompress(packed).decode())
    offset, text, more = 0, "", True
    while more:
        piece = client.download_real_time_log(DownloadRealTimeLogRequest(job_id=FAILING, build_no=newest["build_number"], offset=offset, length=7)).result
        offset, text, more = piece.offset, text + piece.content, piece.has_more_data
    same("in small pieces it is the same", whole, text)
    masked = run(PLAIN, [ParameterItem(name="SHOW", value="1")])
    shown = log_of(ended(PLAIN, masked).build_record_id).decode()
    check("a secret of the project is masked", os.environ["WEIR_SECRET"] not in shown and "secret=[MASKED]" in shown, shown)
    listed = client.list_build_parameter(ListBuildParameterRequest(job_id=PLAIN, build_no=masked)).result
    same("and no parameter", ["SHOW"], [one.name for one in listed])
    refused("a record that is none", 404, "CB.00060404", lambda: log_of("01234567-0123-0123-0123-0123456789ab"))
    refused("a malformed one", 400, "CB.00060200", lambda: log_of("x"))
    refused("an unknown level", 400, "CB.00060200", lambda: log_of(newest["record_id"], log_level="LOUD"))
    request = DownloadBuildLogRequest(record_id=newest["record_id"])
    refused("somebody else's log", 404, "CB.00060404", lambda: stranger.download_build_log(request))
    parameters = ListBuildParameterRequest(job_id=PLAIN, build_no=masked)
    refused("a guest sees no parameters", 403, "CB.00060403", lambda: guest.list_build_parameter(parameters))
    details = ShowHistoryDetailsRequest(job_id=PLAIN, build_number=masked)
    same("here neither", None, raw(guest.show_history_details(details))["parameters"])


def disabling():
    same("disable_build_job", {"status": "success"}, agree("disable_build_job", client.disable_build_job(DisableBuildJobRequest(job_id=PLAIN))))
    same("it says so", True, client.show_job_info(ShowJobInfoRequest(job_id=PLAIN)).result.disabled)
    refused("a disabled job starts nothing", 403, "CB.00060403", lambda: run(PLAIN))
    same("enable_build_job", {"status": "success"}, agree("enable_build_job", client.enable_build_job(EnableBuildJobRequest(job_id=PLAIN))))
    same("it says that too", False, client.show_job_info(ShowJobInfoRequest(job_id=PLAIN)).result.disabled)
    for disabled in (True, False):
        body = DisableTheJobRequestBody(reason="\u65e0\u6548\u4efb\u52a1", disabled=disabled)
        response = client.disable_the_job(DisableTheJobRequest(job_id=PLAIN, body=body))
        same("disable_the_job", {"status": "success"}, agree("disable_the_job", response))
        same("it did", disabled, client.show_job_info(ShowJobInfoRequest(job_id=PLAIN)).result.disabled)
    refused("disabled has to be said", 400, "CB.00060200", lambda: client.disable_the_job(DisableTheJobRequest(job_id=PLAIN, body=DisableTheJobRequestBody(reason="x"))))
    refused("a guest may not", 403, "CB.00060403", lambda: guest.disable_build_job(DisableBuildJobRequest(job_id=PLAIN)))


def wrong_ids():
    for what, job, status, code in [("malformed", "nothing", 400, "CB.00060201"), ("missing", None, 400, "CB.00060201"), ("unknown", UNKNOWN, 404, "CB.00060404")]:
        refused(f"a {what} job", status, code, lambda job=job: client.show_job_info(ShowJobInfoRequest(job_id=job)))
        refused(f"a {what} job is not started", status, code, lambda job=job: run(job))
        refused(f"a {what} job's build", status, code, lambda job=job: record(job, 1))
    refused("somebody else's job is not there", 404, "CB.00060404", lambda: stranger.show_job_info(ShowJobInfoRequest(job_id=JOB)))
    refused("and not started", 404, "CB.00060404", lambda: stranger.run_job(RunJobRequest(body=RunJobRequestBody(job_id=JOB))))
    refused("a guest starts nothing", 403, "CB.00060403", lambda: guest.run_job(RunJobRequest(body=RunJobRequestBody(job_id=JOB))))
    refused("a build that is not there", 404, "CB.00060404", lambda: record(JOB, 2_000_000_000))
    refused("build 0", 400, "CB.00060200", lambda: record(JOB, 0))
    refused("a project that is not there", 404, "CB.00060404", lambda: client.show_job_list_by_project_id(ShowJobListByProjectIdRequest(project_id=UNKNOWN, page_index=0, page_size=10)))
    wrong = client_of(os.environ["WEIR_AK"], os.environ["WEIR_SK"] + "x")
    refused("a wrong secret key", 401, "APIGW.0301", lambda: wrong.show_job_info(ShowJobInfoRequest(job_id=JOB)))


def many_at_once():
    before = run(PLAIN)
    with ThreadPoolExecutor(16) as threads:
        numbers = list(threads.map(lambda _: run(PLAIN), range(50)))
    same("50 at once get 50 numbers in a row", list(range(before + 1, before + 51)), sorted(numbers))


def the_samples_as_they_are():
    """The client of the vendor's samples: where it goes is in the environment, and nobody says the project."""
    credentials = BasicCredentials(os.environ["WEIR_ONE_AK"], os.environ["WEIR_ONE_SK"])
    sample = CodeArtsBuildClient.new_builder().with_credentials(credentials).with_region(CodeArtsBuildRegion.value_of("cn-north-4")).build()
    request = RunJobRequest()
    request.body = RunJobRequestBody(job_id=PLAIN, parameter=[ParameterItem(name="codeBranch", value="master")], scm=Scm())
    check("run_job of the sample", int(sample.run_job(request).actual_build_number) > 0)
    request = ShowJobInfoRequest()
    request.job_id = JOB
    same("show_job_info of the sample", "web", sample.show_job_info(request).result.job_name)


for test in [
    before_the_first_build,
    run_a_job,
    commits_and_tags,
    what_parameters_may_be,
    information_on_a_job,
    lists_of_jobs,
    a_failing_job,
    a_running_job,
    histories,
    logs,
    disabling,
    wrong_ids,
    many_at_once,
    the_samples_as_they_are,
]:
    part(test)
finish()
