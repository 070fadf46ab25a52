#include "gateway/config/fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "events/ascii.hpp"
#include "events/utf8.hpp"

namespace gateway::config {
namespace {

constexpr std::size_t kShownCharacters = 60;

// What the gateway sets itself, and what belongs to a connection instead of a request (RFC 9110
// section 7.6.1): a second value of either would make requests ambiguous.
constexpr std::string_view kReserved[] = {"connection",     "content-encoding",
                                          "content-length", "content-type",
                                          "expect",         "host",
                                          "keep-alive",     "te",
                                          "trailer",        "proxy-connection",
                                          "upgrade",        "transfer-encoding"};

bool is_reserved(std::string_view name) {
  const auto folded = lower_case(name);
  return folded.starts_with("ce-") ||
         std::find(std::begin(kReserved), std::end(kReserved), folded) != std::end(kReserved);
}

bool is_short(std::size_t count, const std::string& path, const Value& value, Report& report,
              std::size_t most = kMaxItems) {
  if (count <= most) return true;
  report.problem(value.position, path, "expected at most {} items, got {}", most, count);
  return false;
}

// Calls read(path, name, value) for each member whose name has the format and is the first of its
// name; reports the others.
template <class Name, class Read>
void read_members(const std::string& path, const Value& value, std::string_view expected,
                  const Format<Name>& format, bool secret, Report& report, Read read) {
  if (value.kind != Value::Kind::map) return refuse(path, value, expected, secret, {}, report);
  if (!is_short(value.members.size(), path, value, report)) return;
  report.gave(path, value.position);
  for (const auto& member : value.members) {
    const auto here = path + "." + member.name;
    const auto name = format.parse({member.name, false});
    if (!name.value) {
      Value shown;
      shown.kind = Value::Kind::scalar;
      shown.text = member.name;
      report.problem(member.position, path, "expected {}, got {}{}{}", format.expected,
                     describe(shown), name.note.empty() ? "" : "; ", name.note);
    } else if (member.repeats) {
      report.problem(member.position, here, "given twice, first in line {}", member.repeats->line);
    } else {
      read(here, *name.value, member);
    }
  }
}

template <class Map, class Print>
std::string print_map(const Map& map, const Print& print) {
  std::vector<std::string> members;
  members.reserve(map.size());
  for (const auto& [name, value] : map) members.push_back(print(name, value));
  return fmt::format("{{{}}}", fmt::join(members, ", "));
}

// RFC 9110 section 5.5; outer spaces are refused, as recipients remove them.
Format<Secret> header_value() {
  auto format = secret_text();
  format.expected = "text without control characters and outer spaces";
  format.parse = [](const Scalar& scalar) -> Parsed<Secret> {
    if (scalar.text.starts_with(' ') || scalar.text.ends_with(' ')) return {};
    auto parsed = text().parse(scalar);
    return parsed.value ? Parsed<Secret>{Secret(*std::move(parsed.value))} : Parsed<Secret>{};
  };
  return format;
}

}  // namespace

std::string describe(const Value& value) {
  if (value.kind != Value::Kind::scalar) return std::string(kind_name(value.kind));
  if (value.text.size() <= kShownCharacters) return quote(value.text);
  return quote(events::utf8_front(value.text, kShownCharacters)) + "...";
}

void refuse(const std::string& path, const Value& value, std::string_view expected, bool secret,
            std::string_view note, Report& report) {
  const bool hide = secret && value.kind == Value::Kind::scalar;
  report.problem(value.position, path, "expected {}, got {}{}{}", expected,
                 hide ? std::string("(secret)") : describe(value), note.empty() ? "" : "; ", note);
  report.gave_bad(path, value.position);
}

const std::vector<Value>* items_of(const std::string& path, const Value& value,
                                   std::string_view expected, Report& report, std::size_t most) {
  if (value.kind != Value::Kind::list) {
    refuse(path, value, fmt::format("a list, each item {}", expected), false, {}, report);
    return nullptr;
  }
  return is_short(value.items.size(), path, value, report, most) ? &value.items : nullptr;
}

Field list_field(std::vector<std::string>& variable, Format<std::string> item, Named named) {
  Field field;
  field.shape = Field::Shape::list;
  field.allowed = "list of " + item.allowed;
  field.print = [&variable, print = item.print] {
    std::vector<std::string> items;
    items.reserve(variable.size());
    for (const auto& value : variable) items.push_back(print(value));
    return fmt::format("[{}]", fmt::join(items, ", "));
  };
  field.read = [&variable, item = std::move(item), named](const std::string& path,
                                                          const Value& value, Report& report) {
    const auto* const given = items_of(path, value, item.expected, report);
    if (given == nullptr) return;
    report.gave(path, value.position);
    std::vector<std::string> items;
    for (const auto& one : *given) {
      const auto number = &one - given->data();
      const auto here = named == Named::item ? fmt::format("{}[{}]", path, number) : path;
      report.gave(here, one.position);
      auto read = read_scalar(here, one, item, report);
      if (!read) {
        report.gave_bad(path, value.position);
      } else if (std::ranges::find(items, *read) != items.end()) {
        report.problem(one.position, here, "given twice: " + describe(one));
      } else {
        items.push_back(*std::move(read));
      }
    }
    if (!report.bad(path)) variable = std::move(items);
  };
  return field;
}

Field headers_field(std::vector<std::pair<std::string, Secret>>& variable) {
  Field field;
  field.shape = Field::Shape::map;
  field.secret = true;
  field.allowed = "map of names of headers to text, secret";
  field.print = [&variable] {
    return print_map(variable, [print = secret_text().print](const auto& name, const auto& value) {
      return fmt::format("{}: {}", quote(name), print(value));
    });
  };
  field.read = [&variable, format = header_value()](const std::string& path, const Value& value,
                                                    Report& report) {
    const auto read = [&](const std::string& here, const std::string& name, const Member& member) {
      if (is_reserved(name)) {
        report.problem(member.position, here, "the gateway sets this header itself");
        return;
      }
      auto text = read_scalar(here, member.value, format, report);
      if (!text) return;
      const auto same = std::ranges::find_if(variable, [&](const auto& header) {
        return lower_case(header.first) == lower_case(name);
      });
      auto& header = same == variable.end() ? variable.emplace_back() : *same;
      header = {name, *std::move(text)};
    };
    read_members(path, value, "a map of header names to values", header_name(), true, report, read);
  };
  return field;
}

Field treatments_field(std::map<unsigned, Treatment>& variable) {
  // A status below 300 is a success or no final answer; neither can be given another meaning.
  auto code = integer(300U, 599U);
  code.expected = "as status code " + code.expected;
  const auto treatment = choice<Treatment>(
      {{"retry", Treatment::retry}, {"refuse", Treatment::refuse}, {"accept", Treatment::accept}});
  Field field;
  field.shape = Field::Shape::map;
  field.allowed = "map of status codes, 300 to 599, to " + treatment.allowed;
  field.print = [&variable, treatment] {
    return print_map(variable, [&treatment](unsigned status, Treatment value) {
      return fmt::format("{}: {}", status, treatment.print(value));
    });
  };
  field.read = [&variable, code, treatment](const std::string& path, const Value& value,
                                            Report& report) {
    const auto read = [&](const std::string& here, unsigned status, const Member& member) {
      const auto meant = read_scalar(here, member.value, treatment, report);
      if (meant) variable[status] = *meant;
    };
    read_members(path, value, "a map of status codes to " + treatment.expected, code, false, report,
                 read);
  };
  return field;
}

}  // namespace gateway::config
