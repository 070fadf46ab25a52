#include "gateway/config/fields.hpp"

#include <fmt/format.h>

#include "events/ascii.hpp"

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

// What is below may be success, or no final answer at all: neither can be made to mean less.
constexpr unsigned kFirstStatus = 300;
constexpr unsigned kLastStatus = 599;

const Choice<Treatment>& treatment_names() {
  static const Choice<Treatment> names{
      {"retry", Treatment::retry}, {"refuse", Treatment::refuse}, {"accept", Treatment::accept}};
  return names;
}

// RFC 9110 section 5.5, without what recipients trim.
bool is_header_value(std::string_view value) {
  if (value.starts_with(' ') || value.ends_with(' ')) return false;
  return Text{}.parse({value, true}).has_value();
}

}  // namespace

std::string describe(const Value& value) {
  if (value.kind != Value::Kind::scalar) return std::string(kind_name(value.kind));
  if (value.text.size() <= kShownCharacters) return quote(value.text);
  auto end = kShownCharacters;
  // Not in the middle of a UTF-8 sequence.
  while (end > 0 && (static_cast<unsigned char>(value.text[end]) & 0xC0U) == 0x80U) --end;
  return quote(value.text.substr(0, end)) + "...";
}

std::string too_many_items(std::size_t count) {
  return fmt::format("expected at most {} items, got {}", kMaxItems, count);
}

void Field::refuse(const std::string& path, const Value& value, std::string_view expected,
                   const Refused& refused, Report& report) const {
  const bool hide = value.kind == Value::Kind::scalar && (secret_ || refused.is_hidden());
  auto message = fmt::format("expected {}, got {}", expected,
                             hide ? std::string("(secret)") : describe(value));
  if (!refused.hint().empty()) message += "; " + refused.hint();
  report.problem(value.position, path, std::move(message));
  report.gave_bad(path, value.position);
}

void SecretField::read(const std::string& path, const Value& value, Report& report) {
  if (value.kind == Value::Kind::scalar && value.text == kRedacted) {
    report.warning(value.position, path, "(redacted) stands for a secret; taken as not given");
    return;
  }
  auto parsed = SecretText{}.parse({value.text, value.quoted});
  if (value.kind != Value::Kind::scalar || !parsed) {
    refuse(path, value, SecretText{}.expected(), parsed ? Refused{} : parsed.error(), report);
    return;
  }
  variable_ = *std::move(parsed);
  report.gave(path, value.position);
}

void HeadersField::read(const std::string& path, const Value& value, Report& report) {
  if (value.kind != Value::Kind::map) {
    refuse(path, value, "a map of header names to values", {}, report);
    return;
  }
  if (value.members.size() > kMaxItems) {
    report.problem(value.position, path, too_many_items(value.members.size()));
    return;
  }
  report.gave(path, value.position);
  for (const auto& member : value.members) read_header(path, member, report);
}

void HeadersField::read_header(const std::string& path, const Member& member, Report& report) {
  const auto& [name, position, value, repeats] = member;
  const HeaderName format;
  if (const auto parsed = format.parse({name, true}); !parsed) {
    Value shown;
    shown.kind = Value::Kind::scalar;
    shown.text = name;
    report.problem(
        position, path,
        fmt::format("expected {}, got {}; {}", format.expected(), describe(shown),
                    parsed.error().hint().empty() ? "it is empty" : parsed.error().hint()));
    return;
  }
  const auto here = path + "." + name;
  if (repeats) {
    report.problem(position, here, fmt::format("given twice, first in line {}", repeats->line));
    return;
  }
  if (is_reserved(name)) {
    report.problem(position, here, "the gateway sets this header itself");
    return;
  }
  if (value.kind != Value::Kind::scalar || !is_header_value(value.text)) {
    refuse(here, value, "text without control characters and outer spaces", {}, report);
    return;
  }
  if (value.text == kRedacted) {
    report.warning(value.position, here, "(redacted) stands for a secret; taken as not given");
    return;
  }
  const auto existing = std::find_if(variable_.begin(), variable_.end(), [&](const auto& header) {
    return lower_case(header.first) == lower_case(name);
  });
  if (existing != variable_.end()) {
    *existing = {name, Secret(value.text)};
  } else {
    variable_.emplace_back(name, Secret(value.text));
  }
}

std::string HeadersField::print() const {
  std::string text = "{";
  for (const auto& [name, value] : variable_) {
    if (text.size() > 1) text += ", ";
    text += fmt::format("{}: {}", quote(name), SecretText{}.print(value));
  }
  return text + "}";
}

std::string TreatmentsField::allowed() const {
  return fmt::format("map of status codes, {} to {}, to {}", kFirstStatus, kLastStatus,
                     treatment_names().allowed());
}

void TreatmentsField::read(const std::string& path, const Value& value, Report& report) {
  if (value.kind != Value::Kind::map) {
    refuse(path, value, "a map of status codes to " + treatment_names().expected(), {}, report);
    return;
  }
  if (value.members.size() > kMaxItems) {
    report.problem(value.position, path, too_many_items(value.members.size()));
    return;
  }
  report.gave(path, value.position);
  const Count codes(kFirstStatus, kLastStatus);
  for (const auto& [name, position, treatment, repeats] : value.members) {
    const auto code = codes.parse({name, false});
    if (!code) {
      Value shown;
      shown.kind = Value::Kind::scalar;
      shown.text = name;
      report.problem(
          position, path,
          fmt::format("expected as status code {}, got {}", codes.expected(), describe(shown)));
      continue;
    }
    const auto here = path + "." + name;
    if (repeats) {
      report.problem(position, here, fmt::format("given twice, first in line {}", repeats->line));
      continue;
    }
    const bool scalar = treatment.kind == Value::Kind::scalar;
    const auto parsed = scalar ? treatment_names().parse({treatment.text, treatment.quoted})
                               : Parsed<Treatment>(Refused{});
    if (!parsed) {
      refuse(here, treatment, treatment_names().expected(), {}, report);
      continue;
    }
    variable_[*code] = *parsed;
  }
}

std::string TreatmentsField::print() const {
  std::string text = "{";
  for (const auto& [code, treatment] : variable_) {
    if (text.size() > 1) text += ", ";
    text += fmt::format("{}: {}", code, treatment_names().print(treatment));
  }
  return text + "}";
}

}  // namespace gateway::config
