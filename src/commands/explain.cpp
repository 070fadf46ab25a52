#include "commands/commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/system/result.hpp>
#include <chrono>
#include <cstdio>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/configuration.hpp"
#include "commands/read_file.hpp"
#include "commands/route_report.hpp"
#include "events/cloud_event.hpp"
#include "events/cos_record.hpp"
#include "events/encoder.hpp"
#include "events/gather.hpp"
#include "events/record_splitter.hpp"
#include "events/terminal_text.hpp"
#include "events/uuid.hpp"
#include "gateway/config/targets.hpp"
#include "gateway/egress/eventbus/encoder_settings.hpp"
#include "gateway/egress/policy/batch_size.hpp"
#include "gateway/pipeline/record_notes.hpp"
#include "gateway/pipeline/style_redaction.hpp"
#include "runtime/standard_streams.hpp"

namespace gateway::commands {
namespace {

// The status that the gateway would refuse a post with, and why.
class Refusal {
 public:
  Refusal() = default;  // required by boost::system::result
  Refusal(unsigned status, std::string reason) : status_(status), reason_(std::move(reason)) {}
  explicit Refusal(const events::Malformed& error)
      : Refusal(400, fmt::format("{} at byte {}", error.reason(), error.offset())) {}
  [[nodiscard]] unsigned status() const noexcept { return status_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  unsigned status_ = 0;
  std::string reason_;
};

// A post as the gateway takes it in: the events of its body.
class Explained {
 public:
  Explained(const config::Settings& settings, std::string body)
      : size_(body.size()),
        body_(std::move(body)),
        plan_(route_plan(settings)),
        redaction_(plan_),
        notes_(plan_) {
    body_.append(events::RecordSplitter::kPadding, '\0');
  }

  // Returns the events, which refer to this object.
  [[nodiscard]] boost::system::result<std::vector<events::OutgoingEvent>, Refusal> events() {
    const std::string_view body(body_.data(), size_);
    notes_.begin(size_, kAnySigner);
    auto records = splitter_.split(body_.data(), size_, notes_, redaction_.on_walk());
    if (records) return of_records(*records);
    const auto first = body.find_first_not_of(" \t\r\n");
    const bool batch = first != std::string_view::npos && body[first] == '[';
    if (!batch && !events::looks_like_event(body)) return Refusal(records.error());
    if (batch) {
      auto read = events::read_event_batch(body);
      if (!read) return Refusal(read.error());
      passed_on_ = std::move(*read);
    } else {
      auto read = events::read_structured_event(body);
      if (!read) return Refusal(read.error());
      passed_on_.push_back(std::move(*read));
    }
    return of_cloud_events();
  }

  [[nodiscard]] const RoutePlan& plan() const noexcept { return plan_; }
  // Returns which entries of `buckets` take the records, in lines that begin with `#`.
  [[nodiscard]] const std::string& about_records() const noexcept { return about_records_; }

 private:
  using Kind = routing::Decision::Kind;

  [[nodiscard]] boost::system::result<std::vector<events::OutgoingEvent>, Refusal> of_records(
      std::span<const events::RecordSpan> records) {
    notes_.take_routes(routes_);
    const auto decisions = notes_.decisions();
    for (std::size_t i = 0; i < decisions.size(); ++i) {
      const std::string_view record(body_.data() + records[i].offset, records[i].length);
      if (decisions[i].kind == Kind::refused_unknown) {
        return Refusal(422, fmt::format("no entry of buckets names the bucket of record {}", i));
      }
      const events::CosRecord fields = reader_.read(record);
      about_records_ += entries_about_record(
          plan_, i, {fields.bucket, fields.appid, fields.object_key(), fields.event_name},
          decisions[i]);
    }
    if (redaction_.after_walk(body_.data(), records, notes_)) {
      return Refusal(422, "event.redact: a record cannot be searched");
    }
    notes_.take_members(members_);
    const auto now =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    std::vector<events::OutgoingEvent> events;
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (!decisions.empty() && decisions[i].kind == Kind::filtered) continue;
      events::OutgoingEvent& event = events.emplace_back();
      if (!routes_.empty()) event.route = routes_[i];
      event.id = notes_.ids().empty() ? random_.next() : notes_.ids()[i];
      event.time = now;
      event.record = {body_.data() + records[i].offset, records[i].length};
      event.kind = records[i].kind;
      if (!members_.empty()) event.members = &members_[i];
    }
    return events;
  }

  [[nodiscard]] boost::system::result<std::vector<events::OutgoingEvent>, Refusal>
  of_cloud_events() {
    std::vector<events::OutgoingEvent> events;
    for (auto& event : passed_on_) {
      if (!redaction_.top_level().redact(event)) {
        return Refusal(422, "event.redact: the data of an event cannot be searched");
      }
      events.emplace_back().passed_on = &event;
    }
    return events;
  }

  const std::size_t size_;
  std::string body_;
  events::RecordSplitter splitter_;
  const RoutePlan plan_;
  StyleRedaction redaction_;
  RecordNotes notes_;
  events::CosRecordReader reader_;
  std::vector<std::uint16_t> routes_;
  std::string about_records_;
  events::RandomUuids random_;
  std::vector<events::RecordMembers> members_;
  std::vector<events::CloudEvent> passed_on_;
};

// Prints a request: byte for byte, but to a terminal without control characters.
void print(events::Gather& request) {
  std::string text;
  for (const iovec& piece : request.pieces()) {
    text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  }
  if (isatty(STDOUT_FILENO) == 1) text = events::terminal_lines(text);
  text += "\n\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  request.clear();
}

void print_requests(events::Encoder& encoder, std::span<const events::OutgoingEvent> events) {
  using egress::BatchSize;
  events::Gather request;
  while (!events.empty()) {
    std::size_t count = 1;
    if (encoder.mode() == events::ContentMode::batch) {
      encoder.begin_batch();
      count = 0;
      const std::size_t most = std::min(events.size(), BatchSize::kMostEvents);
      while (count != most && encoder.add_to_batch(events[count], BatchSize::kMostBytes)) ++count;
      encoder.end_batch(request);
    } else {
      encoder.append(events.front(), request);
    }
    print(request);
    events = events.subspan(count);
  }
}

// Prints the requests of each target's events, in order.
void print_events(const config::Settings& settings, const RoutePlan& plan,
                  std::span<const events::OutgoingEvent> events) {
  std::deque<events::Encoder> encoders;
  for (const config::Endpoint& endpoint : config::Targets(settings).endpoints()) {
    encoders.emplace_back(egress::encoder_settings(settings, endpoint));
  }
  const auto target_of = [&](const events::OutgoingEvent& event) {
    return event.route == 0 ? std::uint16_t{0} : plan.table.routes()[event.route - 1].target;
  };
  while (!events.empty()) {
    const std::uint16_t target = target_of(events.front());
    const auto other =
        std::ranges::find_if(events, [&](const auto& event) { return target_of(event) != target; });
    const auto count = static_cast<std::size_t>(other - events.begin());
    print_requests(encoders[target], events.first(count));
    events = events.subspan(count);
  }
}

int refuse(const std::string& path, const Refusal& refusal) {
  print_error("error: {}: {}; the gateway would answer {}\n", path, refusal.reason(),
              refusal.status());
  return kUsage;
}

int explain(const config::Settings& settings, const std::string& path) {
  auto body = read_file(path, settings.ingress.max_body);
  if (!body) return kUsage;
  if (body->size() > settings.ingress.max_body) {
    return refuse(path, Refusal(413, "body larger than gateway.max_body"));
  }
  Explained post(settings, std::move(*body));
  const auto events = post.events();
  if (!events) return refuse(path, events.error());
  fmt::print("{}", post.about_records());
  if (events->size() > settings.delivery.queue.events) {
    return refuse(path, Refusal(413, "more records than delivery.queue.events"));
  }
  print_events(settings, post.plan(), *events);
  return kDone;
}

}  // namespace

Command explain_command() {
  struct ExplainOptions {
    ConfigurationOptions configuration;
    std::string path;
  };
  auto options = std::make_shared<ExplainOptions>();
  Command command{
      .name = "explain",
      .summary =
          "Print the requests that a post would be delivered with; nothing is sent. The post "
          "is a COS trigger payload, a CloudEvent or a batch of them in JSON",
      .run = [options] {
        const auto settings = options->configuration.load();
        return settings ? explain(*settings, options->path) : kConfiguration;
      }};
  command.add("file", &options->path, "The post's body; -: standard input",
              {.shown = "FILE", .required = true});
  options->configuration.add_to(command);
  // The command also works before there is any configuration.
  options->configuration.assume_if_none({"target=http://eventbus.example", "eventbus=example",
                                         "function.provision=false", "gateway.auth=none"});
  return command;
}

}  // namespace gateway::commands
