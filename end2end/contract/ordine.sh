#!/usr/bin/env bash
# Ordine's interface as its scripts use it: curl without any header, python3 behind a pipe.
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
source ../lib/contract.sh
weir_start

api=$WEIR_URL/api
# body METHOD PATH [JSON]: the answer's body; curl calls the JSON a form, as in the scripts.
body() { curl -sS -X "$1" "$api$2" ${3+-d "$3"}; }
# code METHOD PATH [JSON]: the answer's status.
code() { curl -sS -o /dev/null -w '%{http_code}' -X "$1" "$api$2" ${3+-d "$3"}; }
# field NAME < object
field() { json "it['$1']"; }
# until_ended ID: waits until the job has ended and prints its status. Each request is held by the server.
until_ended() {
  local id=$1 tag= state
  for _ in $(seq 60); do
    state=$(body GET "/jobs/$id" | field status)
    case $state in completed | failed | cancelled) echo "$state"; return 0 ;; esac
    tag=$(curl -sS -o /dev/null -D - "$api/jobs/$id" | tr -d '\r' | sed -n 's/^etag: //Ip')
    curl -sS -o /dev/null -H "If-None-Match: $tag" -H 'Prefer: wait=5' "$api/jobs/$id"
  done
  echo "still $state"
}
# is_error STATUS METHOD PATH [JSON]: that status, with JSON and a text in it.
is_error() {
  local want=$1 got
  shift
  got=$(curl -sS -o "$CONTRACT_TMP/body" -w '%{http_code} %{content_type}' -X "$1" "$api$2" ${3+-d "$3"})
  [ "${got%% *}" = "$want" ] && [[ $got == *application/json* ]] && json "len(it['error']) > 0" <"$CONTRACT_TMP/body" | grep -qx True ||
    { echo "$got"; cat "$CONTRACT_TMP/body"; return 1; }
}

same "health" '{"status":"ok"}' "$(curl -sS "$WEIR_URL/health")"
same "an empty list is a bare array" "[]" "$(body GET /jobs)"

# --- hand-made jobs, the seed's sequence
same "POST answers 201" 201 "$(code POST /jobs '{"id":"job_001","pipelineId":"pipe_check_dao","status":"pending"}')"
same "GET has every field" \
  "['completedAt', 'createdAt', 'error', 'id', 'pipelineId', 'projectId', 'result', 'startedAt', 'status']" \
  "$(body GET /jobs/job_001 | json "sorted(k for k in it if k in ('id','pipelineId','projectId','status','result','error','startedAt','completedAt','createdAt'))")"
same "absent values are null" "[None, None, None, None, None]" \
  "$(body GET /jobs/job_001 | json "[it[k] for k in ('projectId','result','error','startedAt','completedAt')]")"
check "times are ISO 8601 in UTC" grep -Eq '"createdAt":"20[0-9-]+T[0-9:.]+Z"' <(body GET /jobs/job_001)
same "pending cannot become completed" 409 "$(code PATCH /jobs/job_001 '{"status":"completed"}')"
same "pending becomes running" running "$(body PATCH /jobs/job_001 '{"status":"running"}' | field status)"
check "the server sets startedAt" json "it['startedAt'] or 1/0" < <(body GET /jobs/job_001)
same "the same state again is 200" 200 "$(code PATCH /jobs/job_001 '{"status":"running"}')"
same "running becomes completed, with a result" "completed 3" \
  "$(body PATCH /jobs/job_001 '{"status":"completed","result":{"summary":{"files":3}}}' | json "it['status'] + ' ' + str(it['result']['summary']['files'])")"
check "the server sets completedAt" json "it['completedAt'] or 1/0" < <(body GET /jobs/job_001)
same "a finished job moves no more" 409 "$(code PATCH /jobs/job_001 '{"status":"failed"}')"
same "and is unchanged" completed "$(body GET /jobs/job_001 | field status)"
same "the same end again is 200" 200 "$(code PATCH /jobs/job_001 '{"status":"done"}')"
same "a hand-made job has no lines" "[]" "$(body GET /jobs/job_001/traces)"
same "DELETE answers 204" 204 "$(code DELETE /jobs/job_001)"
same "and it is gone" 404 "$(code GET /jobs/job_001)"

body POST /jobs '{"id":"h1","status":"queued","projectId":"proj_1"}' >/dev/null
body POST /jobs '{"id":"h2","status":"running","projectId":"proj_1"}' >/dev/null
body POST /jobs '{"id":"h3","projectId":"proj_2","title":"x","type":"pipeline_run"}' >/dev/null
same "aliases are accepted and never sent" pending "$(body GET /jobs/h1 | field status)"
same "newest first" "['h3', 'h2', 'h1']" "$(body GET /jobs | json "[j['id'] for j in it]")"
same "filter by status" "['h3', 'h1']" "$(body GET '/jobs?status=pending' | json "[j['id'] for j in it]")"
same "aliases filter too" 2 "$(body GET '/jobs?status=queued' | json "len(it)")"
same "filter by project" "['h2', 'h1']" "$(body GET '/jobs?projectId=proj_1' | json "[j['id'] for j in it]")"
same "both together" "['h1']" "$(body GET '/jobs?projectId=proj_1&status=pending' | json "[j['id'] for j in it]")"
same "an empty filter is none" 3 "$(body GET '/jobs?status=' | json "len(it)")"
same "the seed's pipe works" 3 "$(curl -s "$api/jobs" | python3 -c "import json,sys; print(len([j['status'] for j in json.load(sys.stdin)]))")"
check "the total is in a header" grep -qi '^x-total-count: 3' <(curl -sS -D - -o /dev/null "$api/jobs?limit=2")
pages() {
  local path='/api/jobs?limit=2' ids=
  while [ -n "$path" ]; do
    ids+=$(curl -sS -D "$CONTRACT_TMP/head" "$WEIR_URL$path" | json "','.join(j['id'] for j in it)"),
    path=$(tr -d '\r' <"$CONTRACT_TMP/head" | sed -n 's/^link: <\(.*\)>; rel="next"/\1/Ip')
  done
  echo "$ids"
}
same "pages follow the next link" "h3,h2,h1," "$(pages)"
same "failed always has an error" True "$(body PATCH /jobs/h2 '{"status":"failed"}' | json "bool(it['error'])")"
same "failed keeps the given error" "no disk" "$(body PATCH /jobs/h1 '{"status":"failed","error":"no disk"}' | field error)"

body POST /jobs '{"id":"race","status":"running"}' >/dev/null
rivals() {
  curl -sS -Z -o /dev/null -o /dev/null -w '%{http_code}\n' -X PATCH \
    -d '{"status":"completed"}' "$api/jobs/race" --next -sS -o /dev/null -w '%{http_code}\n' -X PATCH \
    -d '{"status":"failed"}' "$api/jobs/race" | sort | tr '\n' ' '
}
same "of two rivals one wins" "200 409 " "$(rivals)"

# --- refusals
check "unknown id: 404" is_error 404 GET /jobs/nobody
check "unknown id, PATCH: 404" is_error 404 PATCH /jobs/nobody '{"status":"running"}'
check "unknown id, DELETE: 404" is_error 404 DELETE /jobs/nobody
check "unknown id, traces: 404" is_error 404 GET /jobs/nobody/traces
check "duplicate id: 409" is_error 409 POST /jobs '{"id":"h1"}'
check "unknown status: 400" is_error 400 PATCH /jobs/h3 '{"status":"banana"}'
check "unknown status in the filter: 400" is_error 400 GET '/jobs?status=banana'
check "malformed body: 400" is_error 400 POST /jobs '{"id":'
check "no body: 400" is_error 400 POST /jobs
check "a list as body: 400" is_error 400 POST /jobs '[]'
check "no id: 400" is_error 400 POST /jobs '{"status":"pending"}'
check "a number as id: 400" is_error 400 POST /jobs '{"id":7}'
check "an empty id: 400" is_error 400 POST /jobs '{"id":""}'
check "control characters in the id: 400" is_error 400 POST /jobs '{"id":"a\u0000b"}'
check "NUL in the address: 400" is_error 400 GET '/jobs/a%00b'
check "not UTF-8 in the address: 400" is_error 400 GET '/jobs/a%ffb'
check "a long id: 400" is_error 400 GET "/jobs/$(printf 'x%.0s' $(seq 3000))"
check "a bad limit: 400" is_error 400 GET '/jobs?limit=0'
check "a bad cursor: 400" is_error 400 GET '/jobs?cursor=x'
check "unknown path: 404 as JSON" is_error 404 GET /nothing
check "wrong method: 405 as JSON" is_error 405 PUT /jobs
check "10 MB: 413 as JSON" is_error 413 POST /jobs "@-" < <(head -c 10000000 /dev/zero | tr '\0' x)
same "ids with slash, space and more" 200 \
  "$(body POST /jobs '{"id":"a/b c?ü"}' >/dev/null; code GET '/jobs/a%2Fb%20c%3F%C3%BC')"

# --- pipelines as texts
cat >"$CONTRACT_TMP/pipe.json" <<'JSON'
{"id": "pipe_check_dao", "name": "Check DAO", "description": "layers", "projectId": "proj_9",
 "definition": "first:\n  script:\n    - echo one $INPUT_PATH $WHO\n    - echo two >&2\nsecond:\n  stage: deploy\n  script: [echo three]\n"}
JSON
same "POST /pipelines answers 201" 201 "$(code POST /pipelines "@$CONTRACT_TMP/pipe.json")"
check "the same again: 409" is_error 409 POST /pipelines "@$CONTRACT_TMP/pipe.json"
same "GET /pipelines" "['pipe_check_dao']" "$(body GET /pipelines | json "[p['id'] for p in it]")"
same "GET /pipelines/:id" "Check DAO proj_9 []" \
  "$(body GET /pipelines/pipe_check_dao | json "it['name'] + ' ' + it['projectId'] + ' ' + str(it['nodes'])")"
same "PATCH" "new words" "$(body PATCH /pipelines/pipe_check_dao '{"description":"new words"}' | field description)"
check "PATCH keeps the rest" grep -q 'echo three' <(body GET /pipelines/pipe_check_dao)
check "PATCH of an unknown one: 404" is_error 404 PATCH /pipelines/nobody '{"name":"x"}'
check "a definition with errors: 400" is_error 400 POST /pipelines '{"id":"bad","name":"x","definition":"a: {scirpt: [x]}"}'
check "it says where" grep -q '"line":1' <(body POST /pipelines '{"id":"bad","name":"x","definition":"a: {scirpt: [x]}"}')
check "no definition at all: 400" is_error 400 POST /pipelines '{"id":"bad","name":"x"}'
check "run of an unknown one: 404" is_error 404 POST /pipelines/nobody/run
check "run with a malformed body: 400" is_error 400 POST /pipelines/pipe_check_dao/run '{'

# --- runs
same "run answers 202" 202 "$(code POST /pipelines/pipe_check_dao/run)"
started=$(body POST /pipelines/pipe_check_dao/run '{"inputPath":"/srv/dao","variables":{"WHO":"me"}}')
job=$(field jobId <<<"$started")
same "the job is there at once" "$job" "$(body GET "/jobs/$job" | field id)"
same "it carries pipeline, input and project" "pipe_check_dao /srv/dao proj_9" \
  "$(body GET "/jobs/$job" | json "' '.join([it['pipelineId'], it['inputPath'], it['projectId']])")"
same "it completes" completed "$(until_ended "$job")"
same "its number is an id too" "$job" "$(body GET "/jobs/$(field runId <<<"$started")" | field id)"
same "the result says what ran" "2 success" "$(body GET "/jobs/$job" | json "str(len(it['result']['jobs'])) + ' ' + it['result']['status']")"
same "no error" None "$(body GET "/jobs/$job" | field error)"
check "times are set" json "(it['startedAt'] and it['completedAt']) or 1/0" < <(body GET "/jobs/$job")
same "both streams, all jobs, in order" "one /srv/dao me,two,three" \
  "$(body GET "/jobs/$job/traces" | json "','.join(t['message'] for t in it if t['message'].split(' ')[0] in ('one','two','three'))")"
same "ids ascend without gaps from 1" True \
  "$(body GET "/jobs/$job/traces" | json "[t['id'] for t in it] == list(range(1, len(it) + 1))")"
same "every line names its step" "['first', 'second']" "$(body GET "/jobs/$job/traces" | json "sorted(set(t['step'] for t in it))")"
same "and level and time" True \
  "$(body GET "/jobs/$job/traces" | json "all(t['level'] in ('info','warn','error','debug') and t['createdAt'].endswith('Z') and t['jobId'] for t in it)")"
same "after= and limit=" "[3, 4]" "$(body GET "/jobs/$job/traces?after=2&limit=2" | json "[t['id'] for t in it]")"
same "no agents ran" "[]" "$(body GET "/jobs/$job/agent-runs")"
same "a run is filtered by project" "$job" "$(body GET '/jobs?projectId=proj_9&status=completed&limit=1' | json "it[0]['id']")"
same "the project of the request wins" other "$(body GET "/jobs/$(body POST /pipelines/pipe_check_dao/run '{"projectId":"other"}' | field jobId)" | field projectId)"
check "a run cannot be set running" is_error 409 PATCH "/jobs/$job" '{"status":"running"}'
same "a run's own state again is 200" 200 "$(code PATCH "/jobs/$job" '{"status":"completed"}')"
check "a finished run cannot be cancelled" is_error 409 PATCH "/jobs/$job" '{"status":"cancelled"}'

body POST /pipelines '{"id":"pipe_fail","name":"F","definition":"bad:\n  script: [echo before, exit 3]\n"}' >/dev/null
job=$(body POST /pipelines/pipe_fail/run | field jobId)
same "a failing run fails" failed "$(until_ended "$job")"
check "and says which job and why" grep -q 'exit code 3' <(body GET "/jobs/$job" | field error)

# --- cancel and delete of live runs
mark=weir-contract-$$
body POST /pipelines "{\"id\":\"pipe_long\",\"name\":\"L\",\"definition\":\"long:\\n  script:\\n    - echo begun\\n    - exec -a $mark sleep 300\\n\"}" >/dev/null
running() { pgrep -f "^$mark" >/dev/null; }
start_long() {
  job=$(body POST /pipelines/pipe_long/run | field jobId)
  for _ in $(seq 100); do running && return 0; sleep 0.1; done
  return 1
}
check "a long job runs" start_long
job=$(body GET '/jobs?status=running&limit=1' | json "it[0]['id']")
held=$(mktemp -p "$CONTRACT_TMP")
tag=$(curl -sS -o /dev/null -D - "$api/jobs/$job" | tr -d '\r' | sed -n 's/^etag: //Ip')
same "the same tag: 304" 304 "$(curl -sS -o /dev/null -w '%{http_code}' -H "If-None-Match: $tag" "$api/jobs/$job")"
curl -sS -o "$held" -H "If-None-Match: $tag" -H 'Prefer: wait=30' "$api/jobs/$job" &
waiter=$!
same "PATCH cancelled answers cancelled" cancelled "$(body PATCH "/jobs/$job" '{"status":"canceled"}' | field status)"
check "its processes are gone" bash -c "! pgrep -f '^$mark'"
wait "$waiter"
check "a held request was answered" grep -q '"status"' "$held"
same "it stays cancelled" "cancelled True" "$(body GET "/jobs/$job" | json "it['status'] + ' ' + str(bool(it['completedAt']))")"
same "cancelled again is 200" 200 "$(code PATCH "/jobs/$job" '{"status":"cancelled"}')"
check "a long job runs again" start_long
job=$(body GET '/jobs?status=running&limit=1' | json "it[0]['id']")
same "DELETE of a live run answers 204" 204 "$(code DELETE "/jobs/$job")"
check "its processes are gone too" bash -c "! pgrep -f '^$mark'"
same "and it is gone itself" 404 "$(code GET "/jobs/$job")"

same "DELETE of a pipeline with runs" 204 "$(code DELETE /pipelines/pipe_fail)"
same "its jobs stay readable" pipe_fail "$(body GET '/jobs?status=failed&pipelineId=pipe_fail' | json "it[0]['pipelineId']")"

# --- nodes and edges
operation() {
  python3 - "$@" <<'PY'
import json, sys
name, language, command = sys.argv[1:]
print(json.dumps({"id": name, "name": name, "config": {"executor": {"type": "script", "language": language, "command": command}}}))
PY
}
same "POST /operations" 201 "$(code POST /operations "$(operation op_list bash 'for f in a b; do
  echo "$f from $INPUT_PATH"
done')")"
same "in Python" 201 "$(code POST /operations "$(operation op_count python 'import sys
lines = sys.stdin.read().splitlines()
print("counted", len(lines), "quote \" and '"'"'")')")"
check "an agent is refused with a reason" grep -q 'agent' \
  <(body POST /operations '{"id":"op_x","name":"x","config":{"executor":{"type":"agent","prompt":"p"}}}')
check "and with 400" is_error 400 POST /operations '{"id":"op_x","name":"x","config":{"executor":{"type":"agent","prompt":"p"}}}'
check "a duplicate: 409" is_error 409 POST /operations "$(operation op_list bash true)"
same "GET /operations" "['op_count', 'op_list']" "$(body GET /operations | json "sorted(o['id'] for o in it)")"
same "PUT replaces" 200 "$(code PUT /operations "$(operation op_count python 'import sys
print("counted", len(sys.stdin.read().splitlines()))')")"
cat >"$CONTRACT_TMP/graph.json" <<'JSON'
{"id": "pipe_graph", "name": "Graph", "tags": ["x"], "timeoutMs": 60000,
 "nodes": [
  {"id": "in", "type": "folder", "position": {"x": 1, "y": 2}, "data": {"label": "in", "nodeType": "folder", "folderPath": ""}},
  {"id": "n1", "type": "operation", "position": {"x": 3, "y": 4}, "data": {"label": "List", "operationId": "op_list"}},
  {"id": "n2", "type": "operation", "position": {"x": 5, "y": 6}, "data": {"label": "Count", "operationId": "op_count"}}],
 "edges": [{"id": "e1", "source": "in", "target": "n1"}, {"id": "e2", "source": "n1", "target": "n2"}]}
JSON
same "POST of a graph" 201 "$(code POST /pipelines "@$CONTRACT_TMP/graph.json")"
same "GET returns it unchanged" True "$(body GET /pipelines/pipe_graph | python3 -c '
import json, sys
got, want = json.load(sys.stdin), json.load(open(sys.argv[1]))
print(all(got[k] == want[k] for k in want))' "$CONTRACT_TMP/graph.json")"
job=$(body POST /pipelines/pipe_graph/run '{"inputPath":"/srv/here"}' | field jobId)
same "it runs" completed "$(until_ended "$job")"
same "edges hand the output on; -i fills the input node" "a from /srv/here,b from /srv/here,counted 2" \
  "$(body GET "/jobs/$job/traces" | json "','.join(t['message'] for t in it if t['message'][:2] in ('a ','b ','co'))")"
check "a missing operation: 400" is_error 400 POST /pipelines \
  '{"id":"g2","name":"x","nodes":[{"id":"n","type":"operation","data":{"operationId":"op_gone"}}],"edges":[]}'
check "a cycle: 400" is_error 400 POST /pipelines \
  '{"id":"g2","name":"x","nodes":[{"id":"a","type":"operation","data":{"operationId":"op_list"}}],"edges":[{"source":"a","target":"a"}]}'
same "DELETE /operations/:id" 204 "$(code DELETE /operations/op_count)"
check "a run then is refused: 409" is_error 409 POST /pipelines/pipe_graph/run
check "and names the node" grep -q PIPELINE_OPERATION_MISSING <(body POST /pipelines/pipe_graph/run)

# --- the same over the command line
weir() { "$WEIR_BIN" "$@"; }
ended() { weir "$@" >"$CONTRACT_TMP/cli" 2>&1; echo $?; }
same "weir run: exit 0 when completed" 0 "$(ended run pipe_check_dao -i /srv/x -v WHO=cli)"
check "it follows the log" grep -q 'one /srv/x cli' "$CONTRACT_TMP/cli"
check "and names the job" grep -Eq '^Job created: [0-9a-f]{32}$' "$CONTRACT_TMP/cli"
same "a relative input is made absolute" 0 "$(cd /tmp && ended run pipe_check_dao -i here)"
check "by the command" grep -q 'one /tmp/here' "$CONTRACT_TMP/cli"
body POST /pipelines '{"id":"pipe_fail","name":"F","definition":"bad:\n  script: [exit 3]\n"}' >/dev/null
same "weir run: exit 1 when failed" 1 "$(ended run pipe_fail)"
same "unknown pipeline: exit 3" 3 "$(ended run nobody)"
check "with the server's words" grep -q '^weir: failed to run nobody: pipeline not found' "$CONTRACT_TMP/cli"
same "wrong usage: exit 2" 2 "$(ended run)"
same "no server: exit 4" 4 "$(WEIR_URL=http://127.0.0.1:9 ended ls)"
check "it names the address" grep -q 'http://127.0.0.1:9' "$CONTRACT_TMP/cli"
same "--no-follow --json prints the run" True "$(weir run pipe_check_dao --no-follow --json | json "len(it['uid']) == 32 and it['id'] > 0")"
same "weir ls and weir pipelines" True "$(weir ls --json | json "len(it) > 1")$(weir pipelines >/dev/null || echo no)"
weir runs list --json >"$CONTRACT_TMP/runs"
run=$(json "it[0]['id']" <"$CONTRACT_TMP/runs")
same "weir runs get" "$run" "$(weir runs get "$run" --json | json "it['id']")"
same "weir runs watch: exit 0" 0 "$(ended runs watch "$run")"
number=$(weir jobs list --json | json "[j['id'] for j in it if j['pipeline']['id'] == $run][-1]")
check "weir jobs logs" grep -q 'one' <(weir jobs logs "$number")
check "weir jobs logs -f ends" grep -q 'one' <(weir jobs logs -f "$number")
check "weir why" weir why "$number"
same "weir jobs get of a hand-made job" h3 "$(weir jobs get h3 --json | field id)"
same "weir jobs delete" 0 "$(ended jobs delete h3)"
finish
