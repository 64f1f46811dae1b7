# For the scripts in contract/: a real server in a folder of its own, and one line for each thing that was checked.
# Use: source ../lib/contract.sh; weir_start [arguments for weir serve]; check "what holds" command…; finish

set -uo pipefail

: "${WEIR_BIN:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/target/debug/weir}"
WEIR_DATA=
WEIR_PID=
CONTRACT_FAILED=0
CONTRACT_CHECKED=0
CONTRACT_TMP=$(mktemp -d "${TMPDIR:-/tmp}/weir-contract-XXXXXX")
# Jobs that have users of their own have their folders beside the data.
chmod 711 "$CONTRACT_TMP"
trap contract_end EXIT

# Starts a server for one person; afterwards WEIR_URL is its address and WEIR_DATA its data folder.
weir_start() {
  weir_serve --local "$@"
}

# Starts a server that asks who is there.
weir_serve() {
  WEIR_DATA=$CONTRACT_TMP/data
  mkfifo "$CONTRACT_TMP/out.$$"
  "$WEIR_BIN" serve --listen 127.0.0.1:0 --data "$WEIR_DATA" "$@" \
    >"$CONTRACT_TMP/out.$$" 2>"$CONTRACT_TMP/serve.log" &
  WEIR_PID=$!
  # The fifo ends when the server does, so this waits for the line or for the server's end, whichever comes first.
  exec {CONTRACT_OUT}<"$CONTRACT_TMP/out.$$"
  rm "$CONTRACT_TMP/out.$$"
  local line
  while IFS= read -r line <&"$CONTRACT_OUT"; do
    case $line in
      "weir: serving http://"*)
        line=${line#weir: serving }
        export WEIR_URL=${line%% *} ORDINE_API_URL=${line%% *}
        return 0
        ;;
    esac
  done
  echo "not ok - the server starts"
  cat "$CONTRACT_TMP/serve.log"
  exit 1
}

# Stops the server, with this signal if one is named. The runner goes on.
weir_stop() {
  [ -n "$WEIR_PID" ] || return 0
  kill -"${1:-TERM}" "$WEIR_PID" 2>/dev/null
  wait "$WEIR_PID" 2>/dev/null
  WEIR_PID=
  exec {CONTRACT_OUT}<&-
}

# check "what holds" command…: prints ok or not ok; a failed command's output is shown.
check() {
  local what=$1 output
  shift
  CONTRACT_CHECKED=$((CONTRACT_CHECKED + 1))
  if output=$("$@" 2>&1); then
    echo "ok - $what"
  else
    CONTRACT_FAILED=$((CONTRACT_FAILED + 1))
    echo "not ok - $what"
    printf '# %s\n# %s\n' "$*" "${output//$'\n'/$'\n# '}"
  fi
}

# same "what holds" expected actual
same() {
  check "$1" contract_same "$2" "$3"
}

# suite "what it is" command…: runs what prints such lines itself. One that fails and says nothing of it counts as one.
suite() {
  local what=$1 line code
  shift
  echo "# $what"
  while IFS= read -r line; do
    echo "$line"
    case $line in
      "ok "*) CONTRACT_CHECKED=$((CONTRACT_CHECKED + 1)) ;;
      "not ok "*) CONTRACT_CHECKED=$((CONTRACT_CHECKED + 1)) CONTRACT_FAILED=$((CONTRACT_FAILED + 1)) ;;
    esac
  done < <("$@" 2>&1; echo "# exit code $?" >"$CONTRACT_TMP/suite")
  code=$(sed -n 's/^# exit code //p' "$CONTRACT_TMP/suite")
  check "$what comes to its end" contract_ended "${code:-1}" "$CONTRACT_FAILED"
}

# What failed has been said already; a script that ends otherwise has not come to its end.
contract_ended() {
  [ "$1" = 0 ] || { [ "$1" = 1 ] && [ "$2" -gt 0 ]; } || { echo "exit code $1"; return 1; }
}

contract_same() {
  [ "$1" = "$2" ] || { printf 'expected: %s\nactual:   %s\n' "$1" "$2"; return 1; }
}

# status METHOD PATH [curl arguments…]: prints the HTTP status.
status() {
  local method=$1 path=$2
  shift 2
  curl -sS -o /dev/null -w '%{http_code}' -X "$method" "$WEIR_URL$path" "$@"
}

# json EXPRESSION: reads a JSON document from stdin as `it` and prints the Python expression's value.
json() {
  python3 -c 'import json, sys; it = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

# Ends the script with the right exit code.
finish() {
  [ "$CONTRACT_CHECKED" -gt 0 ] || { echo "not ok - something was checked"; exit 1; }
  [ "$CONTRACT_FAILED" -eq 0 ]
  exit
}

contract_end() {
  local code=$?
  weir_stop
  [ -z "$WEIR_DATA" ] || "$WEIR_BIN" runner stop --now --data "$WEIR_DATA" >/dev/null 2>&1
  [ "$CONTRACT_FAILED" -eq 0 ] && [ "$code" -eq 0 ] || tail -n 50 "$CONTRACT_TMP/serve.log" 2>/dev/null | sed 's/^/# /'
  rm -rf "$CONTRACT_TMP"
  exit "$code"
}
