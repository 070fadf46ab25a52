#include "commands/explain.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands/configuration.hpp"
#include "events/cos_record.hpp"
#include "events/encoder.hpp"
#include "events/gather.hpp"
#include "events/identity.hpp"
#include "events/record_splitter.hpp"
#include "events/uuid.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/egress/encoder_settings.hpp"

namespace gateway::commands {
namespace {

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void print(events::Gather& request) {
  for (const iovec& piece : request.pieces()) {
    std::fwrite(piece.iov_base, 1, piece.iov_len, stdout);
  }
  std::fputs("\n\n", stdout);
  request.clear();
}

// What the intake and the eventbus side do to a post, without either.
int explain(const config::Settings& settings, const std::string& path) {
  auto body = read_file(path);
  if (!body) {
    fmt::print(stderr, "error: cannot read {}\n", path);
    return kUsage;
  }
  const std::size_t size = body->size();
  body->append(events::RecordSplitter::kPadding, '\0');
  events::RecordSplitter splitter;
  const auto records = splitter.split(body->data(), size);
  if (!records) {
    fmt::print(stderr, "error: {}: {} at byte {}\n", path, records.error().reason(),
               records.error().offset());
    return kUsage;
  }

  events::Encoder encoder(egress::encoder_settings(
      settings,
      *config::parse_endpoint(settings.target, settings.eventbus, settings.delivery.profile)));
  events::CosRecordReader reader;
  events::StableIds stable;
  events::RandomUuids random;
  events::Redactor redactor(settings.event.redact);
  stable.begin_post();
  std::vector<events::OutgoingEvent> batch;
  events::Gather request;
  const auto now =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  for (const events::RecordSpan& span : *records) {
    char* const record = body->data() + span.offset;
    events::OutgoingEvent event;
    event.record = {record, span.length};
    event.time = now;
    event.id = settings.event.id == config::EventId::stable
                   ? stable.next(reader.read(event.record), event.record)
                   : random.next();
    if (redactor.active()) redactor.redact(record, span.length);
    if (encoder.mode() == events::ContentMode::batch) {
      batch.push_back(event);
    } else {
      encoder.append(event, request);
      print(request);
    }
  }
  if (!batch.empty()) {
    encoder.append_batch(batch, request);
    print(request);
  }
  return kDone;
}

}  // namespace

Command explain_command() {
  struct Options {
    ConfigurationOptions configuration;
    std::string path;
  };
  auto options = std::make_shared<Options>();
  Command command{
      .name = "explain",
      .summary = "Print the CloudEvents a COS trigger payload would give; nothing is sent",
      .run = [options] {
        const auto settings = options->configuration.load();
        return settings ? explain(*settings, options->path) : kConfiguration;
      }};
  command.options.push_back({.name = "file",
                             .value = &options->path,
                             .help = "The payload: {\"Records\":[...]}",
                             .shown = "FILE",
                             .required = true});
  options->configuration.add_to(command);
  // A payload can be looked at before there is any configuration.
  options->configuration.assume_if_none({"target=http://eventbus.example", "eventbus=example",
                                         "function.provision=false", "gateway.auth=none"});
  return command;
}

}  // namespace gateway::commands
