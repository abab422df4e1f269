// A configuration before it means anything: maps, lists and scalars, each with its place in a file.
// What config_yaml_text.h reads, config_fields.h decodes and ConfigJson() writes.
#ifndef DELTAGAUGE_HARNESS_CONFIG_CONFIG_NODE_H_
#define DELTAGAUGE_HARNESS_CONFIG_CONFIG_NODE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace deltagauge {

struct SourceFile {
  std::string name;    // as messages call it: a path, or "--set models[0].tokens"
  std::string folder;  // what relative paths in it are relative to; empty: the current one
};

struct SourcePlace {
  std::shared_ptr<const SourceFile> file;
  int64_t line = 1;    // from 1; 0: none is worth telling
  int64_t column = 1;  // from 1, in code points

  std::string Text() const;  // "configs/quick.yaml:14:3"
};

struct ConfigKey {
  std::string text;
  SourcePlace place;
};

struct ConfigNode {
  enum class Kind : uint8_t { kNothing, kScalar, kList, kMap };

  Kind kind = Kind::kNothing;
  SourcePlace place;
  std::string text;             // of a scalar
  bool quoted = false;          // a scalar that is a string whatever it looks like
  std::vector<ConfigKey> keys;  // of a map, each once, keys[i] for items[i]
  std::vector<ConfigNode> items;

  // Null if the map has no such key.
  const ConfigNode* Find(std::string_view key) const;
  ConfigNode* Find(std::string_view key);

  // For writing.
  static ConfigNode Map() { return OfKind(Kind::kMap); }
  static ConfigNode List() { return OfKind(Kind::kList); }
  static ConfigNode String(std::string_view text);
  static ConfigNode Literal(std::string_view text);  // a number, true, false
  ConfigNode& Add(std::string_view key, ConfigNode value);
  ConfigNode& Add(ConfigNode item);

 private:
  static ConfigNode OfKind(Kind kind);
};

// "the string '5'", "the list of 3", "nothing": what was found where something else was expected.
std::string Described(const ConfigNode& node);

// A scalar's text in quotes, printable and not too long.
std::string QuotedText(std::string_view text);

// JSON text, indented by 2; lists of scalars in one line. Unquoted scalars are written as they are.
std::string ConfigJson(const ConfigNode& node);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_CONFIG_NODE_H_
