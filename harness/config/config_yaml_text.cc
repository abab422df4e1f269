#include "harness/config/config_yaml_text.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "harness/config/config_yaml.h"
#include "reference/input_error.h"
#include "reference/utf8.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/exceptions.h"
#include "yaml-cpp/mark.h"
#include "yaml-cpp/parser.h"

namespace deltagauge {
namespace {

using reference::InputError;

// Places in one text. yaml-cpp counts lines and bytes from 0; people count characters from 1.
class Places {
 public:
  Places(std::string_view text, const SourceFile& file)
      : text_(text), file_(std::make_shared<const SourceFile>(file)) {
    line_starts_.push_back(0);
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') line_starts_.push_back(i + 1);
    }
  }

  SourcePlace AtByte(size_t byte) const {
    const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), byte);
    const auto line = static_cast<size_t>(after - line_starts_.begin());
    return At(line - 1, byte - line_starts_[line - 1]);
  }

  SourcePlace AtMark(const YAML::Mark& mark) const {
    const auto line = static_cast<size_t>(std::max(mark.line, 0));
    return At(std::min(line, line_starts_.size() - 1),
              static_cast<size_t>(std::max(mark.column, 0)));
  }

 private:
  SourcePlace At(size_t line, size_t byte) const {
    const std::string_view rest = text_.substr(line_starts_[line], byte);
    const auto characters = std::count_if(rest.begin(), rest.end(), [](char x) {
      return (static_cast<unsigned char>(x) & 0xc0u) != 0x80u;
    });
    return {file_, static_cast<int64_t>(line) + 1, static_cast<int64_t>(characters) + 1};
  }

  std::string_view text_;
  std::shared_ptr<const SourceFile> file_;
  std::vector<size_t> line_starts_;
};

[[noreturn]] void Refuse(const SourcePlace& place, std::string what, std::string hint = {}) {
  throw InputError(place.Text(), std::move(what), std::move(hint));
}

// Builds the tree from yaml-cpp's events: its own tree forgets repeated keys and where they were.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const Places& places) : places_(places) {}

  ConfigNode& root() { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(began_, true)) {
      Refuse(places_.AtMark(mark), "a second document begins", "keep one document in a file");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const SourcePlace place = places_.AtMark(mark);
    RefuseAnchor(place, anchor);
    if (AwaitsKey()) Refuse(place, "a key is missing", "expected name: value");
    Put(place, ConfigNode::Kind::kNothing);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    Refuse(places_.AtMark(mark), "aliases (*name) are not read here", "write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const SourcePlace place = places_.AtMark(mark);
    RefuseAnchor(place, anchor);
    RefuseTag(place, tag);
    if (AwaitsKey()) {
      AddKey(value, place);
      return;
    }
    ConfigNode& node = Put(place, ConfigNode::Kind::kScalar);
    node.text = value;
    node.quoted = tag == "!";
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, ConfigNode::Kind::kList);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, ConfigNode::Kind::kMap);
  }
  void OnMapEnd() override { Close(); }

 private:
  bool AwaitsKey() const {
    return !open_.empty() && open_.back().kind == ConfigNode::Kind::kMap &&
           open_.back().keys.size() == open_.back().items.size();
  }

  static void RefuseAnchor(const SourcePlace& place, YAML::anchor_t anchor) {
    if (anchor != 0) Refuse(place, "anchors (&name) are not read here", "write the value out");
  }

  // "?" stands for a plain scalar or collection, "!" for a quoted scalar.
  static void RefuseTag(const SourcePlace& place, const std::string& tag) {
    if (tag.size() > 1) Refuse(place, "tags (!name) are not read here");
  }

  void AddKey(const std::string& text, const SourcePlace& place) {
    ConfigNode& map = open_.back();
    for (const ConfigKey& key : map.keys) {
      if (key.text != text) continue;
      Refuse(place, fmt::format("key {} comes twice", QuotedText(text)),
             fmt::format("it is in line {} already", key.place.line));
    }
    if (map.keys.size() >= kMaxKeys) {
      Refuse(place, fmt::format("expected at most {} keys in a map", kMaxKeys));
    }
    map.keys.push_back({text, place});
  }

  ConfigNode& Put(const SourcePlace& place, ConfigNode::Kind kind) {
    if (++nodes_ > kMaxConfigNodes) {
      Refuse(place, fmt::format("expected at most {} values", kMaxConfigNodes));
    }
    ConfigNode node;
    node.kind = kind;
    node.place = place;
    if (open_.empty()) {
      root_ = std::move(node);
      return root_;
    }
    open_.back().items.push_back(std::move(node));
    return open_.back().items.back();
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            ConfigNode::Kind kind) {
    const SourcePlace place = places_.AtMark(mark);
    RefuseAnchor(place, anchor);
    RefuseTag(place, tag);
    if (AwaitsKey()) Refuse(place, "expected a name as key, found a list or map");
    if (open_.size() >= kMaxConfigDepth) {
      Refuse(place,
             fmt::format("expected at most {} maps and lists in each other", kMaxConfigDepth));
    }
    if (++nodes_ > kMaxConfigNodes) {
      Refuse(place, fmt::format("expected at most {} values", kMaxConfigNodes));
    }
    ConfigNode node;
    node.kind = kind;
    node.place = place;
    open_.push_back(std::move(node));
  }

  void Close() {
    ConfigNode node = std::move(open_.back());
    open_.pop_back();
    if (open_.empty()) {
      root_ = std::move(node);
    } else {
      open_.back().items.push_back(std::move(node));
    }
  }

  // Keys are compared one with all others.
  static constexpr size_t kMaxKeys = 1000;

  const Places& places_;
  ConfigNode root_;
  std::vector<ConfigNode> open_;
  size_t nodes_ = 0;
  bool began_ = false;
};

// The text without byte order mark, with LF for CRLF.
std::string Normalized(std::string_view text, const std::string& name) {
  if (text.size() > kMaxConfigFileBytes) {
    throw InputError(name, fmt::format("expected at most {} bytes", kMaxConfigFileBytes));
  }
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  const std::string_view begin = text.substr(0, 2);
  if (begin == "\xff\xfe" || begin == "\xfe\xff") {
    throw InputError(name + ":1:1", "expected UTF-8, found UTF-16", "save the file as UTF-8");
  }
  std::string normalized;
  normalized.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    normalized += text[i];
  }
  return normalized;
}

void RefuseCharacters(std::string_view text, const Places& places) {
  if (const std::optional<size_t> invalid = reference::FindInvalidUtf8(text)) {
    Refuse(places.AtByte(*invalid), "expected UTF-8, found a byte that can't be there",
           "save the file as UTF-8");
  }
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\t') Refuse(places.AtByte(i), "found a tab", "indent with spaces");
    if (byte == '\n' || (byte >= 0x20 && byte != 0x7f)) continue;
    Refuse(places.AtByte(i), fmt::format("found the control character {:#04x}", byte));
  }
}

}  // namespace

ConfigNode ParseYaml(std::string_view text, const SourceFile& file) {
  const std::string normalized = Normalized(text, file.name);
  const Places places(normalized, file);
  RefuseCharacters(normalized, places);
  TreeBuilder builder(places);
  try {
    std::istringstream stream(normalized);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      throw InputError(file.name + ":1:1", "expected a map, found an empty file");
    }
    parser.HandleNextDocument(builder);  // which must find no second one
  } catch (const YAML::Exception& error) {
    Refuse(places.AtMark(error.mark), "not YAML: " + error.msg);
  }
  return std::move(builder.root());
}

}  // namespace deltagauge
