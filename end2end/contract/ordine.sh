# The commands that users of Ordine have in their scripts, without any header, against a server in --local mode.
source ../lib/contract.sh
weir_start

api=$WEIR_URL/api

# send METHOD PATH [BODY]: prints the answer.
send() {
  curl -sS -X "$1" "$api$2" ${3:+-H 'Content-Type: application/json' -d "$3"}
}

# code METHOD PATH [BODY]: prints only the status.
code() {
  status "$1" "/api$2" ${3:+-H 'Content-Type: application/json' -d "$3"}
}

# until_status ID STATUS: waits on the server for it.
until_status() {
  local etag= answer
  while :; do
    answer=$(curl -sS -D "$CONTRACT_TMP/headers" ${etag:+-H "If-None-Match: $etag" -H 'Prefer: wait=30'} "$api/jobs/$1") || return 1
    etag=$(tr -d '\r' <"$CONTRACT_TMP/headers" | sed -n 's/^[Ee][Tt]ag: //p')
    case $(json 'it["status"]' <<<"${answer:-null}" 2>/dev/null) in
      "$2") return 0 ;;
      completed | failed | cancelled) echo "$answer"; return 1 ;;
    esac
  done
}

fields='["completedAt", "createdAt", "error", "id", "pipelineId", "projectId", "result", "startedAt", "status"]'

# Hand-made jobs: only PATCH moves them.
same "a job is made" 201 "$(code POST /jobs '{"id": "job_001", "pipelineId": "pipe_x", "status": "pending"}')"
same "the same id again is refused" 409 "$(code POST /jobs '{"id": "job_001", "pipelineId": "pipe_x", "status": "pending"}')"
same "a job has at least the nine fields" True \
  "$(send GET /jobs/job_001 | json "set($fields) <= set(it)")"
same "the list is a bare array" 'job_001' "$(send GET /jobs | json 'it[0]["id"]')"
same "a one-liner counts" 1 \
  "$(curl -s "$api/jobs" | python3 -c 'import json,sys; print(len([j for j in json.load(sys.stdin) if j["status"] == "pending"]))')"
same "a status filters" 0 "$(send GET '/jobs?status=running' | json 'len(it)')"
same "queued means pending" 1 "$(send GET '/jobs?status=queued' | json 'len(it)')"
same "an unknown status in a filter is refused" 400 "$(code GET '/jobs?status=banana')"
same "pending does not complete" 409 "$(code PATCH /jobs/job_001 '{"status": "completed"}')"
same "it runs" 200 "$(code PATCH /jobs/job_001 '{"status": "running"}')"
same "running again changes nothing" 200 "$(code PATCH /jobs/job_001 '{"status": "running"}')"
same "it completes, with a result" done \
  "$(send PATCH /jobs/job_001 '{"status": "completed", "result": {"summary": "done"}}' | json 'it["result"]["summary"]')"
same "what has ended does not move" 409 "$(code PATCH /jobs/job_001 '{"status": "failed"}')"
same "an unknown word is refused" 400 "$(code PATCH /jobs/job_001 '{"status": "banana"}')"
same "a malformed body is refused" 400 "$(code PATCH /jobs/job_001 '{')"
same "it is deleted" 204 "$(code DELETE /jobs/job_001)"
same "and gone" 404 "$(code GET /jobs/job_001)"
same "what is missing is told in JSON" True "$(send GET /jobs/nobody | json 'len(it["error"]) > 0')"
same "so is an unknown path" 404 "$(code GET /nothing/here)"

# Pipelines and their runs.
same "a pipeline is made" 201 "$(code POST /pipelines \
  '{"id": "pipe_check", "name": "Check", "definition": "one:\n  script: [\"echo out\", \"echo err >&2\"]\n"}')"
same "a pipeline that cannot be is refused" 400 "$(code POST /pipelines '{"id": "bad", "name": "Bad", "definition": "one: ["}')"
same "an unknown pipeline does not run" 404 "$(code POST /pipelines/nobody/run)"
job=$(send POST /pipelines/pipe_check/run '{"projectId": "proj_1"}' | json 'it["jobId"]')
check "its run completes" until_status "$job" completed
same "it carries pipeline and project" 'pipe_check proj_1' \
  "$(send GET "/jobs/$job" | json 'it["pipelineId"] + " " + it["projectId"]')"
same "both filters together find it" "$job" \
  "$(send GET '/jobs?projectId=proj_1&status=completed' | json 'it[0]["id"]')"
same "its log has both streams, in order" True "$(send GET "/jobs/$job/traces" | json \
  '(lambda lines: any("out" in l for l in lines) and any("err" in l for l in lines))([t["message"] for t in it])')"
same "trace ids ascend" True "$(send GET "/jobs/$job/traces" | json \
  '(lambda ids: ids == sorted(ids) and len(set(ids)) == len(ids))([t["id"] for t in it])')"
same "an unknown job has no log" 404 "$(code GET /jobs/nobody/traces)"

send POST /pipelines '{"id": "pipe_sleep", "name": "Sleep", "definition": "one:\n  script: [\"sleep 300\"]\n"}' >"$CONTRACT_TMP/made"
job=$(send POST /pipelines/pipe_sleep/run | json 'it["jobId"]')
check "a long one runs" until_status "$job" running
same "it is cancelled" 200 "$(code PATCH "/jobs/$job" '{"status": "cancelled"}')"
check "and stays cancelled" until_status "$job" cancelled

send POST /pipelines '{"id": "pipe_fail", "name": "Fail", "definition": "one:\n  script: [\"exit 3\"]\n"}' >"$CONTRACT_TMP/made"
job=$(send POST /pipelines/pipe_fail/run | json 'it["jobId"]')
check "a failing one fails" until_status "$job" failed
same "and says why" True "$(send GET "/jobs/$job" | json 'len(it["error"]) > 0')"
same "a pipeline is deleted" 204 "$(code DELETE /pipelines/pipe_fail)"
same "its job can still be read" pipe_fail "$(send GET "/jobs/$job" | json 'it["pipelineId"]')"

# The command line follows runs of its own accord.
check "weir run ends well" "$WEIR_BIN" run pipe_check
check "weir ls lists" "$WEIR_BIN" ls
same "an unknown pipeline is the caller's mistake" 3 "$("$WEIR_BIN" run nobody >/dev/null 2>&1; echo $?)"
same "a server that is not there has its own exit code" 4 \
  "$(WEIR_URL=http://127.0.0.1:9 "$WEIR_BIN" ls >/dev/null 2>&1; echo $?)"
finish
