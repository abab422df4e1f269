#include "harness/config/config_node.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace deltagauge {
namespace {

void WriteString(std::string_view text, std::string& json) {
  json += '"';
  for (const char x : text) {
    if (x == '"' || x == '\\') {
      json += '\\';
      json += x;
    } else if (x == '\n') {
      json += "\\n";
    } else if (static_cast<unsigned char>(x) < 0x20 || x == 0x7f) {
      json += fmt::format("\\u{:04x}", static_cast<unsigned>(x));
    } else {
      json += x;
    }
  }
  json += '"';
}

bool FitsInALine(const ConfigNode& node) {
  return std::all_of(node.items.begin(), node.items.end(), [](const ConfigNode& item) {
    return item.kind == ConfigNode::Kind::kScalar || item.items.empty();
  });
}

void Write(const ConfigNode& node, size_t indent, std::string& json) {
  switch (node.kind) {
    case ConfigNode::Kind::kNothing:
      json += "null";
      return;
    case ConfigNode::Kind::kScalar:
      if (node.quoted) {
        WriteString(node.text, json);
      } else {
        json += node.text;
      }
      return;
    case ConfigNode::Kind::kList:
    case ConfigNode::Kind::kMap:
      break;
  }
  const bool is_map = node.kind == ConfigNode::Kind::kMap;
  const bool in_a_line = node.items.empty() || (!is_map && FitsInALine(node));
  json += is_map ? '{' : '[';
  for (size_t i = 0; i < node.items.size(); ++i) {
    if (i > 0) json += in_a_line ? ", " : ",";
    if (!in_a_line) json.append("\n").append(indent + 2, ' ');
    if (is_map) {
      WriteString(node.keys[i].text, json);
      json += ": ";
    }
    Write(node.items[i], indent + 2, json);
  }
  if (!in_a_line) json.append("\n").append(indent, ' ');
  json += is_map ? '}' : ']';
}

}  // namespace

std::string SourcePlace::Text() const {
  const std::string_view name = file ? file->name : std::string_view();
  return line == 0 ? std::string(name) : fmt::format("{}:{}:{}", name, line, column);
}

ConfigNode* ConfigNode::Find(std::string_view key) {
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [&](const ConfigKey& known) { return known.text == key; });
  return found == keys.end() ? nullptr : &items[static_cast<size_t>(found - keys.begin())];
}

const ConfigNode* ConfigNode::Find(std::string_view key) const {
  return const_cast<ConfigNode*>(this)->Find(key);
}

ConfigNode ConfigNode::OfKind(Kind kind) {
  ConfigNode node;
  node.kind = kind;
  return node;
}

ConfigNode ConfigNode::String(std::string_view text) {
  ConfigNode node = OfKind(Kind::kScalar);
  node.text = text;
  node.quoted = true;
  return node;
}

ConfigNode ConfigNode::Literal(std::string_view text) {
  ConfigNode node = OfKind(Kind::kScalar);
  node.text = text;
  return node;
}

ConfigNode& ConfigNode::Add(std::string_view key, ConfigNode value) {
  keys.push_back({std::string(key), {}});
  items.push_back(std::move(value));
  return *this;
}

ConfigNode& ConfigNode::Add(ConfigNode item) {
  items.push_back(std::move(item));
  return *this;
}

std::string QuotedText(std::string_view text) {
  constexpr size_t kMost = 60;
  std::string shown = "'";
  for (const char x : text.substr(0, kMost)) {
    shown += static_cast<unsigned char>(x) < 0x20 || x == 0x7f ? '?' : x;
  }
  if (text.size() > kMost) {
    // Not the half of a character.
    while ((static_cast<unsigned char>(shown.back()) & 0xc0u) == 0x80u) shown.pop_back();
    if (static_cast<unsigned char>(shown.back()) >= 0xc0u) shown.pop_back();
    shown += "...";
  }
  return shown + "'";
}

std::string Described(const ConfigNode& node) {
  switch (node.kind) {
    case ConfigNode::Kind::kNothing:
      return "nothing";
    case ConfigNode::Kind::kScalar:
      return (node.quoted ? "the string " : "") + QuotedText(node.text);
    case ConfigNode::Kind::kList:
      return fmt::format("a list of {}", node.items.size());
    case ConfigNode::Kind::kMap:
      return "a map";
  }
  return "?";
}

std::string ConfigJson(const ConfigNode& node) {
  std::string json;
  Write(node, 0, json);
  json += '\n';
  return json;
}

}  // namespace deltagauge
