#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/egress/store/event_store.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "unit/gateway/egress/store/support.hpp"

namespace gateway::test {

inline constexpr std::uint64_t kRoom = std::uint64_t{64} << 20;

// Fills real store files, and says what is in them afterwards.
class StoredEventsTest : public testing::Test {
 protected:
  // Returns the id of the nth stored event.
  static std::string name(int n) { return fmt::format("id-{}", n); }
  // Returns its data, a record of a bucket of even or of odd numbers.
  static std::string data(int n) {
    const std::string_view bucket = n % 2 == 0 ? "even" : "odd";
    return fmt::format(
        R"({{"cos":{{"cosObject":{{"key":"/1250000000/{}/photos/{}.jpg"}},)"
        R"("cosBucket":{{"name":"{}","appid":"1250000000"}}}},"n":{},"text":"\u00e9 {}"}})",
        bucket, n, bucket, n, std::string(200, 'x'));
  }

  static egress::StoredEvent stored(int n) {
    egress::StoredEvent event;
    event.json = fmt::format(
        R"({{"specversion":"1.0","id":"{}","source":"relay","type":"{}",)"
        R"("time":"2026-01-02T03:04:05.{:03}Z","datacontenttype":"application/json","data":{}}})",
        name(n), "tencent-cloud-cos-event", n % 1000, data(n));
    return event;
  }

  static egress::StoredEvent dead(int n, std::string_view reason) {
    egress::StoredEvent event = stored(n);
    auto& details = event.details.emplace();
    details.attempts = 1;
    details.status = 422;
    details.body = "no";
    details.reason = reason;
    details.endpoint = "http://bus";
    details.first = details.last = egress::test::kAdded;
    return event;
  }

  [[nodiscard]] std::unique_ptr<egress::EventStore> owner(egress::StoreKind kind) const {
    return egress::test::open(directory_.file(), 64 * egress::test::kMiB, kind);
  }
  void spool(int count) const {
    std::vector<egress::StoredEvent> events;
    for (int n = 0; n < count; ++n) events.push_back(stored(n));
    ASSERT_TRUE(owner(egress::StoreKind::spool)->append(events, egress::test::kAdded));
  }
  // Of two reasons by turns.
  void dead_letters(int count) const {
    std::vector<egress::StoredEvent> events;
    for (int n = 0; n < count; ++n) events.push_back(dead(n, n % 2 == 0 ? "refused" : "too large"));
    ASSERT_TRUE(owner(egress::StoreKind::dead_letters)->append(events, egress::test::kAdded));
  }
  [[nodiscard]] std::set<std::string> kept(egress::StoreKind kind) const {
    std::set<std::string> ids;
    for (const egress::StoredRow& row : egress::test::all_rows(*owner(kind))) ids.insert(row.id);
    return ids;
  }
  [[nodiscard]] std::string configuration(egress::StoreKind kind) const {
    std::ofstream(directory_.file("config.yml"))
        << "target: http://127.0.0.1:" << bus_.port() << "\neventbus: test\n"
        << "function: {provision: false}\n"
        << (kind == egress::StoreKind::spool ? "spool" : "dead_letter")
        << ": {path: " << directory_.file() << "}\n";
    return directory_.file("config.yml");
  }

  egress::test::Directory directory_;
  ScriptedEventbus bus_;
  config::Settings settings_ = loopback_settings(bus_.port());
};

}  // namespace gateway::test
