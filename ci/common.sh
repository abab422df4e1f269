# Sourced by the scripts beside it: strict mode, the repository's root as working folder, stages.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

script=ci/$(basename "$0")
stage_name=start
stage_start=$SECONDS

# stage NAME COMMAND...: runs the command, printing the stage's name before and its seconds after.
stage() {
  stage_name=$1
  stage_start=$SECONDS
  echo "== $script: $stage_name"
  "${@:2}"
  echo "== $script: $stage_name: $((SECONDS - stage_start)) s"
}

# A failed script's last line says where.
report_failure() {
  local status=$?
  [ $status = 0 ] ||
    echo "== $script: FAILED in stage '$stage_name' after $((SECONDS - stage_start)) s (exit status $status)" >&2
}
trap report_failure EXIT

# As many compiler runs at once as there are CPUs, and 2 GB of memory for each: torch's headers.
build_jobs() {
  local cpus gigabytes
  cpus=$(nproc)
  gigabytes=$(awk '/^MemAvailable/ {print int($2 / 2e6)}' /proc/meminfo 2>/dev/null || echo "$cpus")
  [ "$gigabytes" -ge 1 ] || gigabytes=1
  echo $((cpus < gigabytes ? cpus : gigabytes))
}

ctest_command=(ctest)

# test_preset PRESET [CTEST ARGUMENT...]: runs the tests; build/PRESET/ctest.log keeps the output.
test_preset() {
  "${ctest_command[@]}" --preset "$1" --parallel "$(nproc)" "${@:2}" 2>&1 | tee "build/$1/ctest.log"
}

# What ctest said in the end.
test_summary() {
  printf '%-9s' "$1"
  grep 'tests passed' "build/$1/ctest.log" | tail -1
}
