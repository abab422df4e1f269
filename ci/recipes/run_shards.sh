#!/usr/bin/env bash
# One run of a configuration in shards, on one machine: for a CI system without a recipe of its own.
# Each line of it can stand alone in a job of its own.
#
#   run_shards.sh CONFIG OUT [SHARDS]     as in: run_shards.sh configs/quick.yaml out/quick 2
#
# Writes OUT/all/{report.json,report.html,junit.xml,summary.md}. The exit status is that of the whole
# run (README.md beside this script says what each means). Environment:
#   DELTAGAUGE                        the program [deltagauge]
#   DELTAGAUGE_ACCEPT_INCONCLUSIVE=1  ends with 0 where only timings are undecided (4)
#   DELTAGAUGE_SERVICE, DELTAGAUGE_TOKEN    posts the report there: see post_report.sh
set -euo pipefail

deltagauge=${DELTAGAUGE:-deltagauge}
if [ $# -lt 2 ]; then
  sed -n '2,12s/^# \{0,1\}//p' "$0" >&2
  exit 64
fi
config=$1
out=$2
shards=${3:-1}

# A shard that fails has written its report all the same; the verdict is that of the whole.
folders=()
for shard in $(seq "$shards"); do
  status=0
  "$deltagauge" run "$config" --shard "$shard/$shards" --out "$out/$shard" --quiet || status=$?
  echo "shard $shard of $shards: exit status $status"
  case $status in 64 | 70) exit "$status" ;; esac  # no report
  folders+=("$out/$shard")
done

status=0
"$deltagauge" merge "${folders[@]}" --out "$out/all" || status=$?
if [ -n "${DELTAGAUGE_SERVICE:-}" ]; then
  "$(dirname "$0")/post_report.sh" "$out/all/report.json"
fi
if [ "$status" = 4 ] && [ "${DELTAGAUGE_ACCEPT_INCONCLUSIVE:-0}" = 1 ]; then
  echo "inconclusive: nothing is wrong, but this machine is too noisy to show the rest"
  exit 0
fi
exit "$status"
