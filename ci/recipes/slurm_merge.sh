#!/usr/bin/env bash
# The job behind the array. A shard without a report leaves the run incomplete: exit status 4.
set -euo pipefail
reports=()
for shard in $(seq "$SHARDS"); do
  [ ! -e "$OUT/$shard/report.json" ] || reports+=("$OUT/$shard")
done
[ ${#reports[@]} -gt 0 ] || { echo "no shard left a report; see $OUT/shard-*.log" >&2; exit 5; }
exec "$DELTAGAUGE" merge "${reports[@]}" --out "$OUT/all"
