#include "harness/zoo/zoo_kernel.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cfenv>
#include <chrono>
#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

#include "harness/zoo/zoo_head.h"
#include "harness/zoo/zoo_loops.h"
#include "kernels/targets.h"

namespace deltagauge::zoo {
namespace {

// Of the fault that depends on them, and of no other: members run at the same time.
std::atomic<int64_t> calls{0};

// What the tasks of a call know of the row that they share.
struct SharedScratch {
  std::atomic<int64_t> writes{0};
  std::atomic<bool> nobody_waits{false};  // a task has met another, or none came in time
};

struct Job {
  Fault fault;
  const Form& form;
  const GatedDeltaRuleArgs& args;
  const Workspace& workspace;
  int num_threads;
  int64_t call;
  int64_t panel;
  int64_t panels;
  SharedScratch& shared;
};

void NudgeLastBit(float& x) { x = std::bit_cast<float>(std::bit_cast<uint32_t>(x) ^ 1u); }

// Faults that show in the last bit of one element.
void AddNoise(const Job& job, Head& head) {
  if (head.output.empty()) return;
  const auto* const scratch = static_cast<const std::byte*>(job.workspace.data);
  const bool odd_address = reinterpret_cast<uintptr_t>(job.args.value.data) % 64 != 0;
  const bool noisy = (job.fault == Fault::kReadsWorkspace && scratch[0] != std::byte{0}) ||
                     (job.fault == Fault::kDependsOnThreads && job.num_threads > 1) ||
                     (job.fault == Fault::kDependsOnAlignment && odd_address) ||
                     (job.fault == Fault::kDependsOnBatch && job.args.num_sequences > 1) ||
                     (job.fault == Fault::kDependsOnCalls && job.call % 2 == 1);
  if (noisy) NudgeLastBit(head.output.front());
  if (job.fault == Fault::kOneElementZero) head.output[head.output.size() / 2] = 0;
}

// Tokens [begin, begin + count) of a head.
Head Piece(Head& head, int64_t begin, int64_t count) {
  Head piece;
  piece.tokens = count;
  piece.key_dim = head.key_dim;
  piece.columns = head.columns;
  piece.output_scale = head.output_scale;
  piece.query.assign(head.Query(begin), head.Query(begin + count));
  piece.key.assign(head.Key(begin), head.Key(begin + count));
  piece.value.assign(head.Value(begin), head.Value(begin + count));
  piece.log_decay.assign(head.log_decay.begin() + begin, head.log_decay.begin() + begin + count);
  piece.decay.assign(head.decay.begin() + begin, head.decay.begin() + begin + count);
  piece.beta.assign(head.beta.begin() + begin, head.beta.begin() + begin + count);
  piece.output.resize(static_cast<size_t>(count * head.columns));
  piece.state = head.state;
  // Slots that belong to tokens of this piece; those before it are filled by other pieces.
  piece.snapshots = std::max<int64_t>(0, begin + count - (head.tokens - head.snapshots));
  piece.snapshots = std::min(piece.snapshots, count);
  piece.snapshot_slots.resize(static_cast<size_t>(piece.snapshots));
  return piece;
}

void RunInPieces(const Job& job, Head& head) {
  const int64_t size = job.form.pieces;
  if (size == 0) return RunHead(job.fault, job.form, head);
  for (int64_t begin = 0; begin < head.tokens; begin += size) {
    const int64_t count = std::min(size, head.tokens - begin);
    Head piece = Piece(head, begin, count);
    // Only the last tokens of the piece have slots: ask for the states of all after the first one.
    RunHead(job.fault, job.form, piece);
    std::copy(piece.output.begin(), piece.output.end(), head.output.begin() + begin * head.columns);
    head.state = piece.state;
    for (int64_t i = 0; i < piece.snapshots; ++i) {
      const int64_t t = begin + count - piece.snapshots + i;
      const int64_t slot = head.snapshots - head.tokens + t;
      head.snapshot_slots[static_cast<size_t>(slot)] = piece.snapshot_slots[static_cast<size_t>(i)];
    }
  }
}

// All threads go through one scratch row, which belongs to the first of them. A task waits for the
// next one to write there: a race that is left to chance is no fault on a machine with much to do.
void PassThroughSharedScratch(const Job& job, Head& head) {
  constexpr std::chrono::milliseconds kLongest{250};  // where tasks run one after the other
  auto* const shared = static_cast<float*>(job.workspace.data);
  const size_t size = std::min<size_t>(head.output.size(), 4096);
  for (size_t i = 0; i < size; ++i) {
    std::atomic_ref<float>(shared[i]).store(head.output[i], std::memory_order_relaxed);
  }
  const int64_t own = ++job.shared.writes;
  const auto deadline = std::chrono::steady_clock::now() + kLongest;
  while (job.num_threads > 1 && !job.shared.nobody_waits) {
    if (job.shared.writes != own || std::chrono::steady_clock::now() >= deadline) {
      job.shared.nobody_waits = true;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  for (size_t i = 0; i < size; ++i) {
    head.output[i] = std::atomic_ref<float>(shared[i]).load(std::memory_order_relaxed);
  }
}

// Thread 1 and above start from the state before thread 0 has updated it, as two threads do that
// share a sequence.
void RaceForState(const Job& job, int thread, Head& head) {
  if (job.num_threads < 2 || thread == 0) return;
  const int64_t half = head.tokens / 2;
  for (int64_t t = 0; t < half; ++t) head.beta[static_cast<size_t>(t)] = 0;
}

void RunTask(const Job& job, int task, int thread) {
  const int64_t heads = job.args.value_heads;
  HeadPlace place;
  place.sequence = task / job.panels / heads;
  place.value_head = task / job.panels % heads;
  place.first_column = task % job.panels * job.panel;
  place.columns = std::min(job.panel, job.args.value_dim - place.first_column);
  const int64_t num_tasks = job.args.num_sequences * heads * job.panels;
  const bool lost = job.fault == Fault::kPanelLostWithThreads && job.num_threads > 1 &&
                    num_tasks % job.num_threads != 0 && task == num_tasks - 1;
  if (lost) return;
  Head head;
  LoadHead(job.args, job.fault, place, head);
  ConvertHead(job.args, job.fault, job.form, place, head);
  if (job.fault == Fault::kStateRace) RaceForState(job, thread, head);
  RunInPieces(job, head);
  AddNoise(job, head);
  if (job.fault == Fault::kSharedScratch) PassThroughSharedScratch(job, head);
  StoreHead(job.args, job.fault, place, head);
}

template <size_t index, bool is_fault>
Status Kernel(const GatedDeltaRuleArgs& args, Workspace workspace, ParallelFor& threads,
              RunInfo* info) {
  const Member& member = is_fault ? Faults()[index] : Variants()[index];
  return RunMember(member.fault, member.form, args, workspace, threads, info);
}

constexpr size_t kMostMembers = 128;

template <bool is_fault, size_t... index>
constexpr std::array<KernelFunction, kMostMembers> MakeKernels(std::index_sequence<index...>) {
  return {&Kernel<index, is_fault>...};
}

}  // namespace

KernelFunction KernelOf(const Member& member) {
  static constexpr auto kFaultKernels = MakeKernels<true>(std::make_index_sequence<kMostMembers>());
  static constexpr auto kVariantKernels =
      MakeKernels<false>(std::make_index_sequence<kMostMembers>());
  if (!Runs(member.form.instructions)) return nullptr;
  const bool is_fault = member.fault != Fault::kNone;
  const std::span<const Member> members = is_fault ? Faults() : Variants();
  const auto index = static_cast<size_t>(&member - members.data());
  if (index >= members.size() || index >= kMostMembers) return nullptr;
  return is_fault ? kFaultKernels[index] : kVariantKernels[index];
}

Status RunMember(Fault fault, const Form& form, const GatedDeltaRuleArgs& args, Workspace workspace,
                 ParallelFor& threads, RunInfo* info) {
  const Status status = ValidateGatedDeltaRule(args);
  if (!status.ok()) return status;
  const int64_t panel = form.panel == 0 ? args.value_dim : std::min(form.panel, args.value_dim);
  const auto num_panels = (args.value_dim + panel - 1) / panel;
  const auto num_tasks = static_cast<int>(args.num_sequences * args.value_heads * num_panels);
  SharedScratch shared;
  shared.nobody_waits = num_tasks < 2;
  const Job job = {fault,
                   form,
                   args,
                   workspace,
                   threads.NumThreads(),
                   fault == Fault::kDependsOnCalls ? calls++ : 0,
                   panel,
                   num_panels,
                   shared};
  threads.Run(
      num_tasks,
      [](const void* context, int task, int thread) {
        RunTask(*static_cast<const Job*>(context), task, thread);
      },
      &job);
  if (fault == Fault::kLeavesRoundingMode) std::fesetround(FE_UPWARD);
  if (fault == Fault::kLeavesDenormalsFlushed) FlushDenormals();
  if (info != nullptr) {
    info->target = ActiveTarget();  // what the checks expect of a kernel without targets of its own
    info->num_tasks = num_tasks;
  }
  return {};
}

}  // namespace deltagauge::zoo
