#!/usr/bin/env bash
# Huawei's own SDKs against a server: CodeArts Build of 3.1.219, CodeArts Pipeline of 3.1.219, and of 3.1.210, the last
# that has the status of many pipelines in one call.
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
source ../lib/contract.sh
: "${CODEARTS_PYTHON:=python3}" "${CODEARTS_PYTHON_3_1_210:=$CODEARTS_PYTHON}"

weir() { "$WEIR_BIN" "$@" --data "$WEIR_DATA"; }
git_in() { git -C "$repository" -c user.name=t -c user.email=t@example.org -c init.defaultBranch=main "$@"; }

# --- a repository with two commits, of which the first has a tag
repository=$CONTRACT_TMP/web
mkdir "$repository"
cat >"$repository/.gitlab-ci.yml" <<'YAML'
compile:
  script:
    - echo "branch=$codeBranch count=$COUNT on=$ON"
    - echo "sha=$CI_COMMIT_SHA"
    - sleep 0.1
YAML
check "there is a repository" eval 'git_in init -q && git_in add . && git_in commit -qm First && git_in tag v1'
WEIR_COMMIT_1=$(git_in rev-parse HEAD)
echo more >"$repository/more"
check "it has a second commit" eval 'git_in add . && git_in commit -qm Second'
WEIR_COMMIT=$(git_in rev-parse HEAD)

cat >"$CONTRACT_TMP/failing.yml" <<'YAML'
stages: [one, two]
good: {stage: one, script: [echo "step good"]}
bad: {stage: two, script: ['echo "step bad"', '[ -n "$FIXED" ]']}
after: {stage: two, needs: [good, bad], script: [echo "step after"]}
YAML
cat >"$CONTRACT_TMP/slow.yml" <<'YAML'
wait: {script: [echo begun, sleep 300]}
YAML
cat >"$CONTRACT_TMP/review.yml" <<'YAML'
review: {when: manual, allow_failure: false, script: [echo reviewed]}
YAML
cat >"$CONTRACT_TMP/plain.yml" <<'YAML'
plain: {script: ['if [ -n "$SHOW" ]; then echo "secret=$SECRET"; fi']}
YAML

# --- a server for a team: somebody who may everything, a guest, and somebody who has nothing to do with the project
weir_serve --rate-limit 0
check "there is an administrator" weir user create boss --admin
check "there is a project" weir project create shop/web --private --source "$repository"
boss=$(weir token create --user boss --name test)
as_boss() { curl -sS -f -H "PRIVATE-TOKEN: $boss" -H 'Content-Type: application/json' -X "$1" "$WEIR_URL$2" ${3+-d "$3"}; }
check "the repository's definition is a pipeline" as_boss POST /api/pipelines '{"id":"web","name":"web","projectId":"shop/web"}'
for name in failing slow review plain; do
  check "so is $name" weir pipeline create "$name" --project shop/web --file "$CONTRACT_TMP/$name.yml"
done
check "and one that is never built" weir pipeline create never --project shop/web --file "$CONTRACT_TMP/plain.yml"
WEIR_SECRET=a-value-that-is-secret
check "the project has a secret" as_boss POST /api/v4/projects/shop%2Fweb/variables \
  "{\"key\":\"SECRET\",\"value\":\"$WEIR_SECRET\",\"masked\":true}"
for user in guest stranger; do
  check "there is a $user" weir user create "$user"
done
check "the guest is one" weir project member shop/web guest guest

read -r WEIR_AK WEIR_SK _ < <(weir aksk create --user boss)
read -r WEIR_ONE_AK WEIR_ONE_SK WEIR_PROJECT_ID < <(weir aksk create --user boss --project shop/web)
read -r WEIR_GUEST_AK WEIR_GUEST_SK _ < <(weir aksk create --user guest)
read -r WEIR_STRANGER_AK WEIR_STRANGER_SK _ < <(weir aksk create --user stranger)
check "pairs of keys are made" [ "${#WEIR_PROJECT_ID}" = 32 ]
export WEIR_AK WEIR_SK WEIR_ONE_AK WEIR_ONE_SK WEIR_GUEST_AK WEIR_GUEST_SK WEIR_STRANGER_AK WEIR_STRANGER_SK
export WEIR_PROJECT_ID WEIR_COMMIT WEIR_COMMIT_1 WEIR_SECRET WEIR_DATA

# --- the SDKs as they are: where they go is said in the environment, as in the documentation; and they write into HOME
export HOME=$CONTRACT_TMP/home
mkdir "$HOME"
export HUAWEICLOUD_SDK_REGION_CODEARTSBUILD_CN_NORTH_4=$WEIR_URL
export HUAWEICLOUD_SDK_REGION_CODEARTSPIPELINE_CN_NORTH_4=$WEIR_URL
export HUAWEICLOUD_SDK_IAM_ENDPOINT=$WEIR_URL
export NO_PROXY=127.0.0.1,localhost PYTHONDONTWRITEBYTECODE=1
suite "CodeArts Build" "$CODEARTS_PYTHON" ../codearts/build.py
for python in "$CODEARTS_PYTHON" "$CODEARTS_PYTHON_3_1_210"; do
  [ ! -f ../codearts/pipeline.py ] || suite "CodeArts Pipeline" "$python" ../codearts/pipeline.py
done
finish
