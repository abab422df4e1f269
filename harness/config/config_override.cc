#include "harness/config/config_override.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "fmt/format.h"
#include "harness/base/nearest_name.h"
#include "harness/config/config_yaml_text.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using reference::InputError;
using Kind = ConfigNode::Kind;

constexpr std::string_view kExample = "for example performance.protocol.budget_s=10";

// "--set gates[2].max=1": as messages call it, printable and not too long.
std::string NameOfOverride(std::string_view assignment) {
  const std::string quoted = QuotedText(assignment);
  return "--set " + quoted.substr(1, quoted.size() - 2);
}

// Walks over the path; `name` is for messages.
class PathReader {
 public:
  PathReader(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {}

  // Leaves the position behind the '='.
  ConfigPath Read() {
    ConfigPath path;
    path.emplace_back(Key());
    for (;;) {
      if (Take('=')) return path;
      if (Take('.')) {
        path.emplace_back(Key());
      } else if (Take('[')) {
        path.emplace_back(Index());
      } else {
        Refuse("expected . [ or =");
      }
      if (path.size() > kMaxConfigDepth) Refuse("the path is too deep");
    }
  }

  size_t position() const { return position_; }

 private:
  [[noreturn]] void Refuse(std::string_view what) const {
    throw InputError(name_, fmt::format("character {} of the path: {}", position_ + 1, what),
                     std::string(kExample));
  }

  bool Take(char expected) {
    if (position_ == text_.size() || text_[position_] != expected) return false;
    ++position_;
    return true;
  }

  std::string Key() {
    if (Take('"')) {
      const size_t end = text_.find('"', position_);
      if (end == std::string_view::npos) Refuse("expected a closing \"");
      std::string key(text_.substr(position_, end - position_));
      position_ = end + 1;
      return key;
    }
    const size_t end = std::min(text_.find_first_of(".[=\"", position_), text_.size());
    if (end == position_) Refuse("expected a key");
    std::string key(text_.substr(position_, end - position_));
    position_ = end;
    return key;
  }

  size_t Index() {
    size_t index = 0;
    const auto [rest, error] =
        std::from_chars(text_.data() + position_, text_.data() + text_.size(), index);
    if (error != std::errc()) Refuse("expected the number of an element, from 0");
    position_ = static_cast<size_t>(rest - text_.data());
    if (!Take(']')) Refuse("expected ]");
    return index;
  }

  std::string_view text_;
  std::string name_;
  size_t position_ = 0;
};

std::string PathText(const ConfigPath& path, size_t length) {
  std::string text;
  for (size_t i = 0; i < length; ++i) {
    if (const auto* key = std::get_if<std::string>(&path[i])) {
      text += (i == 0 ? "" : ".") + *key;
    } else {
      text += fmt::format("[{}]", std::get<size_t>(path[i]));
    }
  }
  return text;
}

ConfigNode& ElementOf(ConfigNode& node, size_t index, const std::string& name,
                      const std::string& so_far) {
  if (node.kind != Kind::kList) {
    throw InputError(name, fmt::format("'{}': expected a list, found {}", so_far, Described(node)));
  }
  if (index >= node.items.size()) {
    throw InputError(name, fmt::format("'{}' has no element {}", so_far, index),
                     node.items.empty() ? "it is empty"
                                        : fmt::format("expected 0 to {}", node.items.size() - 1));
  }
  return node.items[index];
}

ConfigNode& MemberOf(ConfigNode& node, const std::string& key, const SourcePlace& place,
                     const std::string& so_far) {
  // A word such as `none` where a map may be gives way to one.
  if (node.kind == Kind::kScalar && !node.quoted && node.text == "none") {
    node = ConfigNode::Map();
    node.place = place;
  }
  if (node.kind != Kind::kMap) {
    throw InputError(place.file->name,
                     fmt::format("'{}': expected a map, found {}", so_far, Described(node)),
                     node.kind == Kind::kList ? "an element is chosen by [0]" : "");
  }
  if (ConfigNode* known = node.Find(key)) return *known;
  ConfigNode fresh = ConfigNode::Map();
  fresh.place = place;
  node.Add(key, std::move(fresh));
  node.keys.back().place = place;
  return node.items.back();
}

// Line and column of a value on the command line tell nobody anything.
void ForgetPlaces(ConfigNode& node) {
  node.place.line = 0;
  for (ConfigKey& key : node.keys) key.place.line = 0;
  for (ConfigNode& item : node.items) ForgetPlaces(item);
}

}  // namespace

ConfigAssignment ParseAssignment(std::string_view assignment) {
  const std::string name = NameOfOverride(assignment);
  if (assignment.size() > kMaxOverrideBytes) {
    throw InputError(name, fmt::format("expected at most {} bytes", kMaxOverrideBytes));
  }
  if (assignment.find('=') == std::string_view::npos) {
    throw InputError(name, "expected path=value", std::string(kExample));
  }
  PathReader reader(assignment, name);
  ConfigAssignment parsed;
  parsed.path = reader.Read();
  const std::string_view value = assignment.substr(reader.position());
  if (value.empty()) throw InputError(name, "expected a value after '='", std::string(kExample));
  parsed.value = ParseYaml(value, {name, ""});
  ForgetPlaces(parsed.value);
  return parsed;
}

void ApplyOverride(std::string_view assignment, ConfigNode& root) {
  ConfigAssignment parsed = ParseAssignment(assignment);
  const SourcePlace place = parsed.value.place;
  ConfigNode* node = &root;
  for (size_t i = 0; i < parsed.path.size(); ++i) {
    const std::string so_far = PathText(parsed.path, i);
    if (const auto* key = std::get_if<std::string>(&parsed.path[i])) {
      node = &MemberOf(*node, *key, place, so_far);
    } else {
      node = &ElementOf(*node, std::get<size_t>(parsed.path[i]), place.file->name, so_far);
    }
  }
  *node = std::move(parsed.value);
}

}  // namespace deltagauge
