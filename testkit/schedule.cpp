#include "testkit/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "events/number_text.hpp"

namespace gateway::test {

const char* const kScheduleHelp =
    "A schedule is a list of phases, `what [how...] [duration]`, parted by semicolons, as in\n"
    "  healthy 10s; fail70 300s; down 60s; mix(200=90,cut=10) latency=5ms..50ms\n"
    "The last phase lasts to the end; every other one needs its duration.\n"
    "what: healthy            every event is taken (200, 202 and 204)\n"
    "      down               connections are refused\n"
    "      dead               connections are accepted and nothing is answered\n"
    "      failN              N % of the answers are failures a sender should retry\n"
    "      chaosN             N % are failures of every kind, cut and broken answers included\n"
    "      mix(ITEM=W,...)    by weight; ITEM is a status, 429r or 503r (with a Retry-After in\n"
    "                         any spelling), stall, cut, reset, surplus, half, garbage or\n"
    "                         close-early (of connections just accepted)\n"
    "how:  latency=A or A..B  from a request to its answer\n"
    "      read=SIZE          reads no faster than SIZE every 10 ms\n";

namespace {

using std::chrono::milliseconds;
using Kind = Fault::Kind;
using Shares = std::vector<Phase::Share>;

Fault answer(unsigned status, bool retry_after = false) {
  Fault fault;
  fault.status = status;
  fault.retry_after = retry_after;
  return fault;
}

Fault broken(Kind kind) {
  Fault fault;
  fault.kind = kind;
  return fault;
}

const Shares& healthy() {
  static const Shares kShares{{answer(200), 8}, {answer(202), 1}, {answer(204), 1}};
  return kShares;
}

const Shares& retryable() {
  static const Shares kShares{{answer(500), 20}, {answer(503), 30},      {answer(502), 10},
                              {answer(504), 10}, {answer(429), 10},      {answer(408), 5},
                              {answer(425), 1},  {answer(429, true), 2}, {answer(503, true), 2}};
  return kShares;
}

const Shares& every_kind() {
  static const Shares kShares{
      {answer(500), 20},          {answer(503), 20},          {answer(429, true), 5},
      {answer(503, true), 5},     {answer(400), 2},           {answer(404), 2},
      {broken(Kind::cut), 8},     {broken(Kind::reset), 8},   {broken(Kind::half), 4},
      {broken(Kind::surplus), 4}, {broken(Kind::garbage), 4}, {broken(Kind::close_early), 4},
      {broken(Kind::stall), 1}};
  return kShares;
}

unsigned total(const Shares& shares) {
  unsigned sum = 0;
  for (const auto& share : shares) sum += share.weight;
  return sum;
}

// `percent` of failures in the proportions of `failures`, the rest healthy.
Shares mixed(unsigned percent, const Shares& failures) {
  Shares shares;
  for (const auto& [fault, weight] : healthy()) {
    shares.push_back({fault, weight * (100 - percent) * total(failures)});
  }
  for (const auto& [fault, weight] : failures) {
    shares.push_back({fault, weight * percent * total(healthy())});
  }
  return shares;
}

// A number with one of the units behind it; nothing if it is none.
template <std::size_t n>
std::optional<std::uint64_t> parse_with_unit(
    std::string_view text, const std::array<std::pair<std::string_view, std::uint64_t>, n>& units) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = read_number<std::uint64_t>(text.substr(0, digits));
  for (const auto& [unit, factor] : units) {
    if (number && *number <= 1'000'000'000 && text.substr(digits) == unit) return *number * factor;
  }
  return std::nullopt;
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> kUnits{
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
  const auto value = parse_with_unit(text, kUnits);
  if (!value) return std::nullopt;
  return milliseconds(*value);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 3> kUnits{
      {{"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}}};
  return parse_with_unit(text, kUnits);
}

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlank = " \t\n";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// Takes what stands before the first `mark`, or all; blanks around it go.
std::string_view take(std::string_view& text, char mark) {
  const auto at = text.find(mark);
  const std::string_view front = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  return without_blanks(front);
}

std::optional<Fault> parse_fault(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Kind>, 7> kNames{
      {{"stall", Kind::stall},
       {"cut", Kind::cut},
       {"reset", Kind::reset},
       {"surplus", Kind::surplus},
       {"half", Kind::half},
       {"garbage", Kind::garbage},
       {"close-early", Kind::close_early}}};
  for (const auto& [known, kind] : kNames) {
    if (name == known) return broken(kind);
  }
  const bool retry_after = name.ends_with('r');
  if (retry_after) name.remove_suffix(1);
  const auto status = read_number<std::uint64_t>(name);
  if (!status || *status < 200 || *status > 599) return std::nullopt;
  return answer(static_cast<unsigned>(*status), retry_after);
}

std::string parse_mix(std::string_view text, Phase& phase) {
  while (!text.empty()) {
    std::string_view item = take(text, ',');
    const std::string_view name = take(item, '=');
    const auto fault = parse_fault(name);
    if (!fault) return fmt::format("unknown fault '{}'", name);
    const auto weight = read_number<std::uint64_t>(without_blanks(item));
    if (!weight || *weight > 1'000'000) return fmt::format("'{}' needs a weight", name);
    phase.shares.push_back({*fault, static_cast<unsigned>(*weight)});
  }
  const bool answers = !phase.shares.empty() && total(phase.shares) > 0;
  return answers ? "" : "a mix needs at least one weight above 0";
}

std::string parse_what(std::string_view what, Phase& phase) {
  const auto percent = [what](std::string_view prefix) -> std::optional<unsigned> {
    if (!what.starts_with(prefix)) return std::nullopt;
    const auto number = read_number<std::uint64_t>(what.substr(prefix.size()));
    if (!number || *number > 100) return std::nullopt;
    return static_cast<unsigned>(*number);
  };
  if (what == "healthy") {
    phase.shares = healthy();
  } else if (what == "down") {
    phase.down = true;
  } else if (what == "dead") {
    phase.shares = {{broken(Kind::stall), 1}};
  } else if (const auto fail = percent("fail")) {
    phase.shares = mixed(*fail, retryable());
  } else if (const auto chaos = percent("chaos")) {
    phase.shares = mixed(*chaos, every_kind());
  } else if (what.starts_with("mix(") && what.ends_with(')')) {
    return parse_mix(what.substr(4, what.size() - 5), phase);
  } else {
    return fmt::format("unknown phase '{}'", what);
  }
  return {};
}

std::string parse_latency(std::string_view value, Phase& phase) {
  const auto dots = value.find("..");
  const auto least = parse_duration(value.substr(0, dots));
  const auto most = dots == std::string_view::npos ? least : parse_duration(value.substr(dots + 2));
  if (!least || !most || *most < *least) return fmt::format("'{}' is no latency", value);
  phase.least_latency = *least;
  phase.most_latency = *most;
  return {};
}

std::string parse_how(std::string_view word, Phase& phase) {
  if (word.starts_with("latency=")) return parse_latency(word.substr(8), phase);
  if (word.starts_with("read=")) {
    const auto size = parse_size(word.substr(5));
    if (!size || *size == 0) return fmt::format("'{}' is no size to read", word.substr(5));
    phase.read_size = static_cast<std::size_t>(*size);
    return {};
  }
  phase.duration = parse_duration(word);
  return phase.duration ? "" : fmt::format("'{}' is no duration", word);
}

std::string parse_phase(std::string_view text, Phase& phase) {
  phase.text = text;
  // The first word may be a mix with blanks in its brackets.
  const auto close = text.starts_with("mix(") ? text.find(')') : std::string_view::npos;
  const auto end = close == std::string_view::npos ? text.find(' ') : close + 1;
  std::string error = parse_what(text.substr(0, end), phase);
  std::string_view rest =
      end >= text.size() ? std::string_view{} : without_blanks(text.substr(end));
  while (error.empty() && !rest.empty()) {
    error = parse_how(take(rest, ' '), phase);
    rest = without_blanks(rest);
  }
  return error;
}

std::string format_time(const char* format, std::chrono::sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), format, &parts);
  return {text.data(), size};
}

}  // namespace

bool Phase::close_early(std::mt19937_64& random) const {
  const unsigned sum = total(shares);
  if (sum == 0) return false;
  unsigned early = 0;
  for (const auto& [fault, weight] : shares) {
    if (fault.kind == Kind::close_early) early += weight;
  }
  return early != 0 && random() % sum < early;
}

Fault Phase::choose(std::mt19937_64& random) const {
  std::uint64_t sum = 0;
  for (const auto& [fault, weight] : shares) {
    if (fault.kind != Kind::close_early) sum += weight;
  }
  if (sum == 0) return {};
  std::uint64_t at = random() % sum;
  for (const auto& [fault, weight] : shares) {
    if (fault.kind == Kind::close_early) continue;
    if (at < weight) return fault;
    at -= weight;
  }
  return {};
}

milliseconds Phase::latency(std::mt19937_64& random) const {
  if (most_latency <= least_latency) return least_latency;
  const auto span = static_cast<std::uint64_t>((most_latency - least_latency).count()) + 1;
  return least_latency + milliseconds(random() % span);
}

boost::system::result<Schedule, std::string> Schedule::parse(std::string_view text) {
  Schedule schedule;
  schedule.phases_.clear();
  std::string_view rest = without_blanks(text);
  while (!rest.empty()) {
    const std::string_view part = take(rest, ';');
    if (part.empty()) return std::string("an empty phase");
    if (!schedule.phases_.empty() && !schedule.phases_.back().duration) {
      return fmt::format("'{}' needs a duration, as it is not the last phase",
                         schedule.phases_.back().text);
    }
    Phase phase;
    if (std::string error = parse_phase(part, phase); !error.empty()) {
      return fmt::format("{} in '{}'", error, part);
    }
    schedule.phases_.push_back(std::move(phase));
  }
  if (schedule.phases_.empty()) return std::string("a schedule needs a phase");
  return schedule;
}

const Phase& Schedule::at(std::chrono::steady_clock::duration elapsed) const {
  for (const Phase& phase : phases_) {
    if (!phase.duration || elapsed < *phase.duration) return phase;
    elapsed -= *phase.duration;
  }
  return phases_.back();
}

std::string retry_after_text(std::mt19937_64& random, std::chrono::sys_seconds now) {
  constexpr std::array kFixed{"0",
                              "1",
                              "01",
                              "3600",
                              "-1",
                              "+1",
                              "1.5",
                              "1, 2",
                              "1 s",
                              "",
                              "soon",
                              "99999999999999999999",
                              "\"1\"",
                              "0x1",
                              "NaN",
                              "Wed, 31 Feb 2024 25:61:61 GMT",
                              "Thu, 01 Jan 1970 00:00:00 GMT"};
  // The three forms of RFC 9110 section 5.6.7.
  constexpr std::array kDates{"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                              "%a %b %e %H:%M:%S %Y"};
  const std::uint64_t choice = random() % (kFixed.size() + kDates.size());
  if (choice < kFixed.size()) return kFixed[choice];
  return format_time(kDates[choice - kFixed.size()], now + std::chrono::seconds(1));
}

}  // namespace gateway::test
