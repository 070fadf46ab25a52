#include "simulation/draw.hpp"

#include <fmt/format.h>

#include <chrono>

namespace gateway::simulation {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

std::string bucket_of(std::size_t target) {
  return fmt::format("bucket-{}", target);
}

std::vector<Target> draw_targets(Random& random) {
  constexpr std::size_t kTargets[] = {1, 1, 1, 2, 3};
  constexpr std::size_t kHosts[] = {1, 1, 1, 2, 3};
  std::vector<Target> targets(random.of(kTargets));
  for (std::size_t number = 0; number < targets.size(); ++number) {
    Target& target = targets[number];
    for (std::size_t i = random.of(kHosts); i != 0; --i) {
      const std::size_t host = target.hosts.size() + 1;
      target.hosts.push_back(0x0A000000 + static_cast<std::uint32_t>((number << 8U) + host));
    }
    target.name = target.hosts.size() == 1 ? fmt::format("10.0.{}.1", number)
                                           : fmt::format("target-{}.simulated", number);
  }
  return targets;
}

void name_targets(config::Settings& settings, std::span<const Target> targets) {
  const auto address = [](const Target& target) {
    return fmt::format("{}:{}", target.name, Eventbus::kPort);
  };
  settings.eventbus = "simulated";
  settings.target = address(targets.front());
  settings.buckets.clear();
  for (std::size_t number = 0; targets.size() > 1 && number < targets.size(); ++number) {
    config::BucketEntry& entry = settings.buckets.emplace_back();
    entry.bucket.endpoint =
        fmt::format("{}-1250000000.cos.ap-guangzhou.myqcloud.com", bucket_of(number));
    entry.exclude = {fmt::format("*{}*", kLeftOut)};
    entry.eventbus = settings.eventbus;
    entry.target = address(targets[number]);
    entry.event = settings.event;
    entry.function.name = "simulated";
  }
}

config::Settings draw_settings(Random& random) {
  config::Settings settings;
  settings.ingress.threads = 1;
  settings.ingress.auth = config::Auth::none;
  settings.ingress.request_timeout = 3s;
  settings.ingress.idle_timeout = 20s;
  settings.ingress.grace = 4s;
  settings.ingress.max_body = 32 << 10;
  if (random.in_thousand(200)) settings.ingress.max_in_flight = settings.ingress.max_body;
  constexpr milliseconds kTimes[] = {300ms, 1000ms, 2500ms};
  settings.delivery.deadline = random.of(kTimes);
  settings.delivery.timeout = random.of(kTimes);
  constexpr unsigned kPipelines[] = {0, 1, 3, 16};
  settings.delivery.pipeline = random.of(kPipelines);
  settings.delivery.connections = static_cast<unsigned>(random.between(0, 3));
  settings.delivery.retry.initial = 50ms;
  settings.delivery.retry.max = 2s;
  constexpr config::Mode kModes[] = {config::Mode::binary, config::Mode::binary,
                                     config::Mode::structured, config::Mode::batch};
  settings.delivery.mode = random.of(kModes);
  if (random.in_thousand(200)) settings.delivery.queue.events = random.between(4, 40);
  if (random.in_thousand(200)) settings.delivery.queue.bytes = random.between(4'000, 40'000);
  settings.function.provision = false;
  if (random.in_thousand(300)) settings.event.id = config::EventId::stable;
  if (random.in_thousand(200)) settings.event.redact = {std::string(kRedacted)};
  if (random.in_thousand(200)) settings.event.attributes = {"subject", "cosbucket"};
  if (random.in_thousand(200)) {
    settings.ingress.auth = config::Auth::hmac;
    settings.ingress.token = Secret(std::string(kToken));
  }
  return settings;
}

Way draw_way(Random& random) {
  Way way;
  if (random.in_thousand(200)) {
    constexpr std::size_t kSegments[] = {1, 7, 100, 536, 1460};
    way.segment = random.of(kSegments);
    way.delay = way.segment < 100 ? 0ms : milliseconds(random.between(0, 20));
  }
  constexpr std::size_t kCapacities[] = {1'000, 4'000, 64'000};
  if (random.in_thousand(100)) way.capacity = random.of(kCapacities);
  return way;
}

Client::Manners draw_client(Random& random) {
  Client::Manners manners;
  manners.pipelines = random.in_thousand(500);
  if (random.in_thousand(300)) manners.most_written = random.between(1, 700);
  manners.leaves = random.in_thousand(150);
  manners.leaves_after = milliseconds(random.between(0, 3000));
  manners.sends_half = random.in_thousand(50);
  manners.half_closes = random.in_thousand(150);
  return manners;
}

Eventbus::Manners draw_eventbus(Random& random) {
  Eventbus::Manners manners;
  constexpr unsigned kShares[] = {0, 0, 100, 400, 1000};
  manners.refuses = random.of(kShares) / 2;
  manners.fails = random.of(kShares);
  manners.cuts_unread = random.of(kShares) / 2;
  manners.cuts_taken = random.of(kShares) / 2;
  manners.stays_silent = random.of(kShares) / 4;
  manners.answers_oddly = random.of(kShares) / 10;
  manners.ends_after = random.of(kShares) / 4;
  constexpr milliseconds kSlowest[] = {0ms, 0ms, 30ms, 700ms, 4000ms};
  manners.slowest = random.of(kSlowest);
  if (random.in_thousand(300)) manners.most_written = random.between(1, 40);
  if (random.in_thousand(200)) manners.fails_early = 300;
  if (random.in_thousand(200)) manners.takes_early = 500;
  constexpr unsigned kStatus[] = {400, 413, 422};
  if (random.in_thousand(200)) manners.culprits = random.of(kStatus);
  if (random.in_thousand(200)) manners.most_body = random.between(1'000, 8'000);
  return manners;
}

}  // namespace gateway::simulation
