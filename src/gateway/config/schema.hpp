#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/fields.hpp"
#include "gateway/config/report.hpp"
#include "gateway/config/yaml_document.hpp"

namespace gateway::config {

// What the reference (reference.hpp) says of a key beside what its format and its variable say.
struct About {
  std::string_view text;              // Markdown: one or two sentences
  std::string_view environment = {};  // the variable that sets it, or fills it if nothing else did
  std::string_view form = {};         // instead of the format's type and bounds
  std::string_view standard = {};     // instead of the variable's value: a default that is derived
  bool original = false;              // the original connector has it, by the same name
  bool followed = false;              // a file that is read again when it changes
};

// A map of the configuration, bound to the variables its keys fill: reading, messages about
// unknown keys, overrides and printing all go by it. See keys.cpp for the one there is.
//
// The variables must outlive it. References section() returns stay valid.
class Section {
 public:
  Section() = default;
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  // One value; formats.hpp has the formats.
  template <class T, class Format>
  void key(std::string_view name, T& variable, Format format, const About& about) {
    add(name, std::make_unique<ScalarField<T, Format>>(variable, std::move(format)), about);
  }
  void secret(std::string_view name, Secret& variable, const About& about);
  // A list whose items have this format, each at most once.
  template <class Format>
  void list(std::string_view name, std::vector<std::string>& variable, Format format,
            const About& about) {
    add(name, std::make_unique<ListField<Format>>(variable, std::move(format)), about);
  }
  void add(std::string_view name, std::unique_ptr<Field> field, const About& about);
  Section& section(std::string_view name);

  // A key of old that has no effect; `why` ends the warning.
  void ignored(std::string_view name, std::string_view why);
  // Read, but not printed: another spelling of keys that stand elsewhere.
  Section& alias(std::string_view name);
  // Printed as null unless `given`, for a section whose presence means something.
  void optional(const bool& given) { given_ = &given; }

  enum class Only { everything, secrets };

  // Reads `value` into the variables. `root` is where hints about misplaced keys come from.
  void read(const Value& value, Only only, const Section& root, Report& report);
  // The value of one key, by its path below this section: `delivery.pipeline`.
  void set(std::string_view path, std::string_view text, Report& report);

  using Visitor = std::function<void(const std::string& path, const Field&, const About&)>;
  // All keys that are printed, in order; sections are not keys.
  void visit(const Visitor& visitor) const;
  [[nodiscard]] std::vector<std::string> paths() const;
  // YAML, every key on its own line; `comment` gives what to say behind a key, or nothing.
  [[nodiscard]] std::string print(
      const std::function<std::string(const std::string& path)>& comment) const;

 private:
  struct Entry {
    std::string name;
    std::unique_ptr<Field> field;  // a key,
    About about;
    std::unique_ptr<Section> section;  // a section,
    std::string_view ignored;          // or neither
    bool printed = true;
  };

  [[nodiscard]] const Entry* find(std::string_view name) const;
  [[nodiscard]] bool holds_secrets() const;
  [[nodiscard]] std::string path_to(std::string_view name) const;
  [[nodiscard]] std::string unknown(std::string_view name, const Section& root) const;
  void find_elsewhere(std::string_view name, const Section& except,
                      std::vector<std::string>& homes) const;
  void print(std::string& out, std::size_t depth,
             const std::function<std::string(const std::string& path)>& comment) const;

  std::string path_;  // empty: the root
  std::vector<Entry> entries_;
  const bool* given_ = nullptr;
};

}  // namespace gateway::config
