#!/usr/bin/env bash
# A run as a Slurm job array: each task runs one shard, a job that waits for all of them merges.
#
#   slurm_submit.sh CONFIG OUT SHARDS [SBATCH ARGUMENT...]
#   slurm_submit.sh configs/nightly.yaml /shared/out/nightly 8 --partition=quiet --exclusive
#
# Prints the job id of the merge, whose exit status is that of the whole run. OUT must be a folder that
# all nodes see. Timings need nodes of one kind and --exclusive. Environment: DELTAGAUGE, the program.
set -euo pipefail

if [ $# -lt 3 ]; then
  sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
  exit 64
fi
export DELTAGAUGE=${DELTAGAUGE:-deltagauge} CONFIG=$1 OUT=$2 SHARDS=$3
shift 3
folder=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$OUT"

array=$(sbatch --parsable --job-name=deltagauge --array="1-$SHARDS" \
  --output="$OUT/shard-%a.log" "$@" "$folder/slurm_shard.sh")
# afterany: what failed has a report, too, and the verdict is that of the whole.
sbatch --parsable --job-name=deltagauge-merge --dependency="afterany:$array" \
  --output="$OUT/merge.log" "$@" "$folder/slurm_merge.sh"
