# Real programs, built and tested by pipelines of several jobs that hand artifacts on: by the server from a git
# repository, and without a server in a plain folder.
source ../lib/contract.sh

recipes=$(cd ../recipes && pwd)

# A git repository of the recipe, as a project's source.
repository() {
  cp -r "$recipes/$1" "$CONTRACT_TMP/$1" &&
    git -C "$CONTRACT_TMP/$1" init -q -b main &&
    git -C "$CONTRACT_TMP/$1" add . &&
    git -C "$CONTRACT_TMP/$1" -c user.name=Test -c user.email=test@localhost commit -q -m "The recipe"
}

in_folder() {
  local folder=$1
  shift
  (cd "$folder" && "$@")
}

weir_start
for recipe in lua xxhash; do
  check "$recipe: a repository is made" repository "$recipe"
  check "$recipe: it becomes a project" \
    "$WEIR_BIN" project create "recipes/$recipe" --source "$CONTRACT_TMP/$recipe" --data "$WEIR_DATA"
  check "$recipe: its own definition file becomes a pipeline" \
    "$WEIR_BIN" pipeline create "$recipe" --project "recipes/$recipe" --data "$WEIR_DATA"
  check "$recipe: the server runs it to the end" "$WEIR_BIN" run "$recipe"

  cp -r "$recipes/$recipe" "$CONTRACT_TMP/$recipe-here"
  check "$recipe: it is valid" "$WEIR_BIN" lint "$CONTRACT_TMP/$recipe-here"
  check "$recipe: it runs without a server" in_folder "$CONTRACT_TMP/$recipe-here" "$WEIR_BIN" exec
done
finish
