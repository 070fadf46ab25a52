#include "gateway/config/schema.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "gateway/config/nearest.hpp"

namespace gateway::config {
namespace {

std::string item_path(std::string_view list, std::size_t index) {
  return fmt::format("{}[{}]", list, index);
}

// Returns the value of an override. A scalar needs no YAML quoting, so that "[::]:8080", "*" or a
// token with a '#' can be given as they are.
Value value_of(std::string_view text, Field::Shape shape) {
  Value verbatim;
  verbatim.kind = Value::Kind::scalar;
  verbatim.text = text;
  const bool quoted = text.starts_with('"') || text.starts_with('\'');
  if (shape == Field::Shape::scalar && !quoted) return verbatim;
  auto document = read_yaml(text);
  return document.problems.empty() ? std::move(document.root) : verbatim;
}

// Removes the positions: an override is on no line of a file.
void forget_positions(Value& value) {
  value.position = {};
  for (auto& item : value.items) forget_positions(item);
  for (auto& member : value.members) {
    member.position = {};
    forget_positions(member.value);
  }
}

// Reads an override into `field`, or into its member `member` if that is not empty.
void set_field(const Field& field, const std::string& path, std::string_view member,
               std::string_view text, Report& report) {
  if (!member.empty() && field.shape != Field::Shape::map) {
    report.problem({}, fmt::format("{}.{}", path, member),
                   fmt::format("{} has no keys below it", path));
    return;
  }
  auto value = value_of(text, member.empty() ? field.shape : Field::Shape::scalar);
  forget_positions(value);
  if (!member.empty()) {
    Value map;
    map.kind = Value::Kind::map;
    map.members.push_back({std::string(member), {}, std::move(value), {}});
    value = std::move(map);
  }
  field.read(path, value, report);
}

// Splits `buckets[3]` into name and index.
std::pair<std::string_view, std::optional<std::uint64_t>> name_and_index(std::string_view text) {
  const auto bracket = text.find('[');
  if (bracket == std::string_view::npos || !text.ends_with(']')) return {text, std::nullopt};
  const auto index = parse_digits(text.substr(bracket + 1, text.size() - bracket - 2));
  return {index ? text.substr(0, bracket) : text, index};
}

}  // namespace

void Section::key(std::string_view name, Field field, std::string_view text, const About& about) {
  entries_.push_back({.name = std::string(name), .field = std::move(field), .about = about});
  entries_.back().about.text = text;
}

Section& Section::add_section(std::string_view name, std::string path) {
  entries_.push_back(
      {.name = std::string(name), .section = std::make_unique<Section>(std::move(path))});
  return *entries_.back().section;
}

Section& Section::alias(std::string_view name) {
  auto& added = section(name);
  entries_.back().printed = false;
  return added;
}

void Section::ignored(std::string_view name, std::string_view why) {
  entries_.push_back({.name = std::string(name), .ignored = why, .printed = false});
}

std::string Section::path_to(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

const Section::Entry* Section::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(entries_, [name](const Entry& entry) { return entry.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

const Section::Entry* Section::find(std::string_view name, const Position& position,
                                    const Section& root, Report& report) const {
  const auto* const entry = find(name);
  if (entry == nullptr) {
    report.problem(position, path_to(name), unknown(name, root));
  } else if (!entry->ignored.empty()) {
    report.warning(position, path_to(name), fmt::format("has no effect: {}", entry->ignored));
    return nullptr;
  }
  return entry;
}

const Field& Section::field(std::string_view path) const {
  const auto dot = path.find('.');
  const auto* const entry = find(path.substr(0, dot));
  if (entry != nullptr && entry->section && dot != std::string_view::npos) {
    return entry->section->field(path.substr(dot + 1));
  }
  if (entry == nullptr || !entry->field) throw std::logic_error(fmt::format("no key {}", path));
  return *entry->field;
}

bool Section::holds_secrets() const {
  return std::ranges::any_of(entries_, [](const Entry& entry) {
    return (entry.field && entry.field->secret) ||
           (entry.section && entry.section->holds_secrets());
  });
}

void Section::find_all(std::string_view name, std::vector<std::string>& homes) const {
  for (const auto& entry : entries_) {
    if (!entry.printed) continue;
    if (entry.name == name) homes.push_back(path_to(name));
    if (entry.section) entry.section->find_all(name, homes);
  }
}

// A misspelt key of this section comes before a key of another one: that is the likelier slip.
std::string Section::unknown(std::string_view name, const Section& root) const {
  std::vector<std::string_view> names;
  for (const auto& entry : entries_) {
    if (entry.printed) names.push_back(entry.name);
  }
  if (const auto meant = nearest(name, names)) {
    return fmt::format("unknown key; did you mean '{}'?", *meant);
  }
  std::vector<std::string> homes;
  root.find_all(name, homes);
  if (!homes.empty()) {
    return fmt::format("unknown key here; there is {}", fmt::join(homes, " and "));
  }
  return fmt::format("unknown key; {} {}", path_.empty() ? "there are" : "keys here are",
                     fmt::join(names, ", "));
}

void Section::read(const Value& value, Only only, const Section& root, Report& report) {
  if (value.kind == Value::Kind::null) return;
  if (value.kind != Value::Kind::map) {
    // The text is not shown: a secret file without a key holds nothing but the secret.
    report.problem(value.position, path_, "expected a map of keys, got {}", kind_name(value.kind));
    return;
  }
  report.gave(path_, value.position);
  for (const auto& [name, position, member, repeats] : value.members) {
    const auto path = path_to(name);
    if (repeats) {
      report.problem(position, path, "given twice, first in line {}", repeats->line);
      continue;
    }
    const auto* const entry = find(name, position, root, report);
    if (entry == nullptr) continue;
    const bool secret = entry->field ? entry->field->secret : entry->section->holds_secrets();
    if (only == Only::secrets && !secret) {
      report.problem(position, path, "belongs in the configuration file, not in the secret file");
    } else if (!entry->field) {
      entry->section->read(member, only, root, report);
    } else if (member.kind != Value::Kind::null) {
      entry->field->read(path, member, report);
    }
  }
}

void Section::add_items(Items items) {
  Field field;
  field.shape = Field::Shape::list;
  field.allowed = "list of maps";
  field.read = [this, items](const std::string& path, const Value& value, Report& report) {
    const auto* const maps = items_of(path, value, "a map of keys", report, kMaxMaps);
    if (maps == nullptr) return;
    report.gave(path, value.position);
    items.make(maps->size());
    for (std::size_t i = 0; i < maps->size(); ++i) {
      Section keys(item_path(path, i));
      items.declare(keys, i);
      keys.read((*maps)[i], Only::everything, *this, report);
    }
  };
  entries_.back().field = std::move(field);
  entries_.back().items = std::move(items);
}

void Section::set(std::string_view path, std::string_view text, const Section& root,
                  Report& report) {
  const auto dot = path.find('.');
  const bool last = dot == std::string_view::npos;
  const auto rest = last ? std::string_view() : path.substr(dot + 1);
  const auto [name, index] = name_and_index(path.substr(0, dot));
  const auto* const entry = find(name, {}, root, report);
  if (entry == nullptr) return;
  const auto here = path_to(path.substr(0, dot));
  if (index && !(entry->items && *index < entry->items->size())) {
    report.problem({}, here, "there is no such item of {}", path_to(name));
  } else if (last && (index || !entry->field)) {
    const auto& first = entry->section->entries_[0].name;
    report.problem({}, here, "is a section; set its keys, such as {}.{}", here, first);
  } else if (index) {
    Section keys(here);
    entry->items->declare(keys, *index);
    keys.set(rest, text, root, report);
  } else if (!entry->field) {
    report.gave(path_, {});
    entry->section->set(rest, text, root, report);
  } else {
    report.gave(path_, {});
    set_field(*entry->field, here, rest, text, report);
  }
}

void Section::visit(const Visitor& visitor) const {
  for (const auto& entry : entries_) {
    if (!entry.printed) continue;
    if (entry.section) {
      entry.section->visit(visitor);
    } else if (entry.field) {
      visitor(path_to(entry.name), *entry.field, entry.about);
    }
  }
}

std::string Section::print(const Comment& comment) const {
  std::string out;
  print(out, 0, comment);
  return out;
}

void Section::print(std::string& out, std::size_t depth, const Comment& comment) const {
  for (const auto& entry : entries_) {
    if (!entry.printed) continue;
    const bool absent = entry.section && entry.section->given_ && !*entry.section->given_;
    out += fmt::format("{:{}}{}:", "", depth * 2, entry.name);
    if (entry.field && !entry.section) out += " " + entry.field->print();
    if (absent) out += " null";
    if (entry.items && entry.items->size() == 0) out += " []";
    if (const auto text = comment(path_to(entry.name)); !text.empty()) out += "  # " + text;
    out += '\n';
    for (std::size_t i = 0; entry.items && i < entry.items->size(); ++i) {
      const auto begin = out.size();
      Section keys(item_path(path_to(entry.name), i));
      entry.items->declare(keys, i);
      keys.print(out, depth + 2, comment);
      out[begin + (depth + 1) * 2] = '-';
    }
    if (!entry.field && !absent) entry.section->print(out, depth + 1, comment);
  }
}

}  // namespace gateway::config
