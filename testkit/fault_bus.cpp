#include "testkit/fault_bus.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "testkit/bus.hpp"
#include "testkit/loop_thread.hpp"
#include "testkit/received_events.hpp"

namespace gateway::test {
namespace {

using Kind = Fault::Kind;
using std::chrono::steady_clock;

// How often phases are looked at.
constexpr std::chrono::milliseconds kTick{10};

}  // namespace

// The script of the bus, and what turns the phases.
class FaultBus::Faults final : public BusScript, public Driven {
 public:
  Faults(Schedule schedule, std::uint64_t seed, Oracle& oracle, const std::string& host)
      : schedule_(std::move(schedule)),
        random_(seed),
        begun_(steady_clock::now()),
        oracle_(oracle) {
    loop_.call([this, &host] {
      Bus::Settings settings;
      settings.host = host;
      settings.listening = false;
      bus_.emplace(loop_.poller(), settings, this);
      enter(phase());
      loop_.drive(*bus_);
      loop_.drive(*this);
      port_ = bus_->port();
    });
  }
  ~Faults() override { stop(); }
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  void stop() {
    loop_.call([this] {
      if (bus_) bus_->go_down();
    });
    loop_.stop();
  }
  void follow(const Schedule& schedule) {
    loop_.call([this, &schedule] {
      schedule_ = schedule;
      begun_ = steady_clock::now();
      enter(phase());
    });
  }

  TimePoint next_due(TimePoint now) override { return now + kTick; }
  void advance(TimePoint /*now*/) override { enter(phase()); }

  bool opened(std::size_t /*connection*/) override {
    if (!phase().close_early(random_)) return true;
    count(Kind::close_early);
    return false;
  }
  Action request(const MessageView& request, const Place& place) override {
    const auto received = read_events(request);
    if (!received) {
      ++malformed_;
      return no_event();
    }
    const Phase& phase = this->phase();
    Waiting waiting;
    waiting.fault = phase.choose(random_);
    for (const auto& event : received->events) {
      const std::string_view time = event.attribute("time");
      waiting.events.push_back({hash_of(event.attribute("id")), marker_.mark(event.data),
                                time.empty() ? 0 : hash_of(time)});
    }
    Action action = action_of(waiting.fault);
    action.delay = phase.latency(random_);
    if (waiting.fault.kind == Kind::stall) {
      settle(waiting, Oracle::Answer::refused);
    } else {
      waiting_.emplace(place.number, std::move(waiting));
    }
    return action;
  }
  void done(std::uint64_t number, const Action& /*action*/) override {
    const auto found = waiting_.find(number);
    if (found == waiting_.end()) return;
    const Fault& fault = found->second.fault;
    const bool answered = fault.kind == Kind::answer || fault.kind == Kind::surplus;
    const bool refused = fault.kind == Kind::answer && fault.status >= 300;
    settle(found->second, refused    ? Oracle::Answer::refused
                          : answered ? Oracle::Answer::accepted
                                     : Oracle::Answer::cut);
    waiting_.erase(found);
  }
  void dropped(std::uint64_t number) override {
    const auto found = waiting_.find(number);
    if (found == waiting_.end()) return;
    for (const auto& event : found->second.events) {
      oracle_.arrived(event, Oracle::Answer::refused);
    }
    waiting_.erase(found);
  }
  Action malformed(const ProtocolError& /*error*/) override {
    ++malformed_;
    return no_event();
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> malformed_{0};
  std::array<std::atomic<std::uint64_t>, kKinds> done_{};

 private:
  // A request whose answer has not left yet.
  struct Waiting {
    Fault fault;
    std::vector<Oracle::Mark> events;
  };

  [[nodiscard]] const Phase& phase() const { return schedule_.at(steady_clock::now() - begun_); }
  void enter(const Phase& phase) {
    bus_->read_slowly(phase.read_size);
    if (phase.down == down_) return;
    down_ = phase.down;
    if (down_) {
      bus_->go_down();
    } else {
      bus_->come_up();
    }
  }
  void count(Kind kind) { ++done_[static_cast<std::size_t>(kind)]; }
  void settle(const Waiting& waiting, Oracle::Answer answer) {
    count(waiting.fault.kind);
    for (const auto& event : waiting.events) {
      oracle_.arrived(event, answer);
      if (answer != Oracle::Answer::refused) ++taken_;
    }
  }
  [[nodiscard]] static Action no_event() {
    return reply(400, {{"Connection", "close"}}).then_close();
  }
  [[nodiscard]] Action action_of(const Fault& fault) {
    switch (fault.kind) {
      case Kind::answer: break;
      case Kind::surplus: {
        Action action = reply(fault.status);
        action.bytes += reply(500).bytes;
        return action.then_close();
      }
      case Kind::half: return half_status_line();
      case Kind::garbage: return garbage().then_close();
      case Kind::reset: return reset_unanswered();
      case Kind::stall: return never_answer();
      case Kind::cut:
      case Kind::close_early: return close_unanswered();
    }
    if (!fault.retry_after) return reply(fault.status);
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return reply(fault.status, {{"Retry-After", retry_after_text(random_, now)}});
  }

  Schedule schedule_;
  std::mt19937_64 random_;
  steady_clock::time_point begun_;
  Oracle& oracle_;
  RecordMarker marker_;
  std::unordered_map<std::uint64_t, Waiting> waiting_;  // by number of the request
  bool down_ = true;
  std::uint16_t port_ = 0;
  std::optional<Bus> bus_;
  LoopThread loop_{"bus"};
};

FaultBus::FaultBus(Schedule schedule, std::uint64_t seed, Oracle& oracle, const std::string& host)
    : faults_(std::make_unique<Faults>(std::move(schedule), seed, oracle, host)) {}

FaultBus::~FaultBus() {
  try {
    stop();
  } catch (const std::exception& error) {
    fmt::print(stderr, "fault bus: {}\n", error.what());
  }
}

std::uint16_t FaultBus::port() const noexcept {
  return faults_->port();
}

void FaultBus::follow(const Schedule& schedule) {
  faults_->follow(schedule);
}

void FaultBus::stop() {
  faults_->stop();
}

std::uint64_t FaultBus::taken() const noexcept {
  return faults_->taken_;
}

std::uint64_t FaultBus::done(Fault::Kind kind) const noexcept {
  return faults_->done_[static_cast<std::size_t>(kind)];
}

std::uint64_t FaultBus::malformed() const noexcept {
  return faults_->malformed_;
}

}  // namespace gateway::test
