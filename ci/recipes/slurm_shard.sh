#!/usr/bin/env bash
# One task of the array that slurm_submit.sh submits. A task that was cut off goes on from its last
# finished case when Slurm queues it again.
set -euo pipefail
exec "$DELTAGAUGE" run "$CONFIG" --shard "$SLURM_ARRAY_TASK_ID/$SHARDS" \
  --out "$OUT/$SLURM_ARRAY_TASK_ID" --quiet
