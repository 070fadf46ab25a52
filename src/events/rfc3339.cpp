#include "events/rfc3339.hpp"

namespace gateway::events {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Time = std::chrono::sys_time<milliseconds>;

constexpr Time kFirst{std::chrono::sys_days{std::chrono::year{0} / 1 / 1}};
constexpr Time kBehindLast{std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}};

// `digits` decimal digits of `value`.
char* put(unsigned value, int digits, char* out) noexcept {
  for (int i = digits - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + digits;
}

// Takes text from the front; once something is missing, `ok` stays false.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept : text_(text) {}

  unsigned digits(std::size_t count) noexcept {
    unsigned value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value * 10 + digit();
    return value;
  }
  void literal(char lower) noexcept {
    if (text_.empty() || (text_.front() | 0x20) != (lower | 0x20)) {
      ok = false;
    } else {
      text_.remove_prefix(1);
    }
  }
  [[nodiscard]] char peek() const noexcept { return text_.empty() ? '\0' : text_.front(); }
  [[nodiscard]] bool at_digit() const noexcept { return peek() >= '0' && peek() <= '9'; }
  [[nodiscard]] bool done() const noexcept { return ok && text_.empty(); }

  bool ok = true;

 private:
  unsigned digit() noexcept {
    if (!at_digit()) {
      ok = false;
      return 0;
    }
    const auto value = static_cast<unsigned>(text_.front() - '0');
    text_.remove_prefix(1);
    return value;
  }

  std::string_view text_;
};

milliseconds read_fraction(Scanner& scan) noexcept {
  if (scan.peek() != '.') return milliseconds{0};
  scan.literal('.');
  unsigned value = scan.digits(1) * 100;
  for (unsigned unit = 10; scan.at_digit(); unit /= 10) value += scan.digits(1) * unit;
  return milliseconds{value};
}

minutes read_offset(Scanner& scan) noexcept {
  const char sign = scan.peek();
  if (sign != '+' && sign != '-') {
    scan.literal('z');
    return minutes{0};
  }
  scan.literal(sign);
  const unsigned hour = scan.digits(2);
  scan.literal(':');
  const unsigned minute = scan.digits(2);
  if (hour > 23 || minute > 59) scan.ok = false;
  const minutes offset = hours{hour} + minutes{minute};
  return sign == '-' ? -offset : offset;
}

}  // namespace

bool has_rfc3339_form(Time time) noexcept {
  return time >= kFirst && time < kBehindLast;
}

void write_rfc3339(Time time, char* out) noexcept {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  out = put(static_cast<unsigned>(static_cast<int>(date.year())), 4, out);
  *out++ = '-';
  out = put(static_cast<unsigned>(date.month()), 2, out);
  *out++ = '-';
  out = put(static_cast<unsigned>(date.day()), 2, out);
  *out++ = 'T';
  out = put(static_cast<unsigned>(clock.hours().count()), 2, out);
  *out++ = ':';
  out = put(static_cast<unsigned>(clock.minutes().count()), 2, out);
  *out++ = ':';
  out = put(static_cast<unsigned>(clock.seconds().count()), 2, out);
  *out++ = '.';
  out = put(static_cast<unsigned>(clock.subseconds().count()), 3, out);
  *out = 'Z';
}

std::optional<Time> read_rfc3339(std::string_view text) noexcept {
  Scanner scan(text);
  const std::chrono::year year(static_cast<int>(scan.digits(4)));
  scan.literal('-');
  const std::chrono::month month(scan.digits(2));
  scan.literal('-');
  const std::chrono::day day(scan.digits(2));
  scan.literal('t');
  const unsigned hour = scan.digits(2);
  scan.literal(':');
  const unsigned minute = scan.digits(2);
  scan.literal(':');
  const unsigned second = scan.digits(2);
  const milliseconds fraction = read_fraction(scan);
  const minutes offset = read_offset(scan);
  const std::chrono::year_month_day date(year, month, day);
  if (!scan.done() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const Time time = std::chrono::sys_days(date) + hours{hour} + minutes{minute} + seconds{second} +
                    fraction - offset;
  if (!has_rfc3339_form(time)) return std::nullopt;
  return time;
}

}  // namespace gateway::events
