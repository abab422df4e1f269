#include "harness/model/logits_file.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "fmt/format.h"
#include "harness/model/foreign_logits.h"
#include "harness/report/json.h"
#include "reference/input_error.h"
#include "reference/safetensors.h"

namespace deltagauge {
namespace {

// Rows of one block: 16 MB of the published vocabulary in float32.
constexpr size_t kBlockRows = 16;

}  // namespace

std::vector<int64_t> ParsePositions(std::string_view positions, int64_t tokens) {
  std::vector<int64_t> parsed;
  if (positions == "all") {
    for (int64_t i = 0; i < tokens; ++i) parsed.push_back(i);
    return parsed;
  }
  if (positions == "last") return {tokens - 1};
  const auto fail = [&](const std::string& what) {
    throw reference::InputError("--positions '" + std::string(positions) + "'", what,
                                "expected all, last or ascending numbers as in 0,5,9");
  };
  const char* at = positions.data();
  const char* const end = at + positions.size();
  while (true) {
    int64_t position = 0;
    const auto [next, error] = std::from_chars(at, end, position);
    const std::string character = std::to_string(at - positions.data() + 1);
    if (error == std::errc::result_out_of_range) fail("too large at character " + character);
    if (error != std::errc()) fail("not a number at character " + character);
    if (position < 0 || position >= tokens) {
      fail("position " + std::to_string(position) + " is not among the " + std::to_string(tokens) +
           " tokens");
    }
    if (!parsed.empty() && position <= parsed.back()) fail("positions must ascend");
    parsed.push_back(position);
    if (next == end) return parsed;
    if (*next != ',')
      fail("expected a comma at character " + std::to_string(next - positions.data() + 1));
    at = next + 1;
  }
}

std::vector<int32_t> ParseTokenIds(std::string_view json, std::string_view source) {
  const Json parsed = ParseJson(json, source);
  const auto fail = [&](const std::string& what) {
    throw reference::InputError(std::string(source), what,
                                "expected a JSON array of token ids, as in [760, 6511, 314]");
  };
  if (!parsed.IsArray()) fail("found: " + std::string(parsed.TypeName()));
  std::vector<int32_t> ids;
  for (const Json& id : parsed.AsArray()) {
    const std::string place = "element " + std::to_string(ids.size());
    if (!id.FitsInt64()) fail(place + " is not an integer");
    if (id.AsInt64() < 0 || id.AsInt64() > std::numeric_limits<int32_t>::max()) {
      fail(place + " is " + std::to_string(id.AsInt64()));
    }
    ids.push_back(static_cast<int32_t>(id.AsInt64()));
  }
  if (ids.empty()) fail("no id");
  return ids;
}

std::vector<int64_t> PassSizes(int64_t tokens, const FeedPlan& plan) {
  const int64_t prefill = plan.prefill.value_or(tokens);
  if (prefill < 0 || prefill > tokens) {
    throw reference::InputError("--prefill " + std::to_string(prefill),
                                "there are " + std::to_string(tokens) + " tokens");
  }
  const int64_t chunk = plan.chunk.value_or(std::max<int64_t>(prefill, 1));
  if (chunk < 1) {
    throw reference::InputError("--chunk " + std::to_string(chunk), "must be at least 1");
  }
  std::vector<int64_t> sizes;
  for (int64_t fed = 0; fed < prefill; fed += chunk) {
    sizes.push_back(std::min(chunk, prefill - fed));
  }
  sizes.insert(sizes.end(), static_cast<size_t>(tokens - prefill), 1);
  return sizes;
}

void WriteLogits(const reference::Model& model, reference::LayerRecurrence& recurrence,
                 std::span<const int32_t> ids, const FeedPlan& plan,
                 std::span<const int64_t> positions, const std::filesystem::path& out,
                 const StageProgress& progress) {
  const bool wide = model.type() == reference::ComputeType::kFloat64;
  const auto rows_count = static_cast<int64_t>(positions.size());
  std::string engine = fmt::format("deltagauge {}, {}, {}", DELTAGAUGE_VERSION,
                                   NameOf(model.type()), recurrence.Description());
  engine.resize(std::min(engine.size(), kMaxEngineBytes));
  // Integers first: so both lie at multiples of their size.
  reference::SafetensorsWriter writer(
      out,
      {{"positions", reference::TensorType::kInt64, {rows_count}},
       {"token_ids", reference::TensorType::kInt64, {static_cast<int64_t>(ids.size())}},
       {"logits",
        wide ? reference::TensorType::kFloat64 : reference::TensorType::kFloat32,
        {rows_count, model.config().vocab_size}}},
      {{"engine", engine}});
  const std::vector<int64_t> wide_ids(ids.begin(), ids.end());
  writer.Write(std::as_bytes(positions));
  writer.Write(std::as_bytes(std::span(wide_ids)));
  reference::ModelCache cache = model.NewCache(1, recurrence);
  size_t next = 0;  // of positions
  int64_t fed = 0;
  for (const int64_t size : PassSizes(static_cast<int64_t>(ids.size()), plan)) {
    const reference::HiddenStates hidden = model.Forward(
        ids.subspan(static_cast<size_t>(fed), static_cast<size_t>(size)), cache, recurrence);
    while (next < positions.size() && positions[next] < fed + size) {
      std::vector<int64_t> rows;
      while (next < positions.size() && positions[next] < fed + size && rows.size() < kBlockRows) {
        rows.push_back(positions[next++] - fed);
      }
      const reference::LogitBlock block = model.Logits(hidden, rows);
      for (int64_t row = 0; row < block.Rows(); ++row) {
        writer.Write(wide ? std::as_bytes(block.Float64(row)) : std::as_bytes(block.Float32(row)));
      }
    }
    fed += size;
    if (progress) {
      progress("logits", static_cast<double>(fed) / static_cast<double>(ids.size()));
    }
  }
  writer.Finish();
}

}  // namespace deltagauge
