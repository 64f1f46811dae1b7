# Weir's own pipeline: without a server in a clone, and by a server from a clone of itself.
source ../lib/contract.sh

repository=$(cd ../.. && pwd)
# Kept between two runs of the tests, so that the second one compiles little.
target=${CARGO_TARGET_DIR:-$repository/target}/self

in_folder() {
  local folder=$1
  shift
  (cd "$folder" && "$@")
}

check "the repository is cloned" git clone -q "$repository" "$CONTRACT_TMP/clone"
check "weir exec runs it" \
  in_folder "$CONTRACT_TMP/clone" "$WEIR_BIN" exec -v CARGO_TARGET_DIR="$target"

weir_start
check "the clone becomes a project" \
  "$WEIR_BIN" project create weir/weir --source "$CONTRACT_TMP/clone" --data "$WEIR_DATA"
check "its definition becomes a pipeline" "$WEIR_BIN" pipeline create weir --project weir/weir --data "$WEIR_DATA"
check "the server runs it from there" "$WEIR_BIN" run weir -v CARGO_TARGET_DIR="$target"
finish
