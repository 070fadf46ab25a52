#include "soak/load_pump.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

namespace gateway::soak {
namespace {

// Returns what to post, in records of about 1 KB.
load::PayloadSettings payloads(unsigned records) {
  load::PayloadSettings settings;
  settings.records = load::Distribution(records);
  settings.metadata = load::Distribution(24);
  return settings;
}

}  // namespace

LoadPump::LoadPump(const Settings& settings)
    : posts_(payloads(settings.records), {.host = fmt::format("127.0.0.1:{}", settings.port)}) {
  const test::LoadSettings load{.target = test::address_of("127.0.0.1", settings.port),
                                .connections = settings.connections,
                                .rate = settings.rate};
  loop_.call([&] {
    load_.emplace(loop_.poller(), load, static_cast<test::PostSource&>(*this));
    loop_.drive(*load_);
    load_->start(std::chrono::steady_clock::now());
  });
}

void LoadPump::stop() {
  loop_.call([this] { load_->stop(); });
  loop_.wait_until([this] { return load_->idle(); });
  loop_.stop();
}

double LoadPump::latency_ms(double share) {
  std::chrono::duration<double, std::milli> latency{0};
  loop_.call([&] { latency = load_->latencies().quantile(share); });
  return latency.count();
}

bool LoadPump::ended(const test::Post& post, unsigned status, std::string_view text) {
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

}  // namespace gateway::soak
