#!/usr/bin/env bash
# GitLab's own clients against a server: python-gitlab (end2end/gitlab/*.py) and gitbeaker (end2end/gitlab/*.mjs). Each
# script prints a line for each thing that it checked, and finds the server in WEIR_URL, an administrator's token in
# WEIR_TOKEN, and the path of a project with a repository in WEIR_PROJECT.
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
source ../lib/contract.sh
: "${GITLAB_PYTHON:=python3}" "${NODE:=node}"

weir() { "$WEIR_BIN" "$@" --data "$WEIR_DATA"; }

# Something of everything, so that a script finds what it asks for: files, tests, a failure, a manual job, a child.
make_repository() {
  local repository=$1
  mkdir "$repository"
  cat >"$repository/.gitlab-ci.yml" <<'YAML'
stages: [build, test, deploy]
build:
  stage: build
  script:
    - echo "built for $WHO"
    - mkdir -p out && echo hello >out/hello.txt
  artifacts: {paths: [out]}
unit:
  stage: test
  coverage: '/coverage (\d+\.\d+)%/'
  script:
    - echo "coverage 81.5%"
    - echo '<testsuite name="s"><testcase name="a" time="0.1"/><testcase name="b"><failure>no</failure></testcase></testsuite>' >report.xml
  artifacts: {reports: {junit: report.xml}}
flaky: {stage: test, allow_failure: true, script: [exit 3]}
child: {stage: test, trigger: {include: child.yml}}
ship: {stage: deploy, when: manual, environment: {name: production, url: "https://shop.example.org"}, resource_group: production, script: [echo shipped]}
YAML
  echo 'inner: {script: [echo inner]}' >"$repository/child.yml"
  git -C "$repository" -c init.defaultBranch=main init -q
  git -C "$repository" add .
  git -C "$repository" -c user.name=t -c user.email=t@example.org commit -qm "Something of everything"
  git -C "$repository" tag v1
  git -C "$repository" branch feature
}

weir_serve --rate-limit 0
check "there is an administrator" weir user create root --admin
WEIR_TOKEN=$(weir token create --user root --name test)
export WEIR_TOKEN WEIR_DATA WEIR_CALLS=$CONTRACT_TMP/calls
export HOME=$CONTRACT_TMP NO_PROXY=127.0.0.1,localhost PYTHONDONTWRITEBYTECODE=1
for script in ../gitlab/*.py ../gitlab/*.mjs; do
  [ -f "$script" ] || continue
  name=$(basename "${script%.*}")
  kind=${script##*.}
  # A project for each script: what one leaves behind is not in the way of the next.
  WEIR_REPOSITORY=$CONTRACT_TMP/$name-$kind
  make_repository "$WEIR_REPOSITORY"
  export WEIR_REPOSITORY WEIR_PROJECT=shop/$name-$kind
  check "there is a project for $name" weir project create "$WEIR_PROJECT" --source "$WEIR_REPOSITORY"
  check "its definition is a pipeline" weir pipeline create "$name-$kind" --project "$WEIR_PROJECT"
  case $kind in
    py) suite "$name with python-gitlab" "$GITLAB_PYTHON" "$script" ;;
    mjs) suite "$name with gitbeaker" "$NODE" "$script" ;;
  esac
done
suite "what a real client has called" "$GITLAB_PYTHON" ../gitlab/support/called.py
finish
