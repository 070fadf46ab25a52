#include "demo/demo_console.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "events/cos_record.hpp"
#include "events/record_splitter.hpp"

namespace gateway::demo {
namespace {

constexpr auto kEventPause = std::chrono::milliseconds(100);  // what a person can follow

double milliseconds(DemoConsole::Latency latency) {
  return std::chrono::duration<double, std::milli>(latency).count();
}

// Keys may hold anything, and some are 850 bytes long. Control characters and half a UTF-8
// character would upset a terminal.
std::string shortened(std::string_view text) {
  constexpr std::size_t kWidth = 44;
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool starts_character = (byte & 0xc0U) != 0x80U;
    if (starts_character && result.size() >= kWidth) return result + "...";
    result += byte < 0x20U || byte == 0x7fU ? '?' : c;
  }
  return result;
}

// Empty for an event whose data is no JSON.
events::CosRecord fields_of(const events::CloudEvent& event, std::string& room,
                            events::CosRecordReader& reader) {
  if (event.data_kind != events::CloudEvent::DataKind::json) return {};
  room.assign(event.data);
  room.append(events::RecordSplitter::kPadding, ' ');
  return reader.read(std::string_view(room).substr(0, event.data.size()));
}

}  // namespace

DemoConsole::DemoConsole()
    : terminal_(isatty(STDOUT_FILENO) == 1),
      // NOLINTNEXTLINE(concurrency-mt-unsafe): read once, before there is any other thread
      colours_(terminal_ && std::getenv("NO_COLOR") == nullptr) {}

std::string DemoConsole::paint(Colour colour, std::string_view text) const {
  if (!colours_ || colour == Colour::plain) return std::string(text);
  int code = 0;
  switch (colour) {
    case Colour::plain:
      code = 0;
      break;
    case Colour::dim:
      code = 2;
      break;
    case Colour::green:
      code = 32;
      break;
    case Colour::red:
      code = 31;
      break;
    case Colour::cyan:
      code = 36;
      break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

// Above the summary, if there is one.
void DemoConsole::line(std::string_view text) {
  fmt::print("{}{}\n", summary_shown_ ? "\r\x1b[K" : "", text);
  summary_shown_ = false;
}

void DemoConsole::headline(std::string_view text) {
  line(paint(Colour::cyan, text));
  std::fflush(stdout);
}

void DemoConsole::event(const events::CloudEvent& event, Latency latency, TimePoint now) {
  if (now - last_event_ < kEventPause) {
    ++not_shown_;
    return;
  }
  last_event_ = now;
  std::string room;
  events::CosRecordReader reader;
  const events::CosRecord record = fields_of(event, room, reader);
  line(fmt::format("{}  {}  {:>10}  {}  {}", event.attribute("id"),
                   paint(Colour::green, fmt::format("{:<26}", record.event_name)), record.size,
                   paint(Colour::dim, fmt::format("{:>6.1f} ms", milliseconds(latency))),
                   shortened(record.object_key())));
}

void DemoConsole::summary(const Balance& so_far, std::uint64_t retried, TimePoint now) {
  const auto pause = std::chrono::milliseconds(terminal_ ? 100 : 1000);
  if (now - last_summary_ < pause) return;
  std::string text = fmt::format("posts {}  answered {}  records {}  delivered {}  retried {}",
                                 so_far.posts, so_far.answered_200 + so_far.answered_otherwise,
                                 so_far.records, so_far.delivered, retried);
  if (not_shown_ != 0) text += fmt::format("  (events not shown: {})", not_shown_);
  last_summary_ = now;
  if (terminal_) {
    fmt::print("\r\x1b[K{}", text);
    summary_shown_ = true;
  } else {
    line("-- " + text);
  }
  std::fflush(stdout);
}

void DemoConsole::balance(const Balance& balance, std::uint64_t retried, Latency posting) {
  const double seconds = std::chrono::duration<double>(posting).count();
  const auto row = [&](std::string_view name, std::string_view value) {
    line(fmt::format("  {:<22}{:>14}", name, value));
  };
  const auto must_be_zero = [&](std::string_view name, std::uint64_t value) {
    line(paint(value == 0 ? Colour::plain : Colour::red,
               fmt::format("  {:<22}{:>14}", name, value)));
  };
  line("");
  headline("Balance");
  row("posts", fmt::to_string(balance.posts));
  row("  answered 200", fmt::to_string(balance.answered_200));
  must_be_zero("  answered otherwise", balance.answered_otherwise);
  must_be_zero("  not answered", balance.unanswered);
  row("records sent", fmt::to_string(balance.records));
  row("events delivered", fmt::to_string(balance.delivered));
  row("  a second", fmt::format("{:.0f}", static_cast<double>(balance.delivered) / seconds));
  row("retried", fmt::to_string(retried));
  row("duplicates", fmt::to_string(balance.duplicates));
  must_be_zero("lost", balance.lost);
  if (balance.strangers != 0) must_be_zero("not as sent", balance.strangers);
  row("latency p50", fmt::format("{:.2f} ms", milliseconds(balance.p50)));
  row("latency p99", fmt::format("{:.2f} ms", milliseconds(balance.p99)));
  line(balance.good() ? paint(Colour::green, "Every acknowledged record arrived.")
                      : paint(Colour::red, "Not every record was acknowledged and delivered."));
  std::fflush(stdout);
}

}  // namespace gateway::demo
