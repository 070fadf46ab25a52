#include "gateway/config/schema.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "gateway/config/nearest.hpp"

namespace gateway::config {

void Section::add(std::string_view name, std::unique_ptr<Field> field, const About& about) {
  Entry entry;
  entry.name = name;
  entry.field = std::move(field);
  entry.about = about;
  entries_.push_back(std::move(entry));
}

void Section::secret(std::string_view name, Secret& variable, const About& about) {
  add(name, std::make_unique<SecretField>(variable), about);
}

Section& Section::section(std::string_view name) {
  Entry entry;
  entry.name = name;
  entry.section = std::make_unique<Section>();
  entry.section->path_ = path_to(name);
  entries_.push_back(std::move(entry));
  return *entries_.back().section;
}

Section& Section::alias(std::string_view name) {
  auto& added = section(name);
  entries_.back().printed = false;
  return added;
}

void Section::ignored(std::string_view name, std::string_view why) {
  Entry entry;
  entry.name = name;
  entry.ignored = why;
  entry.printed = false;
  entries_.push_back(std::move(entry));
}

std::string Section::path_to(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

const Section::Entry* Section::find(std::string_view name) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [name](const Entry& entry) { return entry.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

bool Section::holds_secrets() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return (entry.field && entry.field->secret()) ||
           (entry.section && entry.section->holds_secrets());
  });
}

void Section::find_elsewhere(std::string_view name, const Section& except,
                             std::vector<std::string>& homes) const {
  for (const auto& entry : entries_) {
    if (!entry.printed) continue;
    if (this != &except && entry.name == name) homes.push_back(path_to(name));
    if (entry.section) entry.section->find_elsewhere(name, except, homes);
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
  root.find_elsewhere(name, *this, homes);
  if (!homes.empty())
    return fmt::format("unknown key here; there is {}", fmt::join(homes, " and "));
  return fmt::format("unknown key; {} {}", path_.empty() ? "there are" : "keys here are",
                     fmt::join(names, ", "));
}

void Section::read(const Value& value, Only only, const Section& root, Report& report) {
  if (value.kind == Value::Kind::null) return;
  if (value.kind != Value::Kind::map) {
    // The text itself stays unsaid: a secret file without a key is nothing but the secret.
    report.problem(value.position, path_,
                   fmt::format("expected a map of keys, got {}", kind_name(value.kind)));
    return;
  }
  report.gave(path_, value.position);
  for (const auto& [name, position, member, repeats] : value.members) {
    const auto path = path_to(name);
    if (repeats) {
      report.problem(position, path, fmt::format("given twice, first in line {}", repeats->line));
      continue;
    }
    const auto* const entry = find(name);
    if (entry == nullptr) {
      report.problem(position, path, unknown(name, root));
    } else if (!entry->ignored.empty()) {
      report.warning(position, path, fmt::format("has no effect: {}", entry->ignored));
    } else if (only == Only::secrets &&
               !(entry->field ? entry->field->secret() : entry->section->holds_secrets())) {
      report.problem(position, path, "belongs in the configuration file, not in the secret file");
    } else if (entry->section) {
      entry->section->read(member, only, root, report);
    } else if (member.kind != Value::Kind::null) {
      entry->field->read(path, member, report);
    }
  }
}

namespace {

// The value of --set. A scalar needs no YAML quoting, so that "[::]:8080", "*" or a token with a
// '#' can be given as they are.
Value value_of(std::string_view text, Field::Shape shape) {
  Value verbatim;
  verbatim.kind = Value::Kind::scalar;
  verbatim.text = text;
  const bool quoted = text.starts_with('"') || text.starts_with('\'');
  if (shape == Field::Shape::scalar && !quoted) return verbatim;
  auto document = read_yaml(text);
  if (!document.problems.empty()) return verbatim;
  return std::move(document.root);
}

// An override is on no line.
void forget_positions(Value& value) {
  value.position = {};
  for (auto& item : value.items) forget_positions(item);
  for (auto& member : value.members) {
    member.position = {};
    forget_positions(member.value);
  }
}

}  // namespace

void Section::set(std::string_view path, std::string_view text, Report& report) {
  Section* section = this;
  for (std::string_view rest = path;;) {
    const auto dot = rest.find('.');
    const auto name = rest.substr(0, dot);
    const auto* const entry = section->find(name);
    const auto here = section->path_to(name);
    if (entry == nullptr) {
      report.problem({}, here, section->unknown(name, *this));
      return;
    }
    if (!entry->ignored.empty()) {
      report.warning({}, here, fmt::format("has no effect: {}", entry->ignored));
      return;
    }
    const bool last = dot == std::string_view::npos;
    if (entry->section && last) {
      report.problem({}, here,
                     "is a section; set its keys, such as " +
                         entry->section->path_to(entry->section->entries_[0].name));
      return;
    }
    report.gave(section->path_, {});
    if (entry->section) {
      section = entry->section.get();
      rest.remove_prefix(dot + 1);
      continue;
    }
    if (!last && entry->field->shape() != Field::Shape::map) {
      report.problem({}, std::string(path), fmt::format("{} has no keys below it", here));
      return;
    }
    Value value = value_of(text, last ? entry->field->shape() : Field::Shape::scalar);
    forget_positions(value);
    if (!last) {
      Value map;
      map.kind = Value::Kind::map;
      map.members.push_back({std::string(rest.substr(dot + 1)), {}, std::move(value), {}});
      value = std::move(map);
    }
    entry->field->read(here, value, report);
    return;
  }
}

void Section::visit(const Visitor& visitor) const {
  for (const auto& entry : entries_) {
    if (!entry.printed) continue;
    if (entry.section) {
      entry.section->visit(visitor);
    } else {
      visitor(path_to(entry.name), *entry.field, entry.about);
    }
  }
}

std::vector<std::string> Section::paths() const {
  std::vector<std::string> paths;
  visit([&paths](const std::string& path, const Field&, const About&) { paths.push_back(path); });
  return paths;
}

std::string Section::print(const std::function<std::string(const std::string&)>& comment) const {
  std::string out;
  print(out, 0, comment);
  return out;
}

void Section::print(std::string& out, std::size_t depth,
                    const std::function<std::string(const std::string&)>& comment) const {
  for (const auto& entry : entries_) {
    if (!entry.printed) continue;
    const bool absent = entry.section && entry.section->given_ && !*entry.section->given_;
    out += fmt::format("{:{}}{}:", "", depth * 2, entry.name);
    if (entry.field) out += " " + entry.field->print();
    if (absent) out += " null";
    if (const auto text = comment(path_to(entry.name)); !text.empty()) out += "  # " + text;
    out += '\n';
    if (entry.section && !absent) entry.section->print(out, depth + 1, comment);
  }
}

}  // namespace gateway::config
