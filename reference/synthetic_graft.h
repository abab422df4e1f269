// Recipe `graft`: a small trained model inside the shapes of Qwen3.5-0.8B, so that a model of full
// size predicts real text. The expansion preserves the small model's function (Net2Net,
// arXiv:1511.05641): its residual stream is columns 0..191, its heads and units are some of the
// large ones, norms are corrected for the longer rows. Every spare head, unit and layer stays
// active, at a fifth of its strength, so that nothing of the large model is idle.
//
// Column 1023 is a constant direction: each embedding has 0.01 (the small model's 2,048 tokens) or
// -1 (all others) there, no layer reads or writes it, and the final norm makes it 2000 times
// larger, which keeps the other tokens' logits about 20 below.
#ifndef DELTAGAUGE_REFERENCE_SYNTHETIC_GRAFT_H_
#define DELTAGAUGE_REFERENCE_SYNTHETIC_GRAFT_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "reference/safetensors.h"

namespace deltagauge::reference {

// What the graft makes of one tensor, seen as [rows, columns]: shape[0] rows of all the rest (a
// vector has columns of one element). In the order of the members:
struct TensorGraft {
  // Where a row or column of the large tensor comes from, if not from one of the small tensor.
  static constexpr int32_t kKept = -2;  // it stays as it is
  static constexpr int32_t kZero = -1;

  double scale = 1;       // of the values of recipe v1
  int64_t zero_row = -1;  // set to zero; -1: none
  // An element is kept if its row or its column is; else it is the small tensor's if both name one
  // of it; else zero. Both empty: every element is kept.
  std::vector<int32_t> row_source, column_source;
  std::vector<double> small;
  int64_t small_columns = 0;
  int64_t constant_column = -1;       // gets a constant; -1: none
  std::vector<double> column_values;  // of this column, one a row
  std::vector<double> replacement;    // if not empty: the whole tensor, whatever stands above

  // `values` are those of rows first_row, first_row + 1, ... of recipe v1, before any rounding.
  void Apply(int64_t first_row, int64_t columns, std::span<double> values) const;
};

class Graft {
 public:
  // Throws InputError unless the folder holds exactly the small model that the recipe is defined
  // with (told by its hash: another one would give another checkpoint under the same name).
  static Graft Open(const std::filesystem::path& small_model);

  Graft(Graft&&) noexcept;
  Graft& operator=(Graft&&) noexcept;
  ~Graft();

  // For a tensor of Qwen3.5-0.8B by its full name. Vision and multi-token prediction stay as they
  // are.
  TensorGraft Of(std::string_view name, std::span<const int64_t> shape) const;

 private:
  struct Content;
  explicit Graft(std::unique_ptr<Content> content);
  std::unique_ptr<Content> content_;
};

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_SYNTHETIC_GRAFT_H_
