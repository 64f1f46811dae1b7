#!/usr/bin/env bash
# What /openapi.json says, held against the server by generated requests: as nobody, as a guest, as an administrator.
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
source ../lib/contract.sh
: "${SCHEMATHESIS:=schemathesis}"

weir() { "$WEIR_BIN" "$@" --data "$WEIR_DATA"; }
# as TOKEN METHOD PATH [JSON]: the answer's body.
as() { curl -sS -H "PRIVATE-TOKEN: $1" -H 'Content-Type: application/json' -X "$2" "$WEIR_URL$3" ${4+-d "$4"}; }

# --- a repository whose run has something of everything
repository=$CONTRACT_TMP/web
mkdir "$repository"
cat >"$repository/.gitlab-ci.yml" <<'YAML'
stages: [test, deploy]
unit:
  stage: test
  coverage: '/coverage (\d+\.\d+)%/'
  script:
    - echo "coverage 81.5%"
    - echo '<testsuite name="s"><testcase name="a" time="0.1"/><testcase name="b"><failure>no</failure></testcase></testsuite>' >report.xml
  artifacts: {paths: [report.xml], reports: {junit: report.xml}}
broken: {stage: test, allow_failure: true, script: [exit 3]}
child: {stage: test, trigger: {include: child.yml}}
ship: {stage: deploy, resource_group: prod, environment: {name: production, url: "https://shop.example.org"}, script: [echo ship]}
more: {stage: deploy, when: manual, manual_confirmation: "Sure?", resource_group: prod, environment: production, script: [echo more]}
later: {stage: deploy, when: delayed, start_in: 1 day, allow_failure: true, script: [echo later]}
YAML
echo 'inner: {script: [echo inner]}' >"$repository/child.yml"
git_in() { git -C "$repository" -c user.name=t -c user.email=t@example.org -c init.defaultBranch=main "$@"; }
check "there is a repository" eval 'git_in init -q && git_in add . && git_in commit -qm "Something of everything"'

weir_serve
check "there is an administrator" weir user create boss --admin
check "there is a guest" weir user create ada
boss=$(weir token create --user boss --name test)
guest=$(weir token create --user ada --name test)
check "there are projects" eval 'weir project create shop/web --public --source "$repository" && weir project create shop/secret --private'
check "the guest is a member" weir project member shop/secret ada guest
check "there are pipelines" eval 'weir pipeline create main --project shop/web && weir pipeline create hidden --project shop/secret --file "$repository/child.yml"'
run() { as "$boss" POST "/api/pipelines/$1/run" '{}' | json "it['runId']"; }
# settled RUN: waits until every job that can has ended.
settled() {
  local jobs
  for _ in $(seq 200); do
    jobs=$(as "$boss" GET "/api/v4/weir/runs/$1/jobs?per_page=100" | json "[j['name'] for j in it if j['status'] in ('created', 'pending', 'running')]")
    [ "$jobs" = "[]" ] && return 0
    sleep 0.1
  done
  echo "still: $jobs"
  return 1
}
first=$(run main)
check "a run has come to rest" settled "$first"
check "it has tests, coverage, a child and an environment" json \
  "(it[0]['total_count'] == 2 and it[1]['coverage'] == '81.50' and it[2][0]['downstream_pipeline'] and it[3][0]['name'] == 'production') or 1/0" \
  < <(printf '[%s,%s,%s,%s]' "$(as "$boss" GET "/api/v4/weir/runs/$first/test_report")" "$(as "$boss" GET "/api/v4/weir/runs/$first")" \
    "$(as "$boss" GET "/api/v4/weir/runs/$first/bridges")" "$(as "$boss" GET /api/v4/projects/1/environments)")

# --- from here on nothing runs: generated definitions are not executed
weir_stop
check "the runner is stopped" "$WEIR_BIN" runner stop --now --data "$WEIR_DATA"
weir_serve --no-runner --rate-limit 0
second=$(run main)
hidden=$(run hidden)
uid=$(as "$boss" GET "/api/v4/weir/runs/$second" | json "it['uid']")
jobs=$(as "$boss" GET '/api/v4/weir/jobs?per_page=100' | json "json.dumps([str(j['id']) for j in it] + ['no'])")
as "$boss" POST /api/jobs '{"id":"job_1"}' >/dev/null
as "$boss" POST /api/operations '{"id":"op_1","config":{"executor":{"type":"script","language":"bash","command":"ls"}}}' >/dev/null
for owner in projects/1 groups/shop admin/ci; do
  as "$boss" POST "/api/v4/$owner/variables" '{"key":"KEY","value":"a value that is long"}' >/dev/null
done
spare=$(as "$boss" POST /api/v4/user/personal_access_tokens '{"name":"spare","scopes":["api"]}')
runner=$(as "$boss" POST /api/v4/user/runners '{"runner_type":"project_type","project_id":1}' | json "it['id']")
known=$(
  cat <<JSON
{"/projects/{project}": ["1", "shop/web", "2", "no"], "/runners/{runner}": ["1", "no"], "/groups/{group}": ["shop", "no"],
 "/environments/{environment}": ["1", "no"], "/resource_groups/{key}": ["prod", "no"], "/variables/{key}": ["KEY", "no"],
 "/pipelines/{run}": ["$first", "$second", "no"], "/runs/{run}": ["$first", "$second", "$uid", "$hidden", "no"],
 "/jobs/{job}": $jobs, "/users/{user}": ["ada", "no"], "/api/v4/users/{user}": ["1", "2", "no"],
 "/personal_access_tokens/{token}": ["$(json "it['id']" <<<"$spare")", "no"], "/runners/{runner}": ["$runner", "no"],
 "/branches/{branch}": ["main", "no"], "/commits/{sha}": ["main", "no"], "/files/{path}": ["child.yml", "no"],
 "/members/{path}": ["shop/web", "shop", "no"],
 "/permissions/{path}": ["shop/web", "shop", "no"], "/api/jobs/{id}": ["job_1", "$uid", "$first", "no"],
 "/api/pipelines/{id}": ["main", "hidden", "no"], "/api/operations/{id}": ["op_1", "no"],
 "/jobs/{id}/artifacts/{name}": ["artifacts.zip", "no"], "/jobs/{id}": ["1", "2", "99"]}
JSON
)
curl -sS "$WEIR_URL/openapi.json" >"$CONTRACT_TMP/document.json"
python3 ../lib/known.py "$known" <"$CONTRACT_TMP/document.json" >"$CONTRACT_TMP/openapi.json"
python3 ../lib/known.py "$known" nobody <"$CONTRACT_TMP/document.json" >"$CONTRACT_TMP/nobody.json"
cat >"$CONTRACT_TMP/schemathesis.toml" <<'TOML'
[generation]
deterministic = true
database = "none"
TOML

# generated FILE TOKEN [arguments…]: requests as the document allows and forbids them; answers as it says.
generated() {
  local file=$1 token=$2
  shift 2
  (cd "$CONTRACT_TMP" && "$SCHEMATHESIS" --config-file schemathesis.toml run "$file" --url "$WEIR_URL" ${token:+-H "PRIVATE-TOKEN: $token"} \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --phases examples,coverage,fuzzing --max-examples 20 --seed 1 --request-timeout 20 --suppress-health-check all \
    --warnings off --no-color --exclude-tag Streams "$@")
}
# These users' tokens make the next requests; and to seal everything anew takes long.
kept=(--exclude-method DELETE)
changing=(user_change key_rotate project_change own_token_rotate personal_token_rotate)
for id in "${changing[@]}"; do kept+=(--exclude-operation-id "$id"); done
check "nobody is answered as documented" generated nobody.json "" "${kept[@]}"
check "a guest is answered as documented" generated openapi.json "$guest" "${kept[@]}"
check "an administrator is answered as documented" generated openapi.json "$boss" "${kept[@]}"
check "accounts, keys and projects are changed as documented" generated openapi.json "$boss" --include-operation-id user_change \
  --include-operation-id key_rotate --include-operation-id project_change --max-examples 5
same "no body of a wrong type makes a fault" "" "$(python3 ../lib/odd_bodies.py "$WEIR_URL" "$boss" <"$CONTRACT_TMP/openapi.json")"
check "deletions are answered as documented" generated openapi.json "$boss" --include-method DELETE --exclude-operation-id own_token_revoke
# What ends the token that asks.
spare=$(weir token create --user boss --name another)
check "tokens are replaced and ended as documented" generated openapi.json "$spare" --include-operation-id own_token_rotate \
  --include-operation-id own_token_revoke --include-operation-id personal_token_rotate --max-examples 5
check "the server is well" test "$(status GET /readyz)" = 200
check "no fault was logged" bash -c "! grep -E 'answered with a fault|panicked' '$CONTRACT_TMP/serve.log' | head -n 20 | grep ."
finish
