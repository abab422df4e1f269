#include "harness/candidate/plugin.h"

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>
#include <system_error>

#include "fmt/format.h"
#include "harness/candidate/plugin_library.h"
#include "reference/error_text.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

constexpr const char* kWhereToLook = "kernels/candidate.h is the contract";
constexpr int32_t kMostAlignmentBytes = 4096;

struct ConventionNames {
  std::string_view field;
  int32_t deltagauge_conventions::*member;
  std::span<const std::string_view> values;  // from 1
};

constexpr std::string_view kStateLayouts[] = {"kv", "vk"};
constexpr std::string_view kDecays[] = {"log", "exp"};
constexpr std::string_view kBetas[] = {"activated", "logit"};
constexpr std::string_view kInsideOrOutside[] = {"inside", "outside"};
constexpr std::string_view kHeadMaps[] = {"grouped", "tiled", "equal"};
constexpr std::string_view kStatePlaces[] = {"in place", "functional"};
constexpr std::string_view kTokenLayouts[] = {"bthd", "bhtd", "any strides"};

constexpr ConventionNames kConventions[] = {
    {"state_layout", &deltagauge_conventions::state_layout, kStateLayouts},
    {"decay", &deltagauge_conventions::decay, kDecays},
    {"beta", &deltagauge_conventions::beta, kBetas},
    {"scale", &deltagauge_conventions::scale, kInsideOrOutside},
    {"qk_norm", &deltagauge_conventions::qk_norm, kInsideOrOutside},
    {"head_map", &deltagauge_conventions::head_map, kHeadMaps},
    {"state_place", &deltagauge_conventions::state_place, kStatePlaces},
    {"token_layout", &deltagauge_conventions::token_layout, kTokenLayouts},
};

std::string FlawOfText(std::string_view field, const char* text, size_t least, size_t most) {
  if (text == nullptr) return fmt::format("{} is NULL", field);
  const void* const end = std::memchr(text, 0, most + 1);
  if (end == nullptr) return fmt::format("{} is longer than {} characters", field, most);
  const std::string_view all(text);
  if (all.size() < least) return fmt::format("{} is empty", field);
  for (const char c : all) {
    if (static_cast<unsigned char>(c) < 0x20) {
      return fmt::format("{} holds a control character", field);
    }
  }
  return "";
}

std::string FlawOfName(const char* name) {
  const std::string flaw = FlawOfText("name", name, 1, 64);
  if (!flaw.empty()) return flaw;
  constexpr const char* kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (std::strspn(name, kAllowed) == std::strlen(name)) return "";
  return fmt::format("name is '{}'; expected only a-z A-Z 0-9 . _ -", name);
}

std::string FlawOfLimits(const deltagauge_limits& limits) {
  const struct {
    const char* field;
    int64_t value;
  } kLimits[] = {{"max_key_dim", limits.max_key_dim},
                 {"max_value_dim", limits.max_value_dim},
                 {"max_tokens", limits.max_tokens},
                 {"max_threads", limits.max_threads}};
  for (const auto& [field, value] : kLimits) {
    if (value < 0) return fmt::format("limits.{} is {}; expected 0 or more", field, value);
  }
  const int32_t alignment = limits.alignment_bytes;
  if (alignment < 0 || alignment > kMostAlignmentBytes || (alignment & (alignment - 1)) != 0) {
    return fmt::format("limits.alignment_bytes is {}; expected 0 or a power of two up to {}",
                       alignment, kMostAlignmentBytes);
  }
  return "";
}

[[noreturn]] void ThrowNotLoaded(const std::string& path, const LibrarySymbol& symbol) {
  if (symbol.flaw == LibraryFlaw::kNotLoaded) {
    throw reference::InputError(path, "can't be loaded: " + symbol.message,
                                "is it a shared library for this system?");
  }
  throw reference::InputError(
      path, fmt::format("exports no symbol {} ({})", DELTAGAUGE_CANDIDATE_SYMBOL, symbol.message),
      "declare it with DELTAGAUGE_EXPORT of kernels/candidate.h");
}

}  // namespace

std::string FindNumberFlaw(const deltagauge_conventions& conventions,
                           const deltagauge_limits& limits, uint32_t data_types) {
  for (const auto& [field, member, values] : kConventions) {
    const int32_t value = conventions.*member;
    if (value < 1 || value > static_cast<int32_t>(values.size())) {
      return fmt::format("conventions.{} is {}; expected 1 to {}", field, value, values.size());
    }
  }
  constexpr uint32_t kAllTypes = DELTAGAUGE_FLOAT32 | DELTAGAUGE_BFLOAT16;
  if (data_types == 0 || (data_types & ~kAllTypes) != 0) {
    return fmt::format("data_types is {}; expected bits of {}", data_types, kAllTypes);
  }
  return FlawOfLimits(limits);
}

std::string FindCandidateFlaw(const deltagauge_candidate& candidate) {
  for (const std::string& flaw :
       {FlawOfName(candidate.name), FlawOfText("version", candidate.version, 1, 64),
        FlawOfText("description", candidate.description, 0, 256)}) {
    if (!flaw.empty()) return flaw;
  }
  const std::string flaw =
      FindNumberFlaw(candidate.conventions, candidate.limits, candidate.data_types);
  if (!flaw.empty()) return flaw;
  if (candidate.run == nullptr) return "run is NULL";
  if (candidate.prepare == nullptr && candidate.release != nullptr) {
    return "release without prepare";
  }
  return "";
}

Plugin LoadPlugin(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(reference::PathOf(path), error);
  if (error || !std::filesystem::exists(absolute, error)) {
    throw reference::InputError(path, "no such file", "--plugin takes the path of a library");
  }
  const LibrarySymbol symbol = FindLibrarySymbol(absolute, DELTAGAUGE_CANDIDATE_SYMBOL);
  if (symbol.flaw != LibraryFlaw::kNone) ThrowNotLoaded(path, symbol);
  const auto describe = reinterpret_cast<deltagauge_candidate_function>(symbol.address);
  const deltagauge_candidate* const candidate = describe();
  if (candidate == nullptr) {
    throw reference::InputError(path, "its description is NULL", kWhereToLook);
  }
  if (candidate->abi_version != DELTAGAUGE_CANDIDATE_ABI) {
    throw reference::InputError(path,
                                fmt::format("speaks version {} of the interface; this is {}",
                                            candidate->abi_version, DELTAGAUGE_CANDIDATE_ABI),
                                "build it with the kernels/candidate.h of this version");
  }
  if (candidate->struct_bytes < sizeof(deltagauge_candidate)) {
    throw reference::InputError(path,
                                fmt::format("struct_bytes is {}; expected {}",
                                            candidate->struct_bytes, sizeof(deltagauge_candidate)),
                                kWhereToLook);
  }
  const std::string flaw = FindCandidateFlaw(*candidate);
  if (!flaw.empty()) throw reference::InputError(path, flaw, kWhereToLook);
  return {{path, candidate->name, candidate->version, candidate->description,
           candidate->conventions, candidate->limits, candidate->data_types},
          candidate->prepare,
          candidate->run,
          candidate->release};
}

std::string DescribePlugin(const PluginInfo& info) {
  std::string text = fmt::format("{} {}:", info.name, info.version);
  for (const auto& [field, member, values] : kConventions) {
    const auto index = static_cast<size_t>(info.conventions.*member - 1);
    text += fmt::format(" {} {},", field, values[index]);
  }
  text.back() = ';';
  if ((info.data_types & DELTAGAUGE_FLOAT32) != 0) text += " float32";
  if ((info.data_types & DELTAGAUGE_BFLOAT16) != 0) text += " bfloat16";
  return text;
}

}  // namespace deltagauge
