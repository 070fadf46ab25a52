#include "support/scripted_eventbus.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <ostream>
#include <utility>

#include "support/allocation_counter.hpp"
#include "support/event_binding.hpp"
#include "testkit/bus.hpp"
#include "testkit/loop_thread.hpp"

namespace gateway::test {

void PrintTo(const Request& request, std::ostream* out) {
  *out << "request " << request.index << " (connection " << request.connection << ", answered "
       << request.answered << "): " << request.method << ' ' << request.target << ' '
       << request.body;
}

// The script of the bus: what is recorded is guarded by mutex_, as tests look at it meanwhile.
class ScriptedEventbus::Recorder final : public BusScript {
 public:
  explicit Recorder(Start start) {
    loop.call([&] {
      not_the_gateway_.emplace();
      Bus::Settings settings;
      settings.listening = start == Start::listening;
      bus.emplace(loop.poller(), settings, this);
      loop.drive(*bus);
    });
  }
  ~Recorder() override {
    loop.call([this] {
      bus->go_down();
      not_the_gateway_.reset();
    });
    loop.stop();
    for (const std::string& error : protocol_errors) {
      ADD_FAILURE() << "the eventbus received a bad request: " << error;
    }
  }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  bool opened(std::size_t connection) override {
    const std::lock_guard lock(mutex);
    open.resize(connection + 1);
    open[connection] = true;
    changed.notify_all();
    return true;
  }
  void closed(std::size_t connection) override {
    const std::lock_guard lock(mutex);
    open[connection] = false;
    changed.notify_all();
  }
  Action request(const MessageView& message, const Place& place) override {
    const std::lock_guard lock(mutex);
    RequestMessage copy{std::string(message.method), std::string(message.target),
                        message.fields.copy(), std::string(message.body)};
    if (std::string violation = binding_violation(copy); !violation.empty()) {
      protocol_errors.push_back(std::move(violation));
    }
    Request request;
    request.index = requests.size();
    request.connection = place.connection;
    request.on_connection = place.on_connection;
    request.in_flight = place.in_flight;
    request.method = std::move(copy.method);
    request.target = std::move(copy.target);
    request.headers = std::move(copy.headers);
    request.body = std::move(copy.body);
    request.arrived = std::chrono::steady_clock::now();
    deepest_pipeline = std::max(deepest_pipeline, request.in_flight);
    Action action = reply(200);
    if (!next.empty()) {
      action = std::move(next.front());
      next.pop_front();
    } else if (script) {
      action = script(request);
    }
    requests.push_back(std::move(request));
    changed.notify_all();
    return action;
  }
  void done(std::uint64_t number, const Action& action) override {
    if (number == kNoRequest) return;
    const std::lock_guard lock(mutex);
    requests[number].answered = action.status;
    changed.notify_all();
  }
  Action malformed(const ProtocolError& error) override {
    const std::lock_guard lock(mutex);
    protocol_errors.emplace_back(error.what());
    return reset_unanswered();
  }

  // Runs `task` on the bus, in its thread.
  void on_bus(const std::function<void(Bus&)>& task) {
    loop.call([&] { task(*bus); });
  }

  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  Script script;
  std::deque<Action> next;
  Requests requests;
  std::vector<std::string> protocol_errors;
  std::vector<bool> open;  // connections, by number
  std::size_t deepest_pipeline = 0;
  std::optional<Bus> bus;
  LoopThread loop{"eventbus"};

 private:
  std::optional<AllocationCounter::ExcludeThread> not_the_gateway_;  // of the bus' thread
};

ScriptedEventbus::ScriptedEventbus(Start start) : recorder_(std::make_unique<Recorder>(start)) {
  recorder_->on_bus([this](const Bus& bus) { port_ = bus.port(); });
}

ScriptedEventbus::~ScriptedEventbus() = default;

void ScriptedEventbus::script(Script script) {
  const std::lock_guard lock(recorder_->mutex);
  recorder_->script = std::move(script);
}

void ScriptedEventbus::next(const Action& action, std::size_t times) {
  const std::lock_guard lock(recorder_->mutex);
  recorder_->next.insert(recorder_->next.end(), times, action);
}

void ScriptedEventbus::hold() {
  recorder_->on_bus([](Bus& bus) { bus.hold(); });
}

void ScriptedEventbus::release() {
  recorder_->on_bus([](Bus& bus) { bus.release(); });
}

void ScriptedEventbus::go_down() {
  recorder_->on_bus([](Bus& bus) { bus.go_down(); });
}

void ScriptedEventbus::come_up() {
  recorder_->on_bus([](Bus& bus) { bus.come_up(); });
}

// These look between two turns of the bus, so that whoever has seen an answer finds it recorded.
Requests ScriptedEventbus::requests() const {
  Requests all;
  recorder_->on_bus([&](const Bus&) { all = recorder_->requests; });
  return all;
}

std::size_t ScriptedEventbus::connections() const {
  std::size_t count = 0;
  recorder_->on_bus([&](const Bus&) { count = recorder_->open.size(); });
  return count;
}

std::size_t ScriptedEventbus::open_connections() const {
  std::ptrdiff_t count = 0;
  recorder_->on_bus([&](const Bus&) { count = std::ranges::count(recorder_->open, true); });
  return static_cast<std::size_t>(count);
}

std::size_t ScriptedEventbus::deepest_pipeline() const {
  std::size_t depth = 0;
  recorder_->on_bus([&](const Bus&) { depth = recorder_->deepest_pipeline; });
  return depth;
}

bool ScriptedEventbus::wait_for(const std::function<bool(const Requests&)>& ready,
                                std::chrono::milliseconds limit) const {
  std::unique_lock lock(recorder_->mutex);
  return recorder_->changed.wait_for(lock, limit, [&] { return ready(recorder_->requests); });
}

bool ScriptedEventbus::wait_for_requests(std::size_t count, std::chrono::milliseconds limit) const {
  return wait_for([&](const Requests& requests) { return requests.size() >= count; }, limit);
}

bool ScriptedEventbus::wait_for_connections(std::size_t count,
                                            std::chrono::milliseconds limit) const {
  return wait_for([&](const Requests&) { return recorder_->open.size() >= count; }, limit);
}

bool ScriptedEventbus::wait_until_closed(std::size_t connection,
                                         std::chrono::milliseconds limit) const {
  return wait_for(
      [&](const Requests&) {
        return connection < recorder_->open.size() && !recorder_->open[connection];
      },
      limit);
}

ScriptedEventbus::Script answer_then(std::size_t k, Action fault, unsigned status) {
  return [k, fault = std::move(fault), status, seen = std::size_t{0}](const Request&) mutable {
    return seen++ == k ? fault : reply(status);
  };
}

}  // namespace gateway::test
