#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/buckets.hpp"
#include "gateway/egress/store/event_store.hpp"
#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "testkit/eventually.hpp"
#include "testkit/temporary_folder.hpp"

// A gateway with several targets.
namespace gateway::test {

inline constexpr std::string_view kKitBucket = "pictures";
inline constexpr std::string_view kAppid = "1250000000";

inline std::string record(std::string_view bucket, std::string_view key) {
  std::string text = cos_record(key);
  for (std::size_t at = 0; (at = text.find(kKitBucket, at)) != std::string::npos;
       at += bucket.size()) {
    text.replace(at, kKitBucket.size(), bucket);
  }
  return text;
}
inline std::string name_of(std::string_view bucket) {
  return fmt::format("{}-{}", bucket, kAppid);
}
inline Headers hint(std::string_view bucket) {
  return {{"X-Cos-Bucket", name_of(bucket)}};
}

class Targets : public testing::Test {
 protected:
  // Bucket `b` goes to other_, `c` to third_, all else to the top-level bus_.
  [[nodiscard]] config::Settings settings() const {
    config::Settings settings = loopback_settings(bus_.port());
    settings.delivery.timeout = std::chrono::seconds(2);
    settings.delivery.deadline = std::chrono::seconds(4);
    for (const auto& [bucket, to] :
         {std::pair("a", &bus_), std::pair("b", &other_), std::pair("c", &third_)}) {
      config::BucketEntry entry;
      entry.bucket.endpoint = name_of(bucket) + ".cos.ap-guangzhou.myqcloud.com";
      entry.target = fmt::format("127.0.0.1:{}", to->port());
      entry.eventbus = settings.eventbus;
      entry.function = settings.function;
      entry.event = settings.event;
      settings.buckets.push_back(entry);
    }
    return settings;
  }
  [[nodiscard]] config::Settings with_spool() const {
    config::Settings settings = this->settings();
    settings.spool.path = folder_.file("spool.db");
    settings.spool.max_bytes = 64 << 20;
    return settings;
  }
  // Posts these bodies to a gateway whose eventbuses refuse all events. Returns how many became
  // dead letters.
  [[nodiscard]] std::uint64_t make_dead_letters(const std::vector<std::string>& bodies) {
    const auto refuse = [](const Request&) { return reply(422, {}, "no"); };
    bus_.script(refuse);
    other_.script(refuse);
    config::Settings settings = this->settings();
    settings.dead_letter.path = folder_.file("dead.db");
    const RunningGateway gateway(settings);
    for (const std::string& body : bodies) EXPECT_EQ(gateway.post(body).status, 200U);
    bus_.script({});
    other_.script({});
    return gateway.snapshot().dead_lettered;
  }
  [[nodiscard]] std::string url_of(const ScriptedEventbus& bus) const {
    return fmt::format("http://127.0.0.1:{}/gateway/{}", bus.port(), settings().eventbus);
  }
  [[nodiscard]] std::vector<egress::StoredRow> rows(const std::string& file,
                                                    egress::StoreKind kind) const {
    auto store = egress::EventStore::open_for_tools(folder_.file(file), kind,
                                                    egress::EventStore::Access::read);
    if (!store) return {};
    auto chunk = (*store)->read(0, 100'000, 64 << 20);
    return chunk ? std::move(chunk->rows) : std::vector<egress::StoredRow>();
  }
  // A configuration file with the targets whose buckets are named.
  [[nodiscard]] std::string configuration(const std::string& buckets) const {
    std::ofstream file(folder_.file("config.yml"));
    file << "target: http://127.0.0.1:" << bus_.port() << "\neventbus: " << settings().eventbus
         << "\nfunction: {provision: false, region: ap-guangzhou, name: relay}\n"
         << "spool: {path: " << folder_.file("spool.db") << "}\n"
         << "dead_letter: {path: " << folder_.file("dead.db") << "}\n"
         << "delivery: {deadline: 2s, timeout: 1s, retry: {initial: 20ms, max: 100ms}}\n";
    if (!buckets.empty()) file << "buckets:\n";
    for (const char bucket : buckets) {
      const std::uint16_t port = bucket == 'b' ? other_.port() : third_.port();
      file << "- {endpoint: " << bucket << '-' << kAppid
           << ".cos.ap-guangzhou.myqcloud.com, target: 'http://127.0.0.1:" << port << "'}\n";
    }
    return folder_.file("config.yml");
  }
  static std::vector<std::string> bodies(const ScriptedEventbus& bus) {
    std::vector<std::string> all;
    for (const Request& request : bus.requests()) {
      if (request.accepted()) all.push_back(request.body);
    }
    return all;
  }
  static bool status_says(const RunningGateway& gateway, const std::string& text) {
    return eventually([&] {
      return gateway.connect_admin().get("/status").body.find(text) != std::string::npos;
    });
  }

  TemporaryFolder folder_;
  ScriptedEventbus bus_;
  ScriptedEventbus other_;
  ScriptedEventbus third_;
};

}  // namespace gateway::test
