#include "gateway/config/formats.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "events/ascii.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/config/http_url.hpp"
#include "gateway/config/nearest.hpp"
#include "gateway/config/units.hpp"
#include "runtime/host_port.hpp"

namespace gateway::config {
namespace {

constexpr bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

constexpr std::string_view kUnprintable =
    "it holds a control character such as a line break, or is not UTF-8";

bool is_plain_text(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size()) &&
         std::none_of(text.begin(), text.end(), is_control);
}

bool is_ip_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

bool is_token_character(char c) {
  return is_alphanumeric(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// Tencent's documented events; the families are checked, the rest is for misspelt ones.
constexpr std::string_view kCreated = "cos:ObjectCreated:";
constexpr std::string_view kRemove = "cos:ObjectRemove:";
constexpr std::string_view kRestore = "cos:ObjectRestore:";
const std::vector<std::string_view> kKnownEvents{"cos:ObjectCreated:*",
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

}  // namespace

std::string quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (is_control(c)) {
      quoted += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string as_code(const std::vector<std::string_view>& words) {
  std::string text;
  for (const auto word : words) text += fmt::format("{}`{}`", text.empty() ? "" : ", ", word);
  return text;
}

Parsed<std::string> Text::parse(const Scalar& scalar) const {
  if (!is_plain_text(scalar.text)) return Refused::because(kUnprintable);
  return std::string(scalar.text);
}

Parsed<std::string> NonEmptyText::parse(const Scalar& scalar) const {
  if (scalar.text.empty()) return Refused{};
  return Text{}.parse(scalar);
}

Parsed<Secret> SecretText::parse(const Scalar& scalar) const {
  if (scalar.text.ends_with('\n')) return Refused::because("it ends in a line break");
  if (!is_plain_text(scalar.text)) return Refused::because(kUnprintable);
  return Secret(std::string(scalar.text));
}

std::string SecretText::print(const Secret& value) const {
  return quote(value.empty() ? std::string_view() : kRedacted);
}

Parsed<std::string> TargetText::parse(const Scalar& scalar) const {
  if (scalar.text.find(kRedacted) != std::string_view::npos) {
    return Refused::because("(redacted) stands for a secret in its query: write it out");
  }
  return Text{}.parse(scalar);
}

std::string TargetText::print(const std::string& value) const {
  return quote(redacted_target(value));
}

Parsed<bool> Boolean::parse(const Scalar& scalar) const {
  const bool is_true = scalar.text == "true";
  if (is_true || scalar.text == "false") {
    if (scalar.quoted) return Refused::because(kWithoutQuotes);
    return is_true;
  }
  const std::string lower = lower_case(std::string_view(scalar.text).substr(0, 8));
  for (const std::string_view yes : {"true", "yes", "on", "y", "1"}) {
    if (lower == yes) return Refused::because("write true");
  }
  for (const std::string_view no : {"false", "no", "off", "n", "0"}) {
    if (lower == no) return Refused::because("write false");
  }
  return Refused{};
}

namespace {

// YAML 1.1 "Boolean Language-Independent Type", as far as Go's yaml.v3 takes it.
std::optional<bool> yaml11_boolean(const Scalar& scalar) {
  if (scalar.quoted) return std::nullopt;
  for (const std::string_view yes :
       {"True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"}) {
    if (scalar.text == yes) return true;
  }
  for (const std::string_view no :
       {"False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"}) {
    if (scalar.text == no) return false;
  }
  return std::nullopt;
}

}  // namespace

Parsed<bool> OriginalBoolean::parse(const Scalar& scalar) const {
  if (const auto value = yaml11_boolean(scalar)) return *value;
  return Boolean::parse(scalar);
}

std::string_view OriginalBoolean::warning(const Scalar& scalar) const {
  const auto value = yaml11_boolean(scalar);
  if (!value) return {};
  return *value ? "taken as true; write true" : "taken as false; write false";
}

template <class T>
std::string Integer<T>::expected() const {
  return fmt::format("an integer from {} to {}", min_, max_);
}

template <class T>
std::string Integer<T>::allowed() const {
  return fmt::format("integer, {} to {}", min_, max_);
}

template <class T>
Parsed<T> Integer<T>::parse(const Scalar& scalar) const {
  const auto number = parse_digits(scalar.text);
  if (!number || *number < min_ || *number > max_) return Refused{};
  if (scalar.quoted) return Refused::because(kWithoutQuotes);
  return static_cast<T>(*number);
}

template class Integer<unsigned>;
template class Integer<std::size_t>;

std::string Number::expected() const {
  return fmt::format("a number from {} to {}", min_, max_);
}

std::string Number::allowed() const {
  return fmt::format("number, {} to {}", min_, max_);
}

Parsed<double> Number::parse(const Scalar& scalar) const {
  double number = 0;
  const auto* const end = scalar.text.data() + scalar.text.size();
  const auto [stop, error] = std::from_chars(scalar.text.data(), end, number);
  // Also false for "nan", which from_chars takes.
  const bool in_range = number >= min_ && number <= max_;
  if (scalar.text.empty() || error != std::errc() || stop != end || !in_range) return Refused{};
  if (scalar.quoted) return Refused::because(kWithoutQuotes);
  return number;
}

std::string Number::print(double value) const {
  return fmt::format("{}", value);
}

std::string Bytes::expected() const {
  return fmt::format("a size such as 64KiB or 8MiB ({} to {})", print_size(min_), print_size(max_));
}

std::string Bytes::allowed() const {
  return fmt::format("size, {} to {}", print_size(min_), print_size(max_));
}

Parsed<std::size_t> Bytes::parse(const Scalar& scalar) const {
  const auto bytes = parse_size(scalar.text);
  if (!bytes || *bytes < min_ || *bytes > max_) return Refused{};
  return static_cast<std::size_t>(*bytes);
}

std::string Bytes::print(std::size_t value) const {
  return print_size(value);
}

std::string Time::expected() const {
  return fmt::format("a duration such as {} ({} to {}{})",
                     step_ < Duration(1000) ? "250ms or 10s" : "90s or 5m", print_duration(min_),
                     print_duration(max_), step_ < Duration(1000) ? "" : ", whole seconds");
}

std::string Time::allowed() const {
  return fmt::format("duration, {} to {}{}", print_duration(min_), print_duration(max_),
                     step_ < Duration(1000) ? "" : ", whole seconds");
}

Parsed<Duration> Time::parse(const Scalar& scalar) const {
  const auto duration = parse_duration(scalar.text);
  if (!duration && parse_digits(scalar.text)) {
    return Refused::because(
        fmt::format("add a unit: {0}ms, {0}s, {0}m or {0}h", scalar.text.substr(0, 20)));
  }
  if (!duration || *duration < min_ || *duration > max_) return Refused{};
  if (*duration % step_ != Duration::zero()) return Refused{};
  return *duration;
}

std::string Time::print(Duration value) const {
  return print_duration(value);
}

std::string OneOf::expected() const {
  return fmt::format("{}", fmt::join(words_, " | "));
}

std::string OneOf::allowed() const {
  return as_code(words_);
}

Parsed<std::string> OneOf::parse(const Scalar& scalar) const {
  if (std::find(words_.begin(), words_.end(), scalar.text) != words_.end()) {
    return std::string(scalar.text);
  }
  const auto meant = nearest(scalar.text, words_);
  return Refused::because(meant ? fmt::format("did you mean {}?", *meant) : "");
}

std::string AutoOrCount::expected() const {
  return fmt::format("auto, or an integer from 1 to {}", max_);
}

std::string AutoOrCount::allowed() const {
  return fmt::format("`auto`, or an integer, 1 to {}", max_);
}

Parsed<unsigned> AutoOrCount::parse(const Scalar& scalar) const {
  if (scalar.text == "auto") return 0U;
  return Count(1, max_).parse(scalar);
}

std::string AutoOrCount::print(unsigned value) const {
  return value == 0 ? "auto" : std::to_string(value);
}

std::string ListenAddress::expected() const {
  return "an IP address and a port such as 0.0.0.0:8080, \"[::]:8080\" or :8080";
}

Parsed<HostPort> ListenAddress::parse(const Scalar& scalar) const {
  const auto colon = scalar.text.rfind(':');
  if (colon == std::string_view::npos) return Refused{};
  const auto port = parse_digits(scalar.text.substr(colon + 1));
  if (!port) return Refused{};
  if (*port > 65'535) return Refused::because("a port is 0 to 65535");

  const auto host = scalar.text.substr(0, colon);
  HostPort address;
  address.port = static_cast<std::uint16_t>(*port);
  if (host.empty()) {
    address.host = "::";
  } else if (host == "localhost") {
    address.host = "127.0.0.1";
  } else if (host.starts_with('[') && host.ends_with(']')) {
    address.host = host.substr(1, host.size() - 2);
    if (address.host.find(':') == std::string::npos) return Refused{};
  } else {
    address.host = host;
    if (host.find(':') != std::string_view::npos) {
      return Refused::because("an IPv6 address goes in brackets");
    }
  }
  if (!is_ip_address(address.host)) return Refused{};
  return address;
}

std::string ListenAddress::print(const HostPort& value) const {
  return quote(host_port_text(value.host, value.port));
}

std::string Url::expected() const {
  return (traits_ & kBase) != 0 ? "an http or https URL without a path, such as https://example.com"
                                : "an http or https URL such as https://example.com:8443/path";
}

std::string Url::allowed() const {
  if ((traits_ & kBase) != 0) return "URL without a path";
  return (traits_ & kOptional) != 0 ? "URL, or empty" : "URL";
}

Parsed<std::string> Url::parse(const Scalar& scalar) const {
  if (scalar.text.empty() && (traits_ & kOptional) != 0) return std::string();
  const auto url = parse_http_url(scalar.text);
  if (!url) {
    const bool syntax = url.error().reason() == BadAddress::Reason::syntax;
    auto refused = Refused::because(syntax ? std::string() : url.error().message());
    const bool may_hold_password = scalar.text.find('@') != std::string_view::npos;
    return may_hold_password ? std::move(refused).hidden() : std::move(refused);
  }
  const bool has_path = !url->path.empty() && url->path != "/";
  if ((traits_ & kBase) != 0 && (has_path || !url->query.empty())) return Refused{};
  return std::string(scalar.text);
}

Parsed<std::string> HeaderName::parse(const Scalar& scalar) const {
  if (scalar.text.empty()) return Refused{};
  if (!std::all_of(scalar.text.begin(), scalar.text.end(), is_token_character)) {
    return Refused::because("letters, digits and !#$%&'*+-.^_`|~ only");
  }
  return std::string(scalar.text);
}

const std::vector<std::string_view>& known_events() {
  return kKnownEvents;
}

bool is_known_event(std::string_view event) {
  return std::find(kKnownEvents.begin(), kKnownEvents.end(), event) != kKnownEvents.end();
}

std::string BucketEvent::expected() const {
  return "a COS event such as cos:ObjectCreated:Put, cos:ObjectRemove:* or "
         "cos:ObjectRestore:Completed";
}

std::string BucketEvent::allowed() const {
  return "`cos:ObjectCreated:...`, `cos:ObjectRemove:...`, `cos:ObjectRestore:...`";
}

Parsed<std::string> BucketEvent::parse(const Scalar& scalar) const {
  for (const auto family : {kCreated, kRemove, kRestore}) {
    if (!scalar.text.starts_with(family)) continue;
    const auto event = scalar.text.substr(family.size());
    const bool is_word = !event.empty() && std::all_of(event.begin(), event.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    if (event == "*" || is_word) return std::string(scalar.text);
  }
  const auto meant = nearest(scalar.text, kKnownEvents);
  return Refused::because(meant ? fmt::format("did you mean {}?", *meant) : "");
}

Parsed<unsigned> FunctionMemory::parse(const Scalar& scalar) const {
  auto memory = Count(64, 3072).parse(scalar);
  if (memory && *memory != 64 && *memory % 128 != 0) return Refused{};
  return memory;
}

}  // namespace gateway::config
