#include "gateway/config/formats.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <array>

#include "events/ascii.hpp"
#include "events/number_text.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/config/http_url.hpp"
#include "gateway/config/nearest.hpp"
#include "gateway/routing/pattern.hpp"

namespace gateway::config {
namespace {

constexpr bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

// Why a text is not taken: what a message says beyond what was expected, which may be nothing.
using Flaw = std::optional<std::string>;

Flaw flaw_of_text(std::string_view text) {
  if (simdjson::validate_utf8(text.data(), text.size()) && std::ranges::none_of(text, is_control)) {
    return std::nullopt;
  }
  return "it holds a control character such as a line break, or is not UTF-8";
}

Format<std::string> text_without(std::function<Flaw(std::string_view)> flaw_of,
                                 std::string expected, std::string allowed) {
  const auto parse = [flaw_of = std::move(flaw_of)](const Scalar& scalar) -> Parsed<std::string> {
    if (auto flaw = flaw_of(scalar.text)) return {.note = *std::move(flaw)};
    return {std::string(scalar.text)};
  };
  return {std::move(expected), std::move(allowed), parse, quote};
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& words) {
  const auto meant = nearest(word, words);
  return meant ? fmt::format("did you mean {}?", *meant) : "";
}

Parsed<bool> parse_boolean(const Scalar& scalar) {
  if (is_one_of(scalar.text, {"true", "false"})) {
    if (scalar.quoted) return {.note = std::string(kWithoutQuotes)};
    return {scalar.text == "true"};
  }
  const std::string lower = lower_case(scalar.text.substr(0, 8));
  if (is_one_of(lower, {"true", "yes", "on", "y", "1"})) return {.note = "write true"};
  if (is_one_of(lower, {"false", "no", "off", "n", "0"})) return {.note = "write false"};
  return {};
}

// YAML 1.1 "Boolean Language-Independent Type", as far as Go's yaml.v3 takes it.
Parsed<bool> parse_original_boolean(const Scalar& scalar) {
  if (!scalar.quoted &&
      is_one_of(scalar.text, {"True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"})) {
    return {true, "taken as true; write true"};
  }
  if (!scalar.quoted &&
      is_one_of(scalar.text, {"False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"})) {
    return {false, "taken as false; write false"};
  }
  return parse_boolean(scalar);
}

bool is_ip_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

Parsed<HostPort> parse_listen_address(const Scalar& scalar) {
  const auto colon = scalar.text.rfind(':');
  if (colon == std::string_view::npos) return {};
  const auto port = parse_digits(scalar.text.substr(colon + 1));
  if (!port) return {};
  if (*port > 65'535) return {.note = "a port is 0 to 65535"};

  const auto host = scalar.text.substr(0, colon);
  HostPort address{std::string(host), static_cast<std::uint16_t>(*port)};
  if (host.empty()) {
    address.host = "::";
  } else if (host == "localhost") {
    address.host = "127.0.0.1";
  } else if (host.starts_with('[') && host.ends_with(']')) {
    address.host = host.substr(1, host.size() - 2);
    if (address.host.find(':') == std::string::npos) return {};
  } else if (host.find(':') != std::string_view::npos) {
    return {.note = "an IPv6 address goes in brackets"};
  }
  if (!is_ip_address(address.host)) return {};
  return {std::move(address)};
}

Parsed<std::string> parse_url(const Scalar& scalar, UrlForm form) {
  if (scalar.text.empty() && form == UrlForm::or_empty) return {std::string()};
  const auto url = parse_http_url(scalar.text);
  if (!url) {
    const bool syntax = url.error().reason() == BadAddress::Reason::syntax;
    return {.note = syntax ? std::string() : url.error().message(),
            .hidden = scalar.text.find('@') != std::string_view::npos};
  }
  const bool bare = (url->path.empty() || url->path == "/") && url->query.empty();
  if (form == UrlForm::without_path && !bare) return {};
  return {std::string(scalar.text)};
}

// Returns the format of an address whose query may hold secrets: they are not printed, and what is
// printed for them is not taken.
Format<std::string> with_secret_query(Format<std::string> format) {
  format.parse = [parse = std::move(format.parse)](const Scalar& scalar) -> Parsed<std::string> {
    if (scalar.text.find(kRedacted) == std::string_view::npos) return parse(scalar);
    return {.note = "(redacted) stands for a secret in its query: write it out"};
  };
  format.print = [](const std::string& value) { return quote(redacted_target(value)); };
  return format;
}

// Only the families are checked: COS may document more events than it did.
Flaw flaw_of_bucket_event(std::string_view text) {
  for (const std::string_view family :
       {"cos:ObjectCreated:", "cos:ObjectRemove:", "cos:ObjectRestore:"}) {
    if (!text.starts_with(family)) continue;
    const auto event = text.substr(family.size());
    const bool is_word = !event.empty() && std::ranges::all_of(event, is_letter);
    if (event == "*" || is_word) return std::nullopt;
  }
  return did_you_mean(text, known_events());
}

}  // namespace

std::string quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (is_control(c)) {
      quoted += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    } else {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string as_code(const std::vector<std::string_view>& words) {
  return fmt::format("`{}`", fmt::join(words, "`, `"));
}

Format<std::string> text() {
  return text_without(flaw_of_text, "text", "text");
}

Format<std::string> non_empty_text() {
  return text_without([](auto text) { return text.empty() ? Flaw("") : flaw_of_text(text); },
                      "text that is not empty", "text, not empty");
}

Format<Secret> secret_text() {
  return {.expected = "text",
          .allowed = "text, secret",
          .parse = [](const Scalar& scalar) -> Parsed<Secret> {
            if (scalar.text.ends_with('\n')) return {.note = "it ends in a line break"};
            if (auto flaw = flaw_of_text(scalar.text)) return {.note = *std::move(flaw)};
            return {Secret(std::string(scalar.text))};
          },
          .print = [](const Secret& value) { return quote(value.empty() ? "" : kRedacted); },
          .secret = true};
}

Format<std::string> target_text() {
  return with_secret_query(text());
}

Format<bool> boolean() {
  return {"true or false", "`true`, `false`", parse_boolean,
          [](bool value) { return value ? "true" : "false"; }};
}

Format<bool> original_boolean() {
  auto format = boolean();
  format.parse = parse_original_boolean;
  return format;
}

Format<unsigned> auto_or_integer(unsigned max) {
  const auto parse = [max](const Scalar& scalar) {
    return scalar.text == "auto" ? Parsed<unsigned>{0U} : integer(1U, max).parse(scalar);
  };
  return {fmt::format("auto, or an integer from 1 to {}", max),
          fmt::format("`auto`, or an integer, 1 to {}", max), parse,
          [](unsigned value) { return value == 0 ? "auto" : std::to_string(value); }};
}

Format<unsigned> function_memory() {
  auto format = integer(64U, 3072U);
  format.expected = "64, or a multiple of 128 up to 3072";
  format.allowed = "integer, " + format.expected;
  format.parse = [parse = format.parse](const Scalar& scalar) {
    auto memory = parse(scalar);
    if (memory.value && *memory.value != 64 && *memory.value % 128 != 0) memory = {};
    return memory;
  };
  return format;
}

Format<double> number(double min, double max) {
  return {.expected = fmt::format("a number from {} to {}", min, max),
          .allowed = fmt::format("number, {} to {}", min, max),
          .parse = [min, max](const Scalar& scalar) -> Parsed<double> {
            const auto number = read_number<double>(scalar.text);
            // Also false for "nan", which is read.
            const bool in_range = number && *number >= min && *number <= max;
            if (!in_range) return {};
            if (scalar.quoted) return {.note = std::string(kWithoutQuotes)};
            return {number};
          },
          .print = [](double value) { return fmt::format("{}", value); }};
}

Format<std::size_t> size(std::size_t min, std::size_t max) {
  const auto bounds = fmt::format("{} to {}", print_size(min), print_size(max));
  const auto parse = [min, max](const Scalar& scalar) -> Parsed<std::size_t> {
    const auto bytes = parse_size(scalar.text);
    if (!bytes || *bytes < min || *bytes > max) return {};
    return {static_cast<std::size_t>(*bytes)};
  };
  return {fmt::format("a size such as 64KiB or 8MiB ({})", bounds), "size, " + bounds, parse,
          print_size};
}

Format<Duration> duration(Duration min, Duration max, Duration step) {
  const bool fine = step < Duration(1000);
  const auto bounds = fmt::format("{} to {}{}", print_duration(min), print_duration(max),
                                  fine ? "" : ", whole seconds");
  const auto parse = [min, max, step](const Scalar& scalar) -> Parsed<Duration> {
    const auto duration = parse_duration(scalar.text);
    if (!duration && parse_digits(scalar.text)) {
      return {.note =
                  fmt::format("add a unit: {0}ms, {0}s, {0}m or {0}h", scalar.text.substr(0, 20))};
    }
    if (!duration || *duration < min || *duration > max) return {};
    if (*duration % step != Duration::zero()) return {};
    return {duration};
  };
  return {fmt::format("a duration such as {} ({})", fine ? "250ms or 10s" : "90s or 5m", bounds),
          "duration, " + bounds, parse, print_duration};
}

Format<std::string> key_pattern() {
  const auto flaw_of = [](std::string_view text) -> Flaw {
    if (auto flaw = flaw_of_text(text)) return flaw;
    const auto pattern = routing::Pattern::compile(text);
    return pattern ? Flaw() : Flaw(pattern.error().text());
  };
  return text_without(flaw_of, "a pattern of object keys", "patterns of object keys");
}

Format<std::string> one_of(std::vector<std::string_view> words) {
  const auto flaw_of = [words](std::string_view text) {
    const bool is_one = std::ranges::find(words, text) != words.end();
    return is_one ? Flaw() : Flaw(did_you_mean(text, words));
  };
  return text_without(flaw_of, fmt::format("{}", fmt::join(words, " | ")), as_code(words));
}

Format<HostPort> listen_address() {
  return {"an IP address and a port such as 0.0.0.0:8080, \"[::]:8080\" or :8080", "address",
          parse_listen_address, [](const HostPort& value) { return quote(value.text()); }};
}

Format<std::string> host() {
  const auto flaw_of = [](std::string_view text) -> Flaw {
    if (text.empty() || is_ip_address(std::string(text))) return std::nullopt;
    const auto url = parse_http_url(fmt::format("http://{}", text));
    if (url && url->path.empty() && url->query.empty()) return std::nullopt;
    return "no scheme, path or blanks";
  };
  return text_without(flaw_of, "a host name or address such as gateway.example", "host name");
}

Format<std::string> url(UrlForm form) {
  const auto parse = [form](const Scalar& scalar) { return parse_url(scalar, form); };
  if (form == UrlForm::without_path) {
    return {"an http or https URL without a path, such as https://example.com",
            "URL without a path", parse, quote};
  }
  return with_secret_query({"an http or https URL such as https://example.com:8443/path",
                            form == UrlForm::or_empty ? "URL, or empty" : "URL", parse, quote});
}

Format<std::string> header_name() {
  const auto flaw_of = [](std::string_view text) -> Flaw {
    if (text.empty()) return "it is empty";
    if (std::ranges::all_of(text, is_token_character)) return std::nullopt;
    return "letters, digits and !#$%&'*+-.^_`|~ only";
  };
  return text_without(flaw_of, "the name of a header", "header names");
}

Format<std::string> bucket_event() {
  return text_without(flaw_of_bucket_event,
                      "a COS event such as cos:ObjectCreated:Put, cos:ObjectRemove:* or "
                      "cos:ObjectRestore:Completed",
                      "`cos:ObjectCreated:...`, `cos:ObjectRemove:...`, `cos:ObjectRestore:...`");
}

const std::vector<std::string_view>& known_events() {
  static const std::vector<std::string_view> events{"cos:ObjectCreated:*",
                                                    "cos:ObjectCreated:Put",
                                                    "cos:ObjectCreated:Post",
                                                    "cos:ObjectCreated:Copy",
                                                    "cos:ObjectCreated:CompleteMultipartUpload",
                                                    "cos:ObjectCreated:Origin",
                                                    "cos:ObjectCreated:Replication",
                                                    "cos:ObjectRemove:*",
                                                    "cos:ObjectRemove:Delete",
                                                    "cos:ObjectRemove:DeleteMarkerCreated",
                                                    "cos:ObjectRestore:Post",
                                                    "cos:ObjectRestore:Completed"};
  return events;
}

}  // namespace gateway::config
