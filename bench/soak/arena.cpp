#include "soak/arena.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "runtime/process_limits.hpp"
#include "soak/thread_cpu.hpp"

namespace gateway::soak {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kMemoryLook{50};
// The time until the gateway has cleaned up after the attack.
constexpr milliseconds kAftermath{10'000};
// The share of a core for which the gateway waited while other processes had it. Beyond it, timings
// say more about the machine than about the gateway.
constexpr double kBusy = 0.05;

// Raises the limit of descriptors of this process and of those that it starts.
void allow_descriptors(std::size_t wanted) {
  if (const std::size_t limit = raise_descriptor_limit(wanted); limit < wanted) {
    throw std::runtime_error(
        fmt::format("{} file descriptors are needed, {} allowed (ulimit -n)", wanted, limit));
  }
}

// Restricts this thread, and the threads and processes that it starts from now on, to the first
// core while this object lives, and to all other cores afterwards. Does nothing if there is only
// one core.
class FirstCore {
 public:
  FirstCore() {
    CPU_ZERO(&others_);
    if (::sched_getaffinity(0, sizeof others_, &others_) != 0 || CPU_COUNT(&others_) < 2) return;
    int core = 0;
    while (!CPU_ISSET(core, &others_)) ++core;
    CPU_CLR(core, &others_);
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(core, &first);
    apart_ = ::sched_setaffinity(0, sizeof first, &first) == 0;
  }
  ~FirstCore() {
    if (apart_) ::sched_setaffinity(0, sizeof others_, &others_);
  }
  FirstCore(const FirstCore&) = delete;
  FirstCore& operator=(const FirstCore&) = delete;

 private:
  cpu_set_t others_;
  bool apart_ = false;
};

std::uint64_t resident_kb(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/status", process));
  std::string word;
  std::uint64_t kb = 0;
  while (file >> word) {
    if (word == "VmRSS:" && file >> kb) return kb;
  }
  return 0;
}

}  // namespace

Arena::CoresOfNow::CoresOfNow() {
  CPU_ZERO(&cores_);
  ::sched_getaffinity(0, sizeof cores_, &cores_);
}

Arena::CoresOfNow::~CoresOfNow() {
  ::sched_setaffinity(0, sizeof cores_, &cores_);
}

Arena::Arena(std::string name, const Options& options, const Settings& settings)
    : options_(options),
      bus_port_(free_port()),
      port_(free_port()),
      admin_(free_port()),
      gateway_(options.gateway,
               write_config(options.directory, {bus_port_, port_, admin_},
                            "  threads: 1\n" + settings.gateway,
                            "delivery:\n  connections: 2\n" + settings.delivery),
               options.directory + "/gateway.log", admin_) {
  allow_descriptors(settings.descriptors + 200);
  outcome_.scenario = std::move(name);
  outcome_.attack.emplace();
  {
    const FirstCore for_the_gateway;
    gateway_.start();
  }
  test::Bus::Settings bus;
  bus.port = bus_port_;
  bus.rate = settings.bus_rate;
  bus_ = std::make_unique<test::BusThread>(bus);
  watcher_ = std::thread([this] { watch_memory(); });
}

Arena::~Arena() {
  stopping_ = true;
  watcher_.join();
}

void Arena::watch_memory() {
  while (!stopping_) {
    const pid_t process = gateway_.pid();
    if (process > 0) peak_kb_ = std::max(peak_kb_.load(), resident_kb(process));
    std::this_thread::sleep_for(kMemoryLook);
  }
}

std::size_t Arena::descriptors() const {
  std::error_code error;
  const std::filesystem::directory_iterator all(fmt::format("/proc/{}/fd", gateway_.pid()), error);
  return error ? 0 : static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

void Arena::begin_load(unsigned connections) {
  LoadPump::Settings load;
  load.port = port_;
  load.connections = connections;
  pump_ = std::make_unique<LoadPump>(load);
}

double Arena::goodput(milliseconds time) const {
  if (!pump_) {
    std::this_thread::sleep_for(time);
    return 0;
  }
  const auto begin = steady_clock::now();
  const std::uint64_t before = pump_->acknowledged();
  std::this_thread::sleep_for(time);
  const duration<double> took = steady_clock::now() - begin;
  return static_cast<double>(pump_->acknowledged() - before) / took.count();
}

void Arena::before(milliseconds time) {
  std::this_thread::sleep_for(milliseconds(300));
  goodput_before_ = goodput(time);
  descriptors_before_ = descriptors();
  result().memory_before = memory_mb();
  forget_peak();
  if (pump_) number("good records/s before", goodput_before_);
}

void Arena::during(milliseconds time) {
  const auto cpu_before = thread_cpu(::getpid());
  const auto gateway_before = thread_cpu(gateway_.pid());
  const double gateway_wait = core_wait(gateway_.pid());
  const double own_wait = core_wait(::getpid());
  const double rate = goodput(time);
  const double seconds = duration<double>(time).count();
  double load = 0;
  for (const auto& [name, used] : thread_cpu(::getpid())) {
    const auto earlier = cpu_before.find(name);
    load += used - (earlier == cpu_before.end() ? 0 : earlier->second);
  }
  double own = 0;
  for (const auto& [name, used] : thread_cpu(gateway_.pid())) {
    const auto earlier = gateway_before.find(name);
    own += used - (earlier == gateway_before.end() ? 0 : earlier->second);
  }
  number("cores the gateway used", own / seconds);
  number("cores clients and eventbus used", load / seconds);
  const double waited = (core_wait(gateway_.pid()) - gateway_wait) / seconds;
  const double others_waited = (core_wait(::getpid()) - own_wait) / seconds;
  number("cores the gateway waited for", waited);
  number("cores the others waited for", others_waited);
  // Threads of the clients wait for each other where they share a core, which is no sign of a busy
  // machine.
  result().busy = result().busy || waited > kBusy;
  if (!pump_) return;
  number("good records/s", rate);
  result().goodput_share = goodput_before_ > 0 ? rate / goodput_before_ : 0;
}

Swarm::Settings Arena::swarm(Habit habit, unsigned connections) const {
  Swarm::Settings settings;
  settings.port = port_;
  settings.habit = habit;
  settings.connections = connections;
  settings.sources = 8;
  return settings;
}

double Arena::metric(std::string_view name) const {
  const auto page = get(admin_, "/metrics");
  return page ? metric_total(*page, name) : -1;
}

double Arena::memory_mb() const {
  return static_cast<double>(resident_kb(gateway_.pid())) / 1024;
}

void Arena::problem(std::string text) {
  outcome_.problems.push_back(std::move(text));
}

void Arena::number(std::string name, double value) {
  outcome_.numbers.emplace_back(std::move(name), value);
}

void Arena::want_goodput(double share) {
  const double got = result().goodput_share;
  if (got > 0 && (!speed_is_judged() || got >= share)) return;
  problem(fmt::format("goodput fell to {:.0f} %, {:.0f} % wanted", got * 100, share * 100));
}

bool Arena::speed_is_judged() const noexcept {
  return !options_.brief && !outcome_.attack->busy;
}

void Arena::want_recovery(milliseconds time) {
  const double rate = goodput(time);
  number("good records/s after", rate);
  if (rate > 0 && (!speed_is_judged() || rate >= 0.8 * goodput_before_)) return;
  problem(fmt::format("goodput came back to {:.0f} of {:.0f} records/s", rate, goodput_before_));
}

void Arena::want_no_refusals() {
  if (pump_->refused() == 0) return;
  problem(fmt::format("{} good posts were refused", pump_->refused()));
}

void Arena::want_memory(double growth_mb) {
  const double growth = peak_mb() - result().memory_before;
  if (growth <= growth_mb) return;
  problem(fmt::format("memory grew by {:.0f} MB, {:.0f} allowed", growth, growth_mb));
}

Outcome Arena::finish() {
  result().memory_peak = peak_mb();
  if (pump_) {
    pump_->stop();
    number("good posts refused", static_cast<double>(pump_->refused()));
    pump_.reset();
  }
  const auto end = steady_clock::now() + kAftermath;
  while (steady_clock::now() < end && metric("cos_gateway_connections") != 0) {
    std::this_thread::sleep_for(kMemoryLook);
  }
  if (const double left = metric("cos_gateway_connections"); left != 0) {
    problem(fmt::format("{} connections are left", left));
  }
  // Connections to the eventbus may have been added meanwhile.
  if (descriptors() > descriptors_before_ + 8) {
    problem(fmt::format("{} descriptors are open, {} were", descriptors(), descriptors_before_));
  }
  if (metric("cos_gateway_unaccounted_records") != 0) problem("the books do not balance");
  result().memory_after = memory_mb();
  const auto code = gateway_.stop(milliseconds(40'000));
  if (!code) problem("the gateway did not end after SIGTERM");
  if (code && *code != 0) problem(fmt::format("the gateway ended with {}", *code));
  return std::move(outcome_);
}

}  // namespace gateway::soak
