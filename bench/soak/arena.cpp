#include "soak/arena.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "process/usage.hpp"
#include "runtime/process_limits.hpp"
#include "soak/growth.hpp"
#include "testkit/eventually.hpp"

namespace gateway::soak {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;

constexpr milliseconds kMemoryLook{50};
constexpr milliseconds kConnectLimit{20'000};
// The time until the gateway has cleaned up after the attack.
constexpr milliseconds kAftermath{10'000};
// The share of a core for which the gateway waited while other processes had it. Beyond it, timings
// say more about the machine than about the gateway.
constexpr double kBusy = 0.05;
// Of gateway and clients, besides those of the connections of an attack.
constexpr std::size_t kOtherDescriptors = 300;
// The most memory that a run may need besides that of its clients: queue, buffers, the reserve of
// the allocator.
constexpr double kSlackMb = 32;

// Raises the limit of descriptors of this process and of those that it starts.
void allow_descriptors(std::size_t wanted) {
  if (const std::size_t limit = raise_descriptor_limit(wanted); limit < wanted) {
    throw std::runtime_error(
        fmt::format("{} file descriptors are needed, {} allowed (ulimit -n)", wanted, limit));
  }
}

}  // namespace

Arena::Arena(std::string name, const Options& options, const Settings& settings)
    : options_(options),
      bus_({.rate = settings.bus_rate}),
      gateway_(options.gateway, options.directory, bus_.port(),
               {.gateway = "  threads: 1\n" + settings.gateway,
                .sections = "delivery:\n  connections: 2\n" + settings.delivery},
               placement_.for_gateway()),
      outcome_(std::move(name)) {
  allow_descriptors(settings.clients + kOtherDescriptors);
  gateway_.start();
  if (settings.load != 0) {
    pump_ = std::make_unique<LoadPump>(
        LoadPump::Settings{.port = gateway_.port(), .connections = settings.load});
    before(options_.part(0.1));
  }
  // Last: nobody would join it if something threw here.
  watcher_ = std::thread([this] { watch_memory(); });
}

Arena::~Arena() {
  stopping_ = true;
  watcher_.join();
}

void Arena::watch_memory() {
  while (!stopping_) {
    const pid_t process = gateway_.pid();
    if (process > 0) peak_ = std::max(peak_.load(), bench::resident_bytes(process));
    std::this_thread::sleep_for(kMemoryLook);
  }
}

std::size_t Arena::descriptors() const {
  std::error_code error;
  const std::filesystem::directory_iterator all(fmt::format("/proc/{}/fd", gateway_.pid()), error);
  return error ? 0 : static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

double Arena::goodput(milliseconds time) const {
  const Growth acknowledged([this] { return pump_ ? pump_->acknowledged() : 0; });
  std::this_thread::sleep_for(time);
  return acknowledged.a_second();
}

void Arena::before(milliseconds time) {
  std::this_thread::sleep_for(milliseconds(300));
  goodput_before_ = goodput(time);
  descriptors_before_ = descriptors();
  result_.memory_before = memory_mb();
  forget_peak();
  if (pump_) outcome_.number("good records/s before", goodput_before_);
}

void Arena::during(milliseconds time) {
  const auto times = [this] {
    return std::pair(bench::core_time(gateway_.pid()), bench::core_time(::getpid()));
  };
  const auto cores = [time](std::chrono::nanoseconds spent) {
    return duration<double>(spent) / duration<double>(time);
  };
  const auto [gateway_before, others_before] = times();
  const double rate = goodput(time);
  const auto [gateway, others] = times();
  const double waited = cores(gateway.waited - gateway_before.waited);
  outcome_.number("cores the gateway used", cores(gateway.used - gateway_before.used));
  outcome_.number("cores clients and eventbus used", cores(others.used - others_before.used));
  outcome_.number("cores the gateway waited for", waited);
  outcome_.number("cores the others waited for", cores(others.waited - others_before.waited));
  // Threads of the clients wait for each other where they share a core, which is no sign of a busy
  // machine.
  busy_ = busy_ || waited > kBusy;
  if (!pump_) return;
  outcome_.number("good records/s", rate);
  result_.goodput_share = goodput_before_ > 0 ? rate / goodput_before_ : 0;
}

Swarm::Settings Arena::swarm(Habit habit, unsigned connections) const {
  Swarm::Settings settings;
  settings.port = gateway_.port();
  settings.habit = habit;
  settings.connections = connections;
  settings.sources = 8;
  return settings;
}

double Arena::memory_mb() const {
  return static_cast<double>(bench::resident_bytes(gateway_.pid())) / (1 << 20);
}

void Arena::want_goodput(double share) {
  const double got = result_.goodput_share;
  if (got > 0 && (!speed_is_judged() || got >= share)) return;
  outcome_.problem("goodput fell to {:.0f} %, {:.0f} % wanted", got * 100, share * 100);
}

Swarm& Arena::launch(const Swarm::Settings& settings) {
  launched_ += settings.connections;
  return swarms_.emplace_back(settings);
}

std::uint64_t Arena::sum(Swarm::Count Swarm::Counts::* count) const {
  std::uint64_t total = 0;
  for (const Swarm& swarm : swarms_) total += swarm.counts().*count;
  return total;
}

void Arena::want_connected() {
  const auto connected = [this] { return sum(&Swarm::Counts::opened) >= launched_; };
  if (test::eventually(connected, kConnectLimit)) return;
  outcome_.problem("{} of {} clients could connect", sum(&Swarm::Counts::opened), launched_);
}

void Arena::want_all_ended(milliseconds limit, std::string_view what) {
  const auto ended = [this] { return sum(&Swarm::Counts::ended); };
  if (!test::eventually([&] { return ended() >= launched_; }, limit)) {
    outcome_.problem("{} of {} {}", ended(), launched_, what);
  }
  result_.cut = ended();
}

bool Arena::speed_is_judged() const noexcept {
  return !options_.brief && !busy_;
}

void Arena::want_recovery() {
  const double rate = goodput(options_.part(0.1));
  outcome_.number("good records/s after", rate);
  if (rate > 0 && (!speed_is_judged() || rate >= 0.8 * goodput_before_)) return;
  outcome_.problem("goodput came back to {:.0f} of {:.0f} records/s", rate, goodput_before_);
}

void Arena::want_no_refusals() {
  if (pump_->refused() == 0) return;
  outcome_.problem("{} good posts were refused", pump_->refused());
}

void Arena::want_memory(double client_mb) {
  const double allowed = launched_ * client_mb + kSlackMb;
  const double growth = peak_mb() - result_.memory_before;
  if (growth <= allowed) return;
  outcome_.problem("memory grew by {:.0f} MB, {:.0f} allowed", growth, allowed);
}

Outcome Arena::finish() {
  for (Swarm& swarm : swarms_) swarm.stop();
  result_.connections = sum(&Swarm::Counts::opened);
  result_.memory_peak = peak_mb();
  if (pump_) {
    pump_->stop();
    outcome_.number("good posts refused", pump_->refused());
    pump_.reset();
  }
  const auto left = [this] { return gateway_.metric("cos_gateway_connections"); };
  if (!test::eventually([&] { return left() == 0; }, kAftermath, kMemoryLook)) {
    outcome_.problem("{} connections are left", left());
  }
  // Connections to the eventbus may have been added meanwhile.
  if (descriptors() > descriptors_before_ + 8) {
    outcome_.problem("{} descriptors are open, {} were", descriptors(), descriptors_before_);
  }
  if (gateway_.metric("cos_gateway_unaccounted_records") != 0)
    outcome_.problem("the books do not balance");
  result_.memory_after = memory_mb();
  outcome_.want_good_end(gateway_.stop(milliseconds(40'000)));
  outcome_.attack = result_;
  return std::move(outcome_);
}

}  // namespace gateway::soak
