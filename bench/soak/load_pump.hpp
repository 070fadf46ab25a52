#pragma once
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "load/prepared_posts.hpp"
#include "testkit/load_thread.hpp"

namespace gateway::soak {

// Runs a loop of prepared posts in a thread of its own ("load"). It only counts, for measurements
// in which test::Loader would cost more than the gateway.
class LoadPump final : private test::PostSource {
 public:
  struct Settings {
    std::uint16_t port = 0;  // of the gateway, on 127.0.0.1
    unsigned connections = 256;
    unsigned records = 1;             // of a post; of about 1 KB each
    std::optional<double> rate = {};  // posts per second of an open loop; without: a closed loop
  };
  explicit LoadPump(const Settings& settings)
      : posts_(
            {.records = test::Distribution(settings.records), .metadata = test::Distribution(24)},
            {.host = fmt::format("127.0.0.1:{}", settings.port)}),
        load_("load",
              {.target = test::address_of("127.0.0.1", settings.port),
               .connections = settings.connections,
               .rate = settings.rate},
              *this) {}

  // Ends the load and returns when the posts under way are answered. Throws the error that ended
  // the thread early, if any.
  void stop() { load_.stop(); }
  // Returns below which latency, in ms, this share of the posts answered so far stayed.
  [[nodiscard]] double latency_ms(double share) {
    return std::chrono::duration<double, std::milli>(load_.latency(share)).count();
  }
  [[nodiscard]] std::uint64_t acknowledged() const noexcept { return acknowledged_; }  // records
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }            // posts

 private:
  const test::Post* next() override { return posts_.next(); }
  bool ended(const test::Post& post, unsigned status, std::string_view text) override {
    if (status == 0) {
      throw std::runtime_error(fmt::format("a post under load was not answered: {}", text));
    }
    if (status == 200) {
      acknowledged_ += post.records;
    } else {
      ++refused_;
    }
    return false;
  }

  load::PreparedPosts posts_;
  std::atomic<std::uint64_t> acknowledged_{0};
  std::atomic<std::uint64_t> refused_{0};
  test::LoadThread load_;
};

}  // namespace gateway::soak
