#include "demo/demo_console.hpp"

#include <fmt/format.h>

#include <string>

#include "events/cos_record.hpp"
#include "events/record_splitter.hpp"
#include "events/terminal_text.hpp"

namespace gateway::demo {
namespace {

constexpr auto kEventPause = std::chrono::milliseconds(100);  // what a person can follow
// A whole id fits beside a key of some length from here on.
constexpr std::size_t kWide = 120;
constexpr std::size_t kShortId = 8;

double milliseconds(std::chrono::nanoseconds latency) {
  return std::chrono::duration<double, std::milli>(latency).count();
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

bool is_good(const test::Balance& balance) noexcept {
  return balance.good() && balance.posts_acknowledged == balance.posts;
}

void DemoConsole::headline(std::string_view text, Colour colour) {
  terminal_.line(Line().add(text, colour));
  terminal_.flush();
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
  const std::size_t columns = terminal_.columns();
  const bool wide = columns == 0 || columns >= kWide;
  const std::string_view id = event.attribute("id");
  terminal_.line(Line()
                     .add(wide ? id : id.substr(0, kShortId))
                     .add(fmt::format("  {:<26}", record.event_name), Colour::green)
                     .add(fmt::format("{:>11}", record.size))
                     .add(fmt::format("{:>8.1f} ms  ", milliseconds(latency)), Colour::dim)
                     .add(record.object_key()));
}

void DemoConsole::status(const Progress& progress, TimePoint now) {
  const auto pause = std::chrono::milliseconds(terminal_.is_terminal() ? 100 : 1000);
  if (now - last_status_ < pause) return;
  last_status_ = now;
  const test::Balance& so_far = progress.balance;
  Line line;
  if (!terminal_.is_terminal()) line.add("-- ");
  if (progress.eventbus_down) line.add("eventbus down  ", Colour::red);
  line.add(fmt::format("posts {}  answered {}  records {}  delivered {}  retried {}", so_far.posts,
                       so_far.posts_acknowledged + so_far.refused, so_far.records, so_far.arrived,
                       progress.retried));
  if (progress.waiting != 0)
    line.add(fmt::format("  waiting {}", progress.waiting), Colour::yellow);
  if (not_shown_ != 0) line.add(fmt::format("  (not shown {})", not_shown_), Colour::dim);
  if (terminal_.is_terminal()) {
    terminal_.status(line);
  } else {
    terminal_.line(line);
    terminal_.flush();
  }
}

void DemoConsole::balance(const Progress& end, const test::Histogram& latencies, Latency posting) {
  const test::Balance& balance = end.balance;
  const double seconds = std::chrono::duration<double>(posting).count();
  const auto row = [&](std::string_view name, std::string_view value,
                       Colour colour = Colour::plain) {
    terminal_.line(Line().add(fmt::format("  {:<22}{:>14}", name, value), colour));
  };
  const auto must_be_zero = [&](std::string_view name, std::uint64_t value) {
    row(name, fmt::to_string(value), value == 0 ? Colour::plain : Colour::red);
  };
  terminal_.line(Line());
  headline("Balance");
  row("posts", fmt::to_string(balance.posts));
  row("  answered 200", fmt::to_string(balance.posts_acknowledged));
  must_be_zero("  answered otherwise", balance.refused);
  must_be_zero("  not answered", balance.unanswered);
  row("records sent", fmt::to_string(balance.records));
  row("events delivered", fmt::to_string(balance.arrived));
  row("  a second", fmt::format("{:.0f}", static_cast<double>(balance.arrived) / seconds));
  row("retried", fmt::to_string(end.retried));
  row("duplicates", fmt::to_string(balance.duplicates + balance.repeats));
  must_be_zero("lost", balance.lost);
  if (const auto strangers = balance.foreign + balance.damaged + balance.conflicts;
      strangers != 0) {
    must_be_zero("not as sent", strangers);
  }
  row("latency p50", fmt::format("{:.2f} ms", milliseconds(latencies.quantile(0.5))));
  row("latency p99", fmt::format("{:.2f} ms", milliseconds(latencies.quantile(0.99))));
  if (is_good(balance)) {
    headline("Every acknowledged record arrived.", Colour::green);
  } else {
    headline("Not every record was acknowledged and delivered.", Colour::red);
  }
}

}  // namespace gateway::demo
