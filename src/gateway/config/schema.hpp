#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/fields.hpp"
#include "gateway/config/report.hpp"
#include "gateway/config/yaml_document.hpp"

namespace gateway::config {

// What the reference (reference.hpp) says of a key beside what its format, its variable and its
// relations to other keys (relations.hpp) say.
struct About {
  std::string_view text = {};         // Markdown: one or two sentences
  std::string_view environment = {};  // the variable that sets it, or fills it if nothing else did
  std::string_view form = {};         // instead of the format's type and bounds
  std::string_view standard = {};     // instead of the variable's value: a default that is derived
  bool original = false;              // the original connector has it, by the same name
  bool followed = false;              // a file that is read again when it changes
};

// A map of the configuration, bound to the variables that its keys fill. Reading, messages about
// unknown keys, overrides and printing all use it. keys.cpp has the one of the product.
//
// The variables must outlive it. References section() returns stay valid.
class Section {
 public:
  explicit Section(std::string path = {}) : path_(std::move(path)) {}
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  // Adds one value; formats.hpp has the formats. `text` becomes that of `about`.
  template <class T>
  void key(std::string_view name, T& variable, Format<T> format, std::string_view text,
           const About& about = {}) {
    key(name, scalar_field(variable, std::move(format)), text, about);
  }
  void key(std::string_view name, Field field, std::string_view text, const About& about = {});
  Section& section(std::string_view name) { return add_section(name, path_to(name)); }
  // Adds a list of maps, each of which fills one item of `variable`; declare(section, item) adds
  // the keys of a map. A later source replaces the whole list. The path of a key is
  // `name[0].key`; in the reference it is `name[].key`.
  template <class T>
  void sections(std::string_view name, std::vector<T>& variable,
                const std::function<void(Section&, T&)>& declare);

  // Adds a former key that has no effect; `why` ends the warning.
  void ignored(std::string_view name, std::string_view why);
  // Adds a section that is read, but not printed: another spelling of keys that stand elsewhere.
  Section& alias(std::string_view name);
  // Has this section printed as null unless `given`: its presence means something.
  void optional(const bool& given) { given_ = &given; }

  enum class Only { everything, secrets };

  // Reads `value` into the variables. `root` is where hints about misplaced keys come from.
  void read(const Value& value, Only only, const Section& root, Report& report);
  // Reads the value of one key of this section, the root: `delivery.pipeline`.
  void set(std::string_view path, std::string_view text, Report& report) {
    set(path, text, *this, report);
  }

  using Visitor = std::function<void(const std::string& path, const Field&, const About&)>;
  // Calls `visitor` for all keys that are printed, in order; sections are not keys.
  void visit(const Visitor& visitor) const;
  // Returns the key with this path below this section. There must be one.
  [[nodiscard]] const Field& field(std::string_view path) const;
  // Returns YAML, every key on its own line; `comment` gives what to say behind a key, or nothing.
  using Comment = std::function<std::string(const std::string& path)>;
  [[nodiscard]] std::string print(const Comment& comment) const;

 private:
  struct Items {  // of a list of maps
    std::function<std::size_t()> size;
    std::function<void(std::size_t)> make;               // so many items, with the defaults
    std::function<void(Section&, std::size_t)> declare;  // the keys of one of them
    std::shared_ptr<void> sample;                        // an item with the defaults
  };
  struct Entry {
    std::string name;
    std::string_view ignored{};          // not empty for a former key
    std::optional<Field> field{};        // of a key, and of a list of maps
    std::unique_ptr<Section> section{};  // of a section; the sample's keys of a list of maps
    std::optional<Items> items{};        // of a list of maps
    About about{};
    bool printed = true;
  };

  Section& add_section(std::string_view name, std::string path);
  void add_items(Items items);
  [[nodiscard]] const Entry* find(std::string_view name) const;
  // Does the same and reports a key that is not there or has no effect.
  [[nodiscard]] const Entry* find(std::string_view name, const Position& position,
                                  const Section& root, Report& report) const;
  [[nodiscard]] bool holds_secrets() const;
  [[nodiscard]] std::string path_to(std::string_view name) const;
  [[nodiscard]] std::string unknown(std::string_view name, const Section& root) const;
  void find_all(std::string_view name, std::vector<std::string>& homes) const;
  void set(std::string_view path, std::string_view text, const Section& root, Report& report);
  void print(std::string& out, std::size_t depth, const Comment& comment) const;

  std::string path_;  // empty: the root
  std::vector<Entry> entries_;
  const bool* given_ = nullptr;
};

template <class T>
void Section::sections(std::string_view name, std::vector<T>& variable,
                       const std::function<void(Section&, T&)>& declare) {
  const auto sample = std::make_shared<T>();
  declare(add_section(name, path_to(name) + "[]"), *sample);
  add_items({[&variable] { return variable.size(); },
             [&variable](std::size_t count) { variable.assign(count, T{}); },
             [&variable, declare](Section& keys, std::size_t i) { declare(keys, variable[i]); },
             sample});
}

}  // namespace gateway::config
