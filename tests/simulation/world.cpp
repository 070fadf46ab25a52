#include "simulation/world.hpp"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "gateway/config/endpoint.hpp"
#include "gateway/observe/event_feed.hpp"
#include "gateway/shard.hpp"
#include "runtime/random_seed.hpp"
#include "runtime/virtual_time.hpp"
#include "simulation/client.hpp"
#include "simulation/device.hpp"
#include "simulation/draw.hpp"
#include "simulation/eventbus.hpp"
#include "simulation/network.hpp"
#include "simulation/oracle.hpp"
#include "simulation/random.hpp"
#include "simulation/schedule.hpp"
#include "support/allocation_counter.hpp"
#include "support/payloads.hpp"

namespace gateway::simulation {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr Instant kStart = Instant(std::chrono::hours(1000));
constexpr milliseconds kBadTimes{8000};
// When the world is well everything ends within this: the longest backoff of an eventbus, a retry
// and a deadline, several times over.
constexpr milliseconds kRecovery{180'000};
constexpr milliseconds kGrace{4000};
// Beyond what it may take by the configuration: a tick, and a turn of the world.
constexpr milliseconds kSlack{1500};
// Clients are looked at at least so often.
constexpr milliseconds kMostQuiet{100};

class World {
 public:
  World(std::uint64_t seed, const std::set<std::uint32_t>& without)
      : seed_(seed),
        without_(without),
        random_(seed),
        time_(schedule_.time()),
        seeded_(seed),
        hosts_(draw_hosts(random_)),
        settings_(draw_settings(random_)),
        spool_(Oracle::Device::spool, schedule_, random_.next(), oracle_),
        dead_letters_(Oracle::Device::dead_letters, schedule_, random_.next(), oracle_) {}

  WorldResult run() {
    prepare();
    begin_gateway();
    plan_clients();
    plan_faults();
    live_until(kStart + kBadTimes, [] { return false; });
    become_well();
    expect_end_of_posts();
    oracle_.last_refusal.clear();
    expect_room_for_largest_post();
    expect_empty_spool();
    stop_gateway();
    oracle_.check_end();
    return result();
  }

 private:
  // ---- what there is
  void prepare() {
    has_spool_ = random_.in_thousand(600);
    has_dead_letters_ = random_.in_thousand(500);
    const std::string_view host = hosts_.size() == 1 ? "10.0.0.1" : "eventbus.simulated";
    settings_.target = fmt::format("{}:{}", host, Eventbus::kPort);
    settings_.eventbus = "simulated";
    network_.hosts = hosts_;
    // Another shard has had a post, and is quiet.
    ByteLease::Units once;
    static_cast<void>(other_shard_.try_take(100, once));
    network_.on_connection([this] { return draw_way(network_random_); });
    endpoint_.emplace(
        *config::parse_endpoint(settings_.target, settings_.eventbus, settings_.delivery.profile));
    tell(fmt::format("hosts {} deadline {} timeout {} pipeline {} connections {}{}{}",
                     hosts_.size(), settings_.delivery.deadline.count(),
                     settings_.delivery.timeout.count(), settings_.delivery.pipeline,
                     settings_.delivery.connections, has_spool_ ? ", spool" : "",
                     has_dead_letters_ ? ", dead letters" : ""));
  }

  void begin_gateway() {
    pace_.emplace();
    shard_ = std::make_unique<Shard>(
        Shard::Shared{.settings = settings_,
                      .endpoints = {&*endpoint_, 1},
                      .paces = {&*pace_, 1},
                      .bytes = bytes_,
                      .connections = connections_,
                      .shards = 1,
                      .stores = {has_spool_ ? &spool_ : nullptr,
                                 has_dead_letters_ ? &dead_letters_ : nullptr},
                      .feed = feed_,
                      .loops = loops_,
                      .supervisor = supervisor_},
        tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    shard_->begin();
    // A start without memory is none; the process says so and ends.
    test::AllocationCounter::refuse_no_more();
    poll_gateway();
  }

  // Plans something that happens once. It has a chance of its own, so that the others stay as they
  // are without it.
  void plan(milliseconds after, std::function<void(Random&)> happens) {
    const std::uint32_t number = result_.planned++;
    if (without_.contains(number)) return;
    Random own(seed_ ^ (std::uint64_t{number} + 1) << 32U);
    schedule_.after(after, [own, happens = std::move(happens)]() mutable { happens(own); });
  }

  void plan_clients() {
    for (std::uint64_t i = random_.between(1, 25); i != 0; --i) {
      plan(milliseconds(random_.between(0, 7000)), [this](Random& random) { begin_post(random); });
    }
  }

  void begin_post(Random& random) {
    const std::uint64_t count = random.in_thousand(50) ? 0 : random.between(1, 8);
    std::vector<Oracle::Record> records;
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; i < count; ++i) {
      records.push_back(++last_record_);
      texts.push_back(test::cos_record(Oracle::mark(last_record_)));
    }
    const Client::Manners manners = draw_client(random);
    ++result_.posts;
    result_.records += count;
    if (manners.leaves || manners.sends_half || manners.half_closes) note(Fault::client);
    tell(fmt::format("post of {} records from {}{}{}{}", count,
                     records.empty() ? 0 : records.front(), manners.leaves ? ", leaves" : "",
                     manners.sends_half ? ", half" : "",
                     manners.half_closes ? ", half-closes" : ""));
    clients_.emplace_back(schedule_, random, oracle_, shard_->port(), std::move(records),
                          test::cos_payload(texts), manners);
  }

  void plan_faults() {
    const auto some = [this](std::uint64_t least, std::uint64_t most,
                             void (World::*change)(Random&)) {
      for (std::uint64_t i = random_.between(least, most); i != 0; --i) {
        plan(milliseconds(random_.between(1, 7000)),
             [this, change](Random& random) { (this->*change)(random); });
      }
    };
    some(1, 6, &World::change_eventbus);
    some(0, 2, &World::change_way);
    some(0, 3, &World::change_device);
    if (random_.in_thousand(250)) some(1, 6, &World::refuse_memory);
    if (random_.in_thousand(250)) some(1, 2, &World::crash);
  }

  void refuse_memory(Random& random) {
    const std::uint64_t times = random.between(1, 4);
    const std::uint64_t after = random.between(0, 60);
    tell(fmt::format("{} allocations are refused after {}", times, after));
    note(Fault::allocation, times);
    test::AllocationCounter::refuse(after, times);
  }

  void change_eventbus(Random& random) {
    const Eventbus::Manners manners = draw_eventbus(random);
    tell(
        fmt::format("eventbus: refuses {} fails {} cuts {}/{} silent {} odd {} ends {} slow {} "
                    "early {} most {}",
                    manners.refuses, manners.fails, manners.cuts_unread, manners.cuts_taken,
                    manners.stays_silent, manners.answers_oddly, manners.ends_after,
                    manners.slowest.count(), manners.fails_early, manners.most_body));
    bus_.behave(manners);
    if (!random.in_thousand(300)) return;
    tell("eventbus down");
    bus_.go_down();
    schedule_.after(milliseconds(random.between(10, 4000)), [this] {
      tell("eventbus up");
      bus_.come_up();
    });
  }

  // Connections are forgotten, or one host is dead, refuses connections and comes back.
  void change_way(Random& random) {
    if (random.in_thousand(400)) {
      const unsigned share = random.in_thousand(500) ? 1000 : 400;
      tell(fmt::format("of {} in 1000 connections nothing is known any more on the way", share));
      note(Fault::forgotten);
      network_.forget_if(
          [&](Address to) { return to.port == Eventbus::kPort && random.in_thousand(share); });
      return;
    }
    const std::size_t host = random.between(0, hosts_.size() - 1);
    const bool silent = random.in_thousand(500);
    tell(fmt::format("host {} {}", host, silent ? "is silent" : "refuses"));
    note(Fault::host);
    if (silent) {
      network_.silence(hosts_[host], true);
    } else {
      bus_.refuse(host);
    }
    schedule_.after(milliseconds(random.between(10, 6000)), [this, host, silent] {
      tell(fmt::format("host {} is back", host));
      if (silent) network_.silence(hosts_[host], false);
      if (!silent) bus_.listen(host);
    });
  }

  void change_device(Random& random) {
    Device& device = random.in_thousand(500) ? spool_ : dead_letters_;
    constexpr milliseconds kSlowest[] = {0ms, 20ms, 500ms, 3000ms, 15'000ms};
    constexpr unsigned kFailing[] = {0, 0, 300, 1000};
    const milliseconds slowest = random.of(kSlowest);
    const unsigned failing = random.of(kFailing);
    device.behave(slowest, failing);
    const bool breaks = random.in_thousand(200);
    tell(fmt::format("{}: slow {} failing {}{}", &device == &spool_ ? "spool" : "dead letters",
                     slowest.count(), failing, breaks ? ", broken" : ""));
    if (!breaks) return;
    device.breaks(random.in_thousand(500) ? egress::StoreState::full : egress::StoreState::failing);
    schedule_.after(milliseconds(random.between(10, 4000)), [&device] { device.mends(); });
  }

  // What the gateway was about is lost: its clients, what was on its way to the disks, its leases.
  void crash(Random& random) {
    if (ending_) return;
    const bool power_cut = random.in_thousand(500);
    tell(power_cut ? "power cut and restart" : "killed and restarted");
    note(power_cut ? Fault::power_cut : Fault::kill);
    clients_.clear();
    for (Device* const device : {&spool_, &dead_letters_}) {
      device->loses_owner(power_cut ? Device::End::power_cut : Device::End::killed);
    }
    end_shard(schedule_.now());
    for (Device* const device : {&spool_, &dead_letters_}) device->reopen();
    begin_gateway();
  }

  void become_well() {
    tell("the world is well");
    test::AllocationCounter::refuse_no_more();
    bus_.behave({});
    bus_.come_up();
    for (const std::uint32_t host : hosts_) network_.silence(host, false);
    for (Device* const device : {&spool_, &dead_letters_}) {
      device->behave(5ms, 0);
      device->mends();
    }
  }

  // ---- how it lives
  // Everything that can happen now happens. Returns whether anything did.
  bool turn() {
    bool any = schedule_.run_due();
    any = poll_gateway() || any;
    any = bus_.step() || any;
    for (auto it = clients_.begin(); it != clients_.end();) {
      any = it->step() || any;
      check_patience(*it);
      it = it->done() ? clients_.erase(it) : std::next(it);
    }
    return any;
  }

  bool poll_gateway() {
    if (!shard_) return false;
    const bool any = [this] {
      const test::AllocationCounter::IncludeThread the_gateway;
      return shard_->poll() != 0;
    }();
    const EventTally<std::uint64_t>& tally = shard_->tally();
    for (std::size_t i = 0; i < kEventStates; ++i) {
      if (tally.in(static_cast<EventState>(i)) != 0) result_.states |= 1U << i;
    }
    return any;
  }

  // Lives until `reached` or that time. Returns whether it was reached.
  template <class Reached>
  bool live_until(Instant end, Reached reached) {
    while (oracle_.finding().empty()) {
      while (turn()) {
      }
      check_balance();
      if (reached()) return true;
      if (schedule_.now() >= end) return false;
      const Instant soon = schedule_.now() + kMostQuiet;
      schedule_.advance_to(std::min({end, soon, schedule_.next(), network_.next_timer()}));
      network_.run_timers();
    }
    return true;
  }

  void check_balance() {
    if (!shard_) return;
    const auto& metrics = shard_->metrics();
    if (metrics.unaccounted_records.value() != 0) oracle_.violation("the balance does not hold");
    if (supervisor_.gave_up()) oracle_.violation("the supervisor gave up");
  }

  // Nothing waits past its deadline: with stores a post waits for them as well.
  void check_patience(const Client& client) {
    if (!client.waits()) return;
    const milliseconds stores = has_spool_ ? milliseconds(Ledger::kStorePatience) : 0ms;
    const auto waited = schedule_.now() - client.sent_at();
    if (waited > settings_.delivery.deadline + stores + kSlack) {
      oracle_.violation("a client is not answered within its deadline; " + described());
    }
  }

  // What the shard says of itself, for a finding.
  [[nodiscard]] std::string described() {
    std::string text;
    shard_->ask_status([&](const observe::ShardStatus& status) {
      const observe::TargetStatus& target = status.targets.front();
      text = fmt::format("posts {} events {} waiting {} eventbus {}", status.posts, status.events,
                         target.waiting, target.eventbus);
      for (const auto& connection : target.connections) {
        text += fmt::format("; {} {} {}", connection.state, connection.in_flight,
                            connection.last_error);
      }
    });
    poll_gateway();
    return text;
  }

  void expect_end_of_posts() {
    const auto over = [this] {
      return clients_.empty() && shard_->metrics().in_flight_bytes.value() == 0 &&
             posts_in_flight() == 0;
    };
    if (!live_until(schedule_.now() + kRecovery, over)) {
      oracle_.violation(
          fmt::format("{} clients wait and {} bytes are in flight though the world is well",
                      clients_.size(), shard_->metrics().in_flight_bytes.value()));
    }
  }
  void expect_empty_spool() {
    if (!has_spool_) return;
    const auto drained = [this] { return spool_.idle() && spool_.deliverable() == 0; };
    if (live_until(schedule_.now() + kRecovery, drained)) return;
    oracle_.violation(
        fmt::format("{} rows are left in the spool; {}", spool_.deliverable(), described()));
  }
  // A quiet gateway has room for the largest post that the configuration allows, whatever was
  // before.
  void expect_room_for_largest_post() {
    if (!oracle_.finding().empty()) return;
    network_.on_connection([] { return Way(); });
    std::string body = test::cos_payload({test::cos_record(Oracle::mark(++last_record_))});
    body.append(settings_.ingress.max_body - body.size(), ' ');
    clients_.emplace_back(schedule_, random_, oracle_, shard_->port(),
                          std::vector<Oracle::Record>{last_record_}, std::move(body),
                          Client::Manners());
    static_cast<void>(live_until(schedule_.now() + kRecovery, [this] { return clients_.empty(); }));
    if (oracle_.last_refusal.find("max_in_flight") != std::string::npos) {
      oracle_.violation("a quiet gateway has no room for the largest legal post");
    }
  }
  [[nodiscard]] std::uint64_t posts_in_flight() const {
    const auto& metrics = shard_->metrics();
    return metrics.records_received.value() - settled();
  }
  [[nodiscard]] std::uint64_t settled() const {
    const auto& metrics = shard_->metrics();
    std::uint64_t sum = metrics.events_delivered.value() + metrics.events_spooled.value() +
                        metrics.events_dead_lettered.value();
    for (std::size_t i = 0; i < metrics.events_failed.size(); ++i) {
      sum += metrics.events_failed[static_cast<FailReason>(i)].value();
    }
    return sum;
  }

  void stop_gateway() {
    tell("stop");
    end_shard(schedule_.now() + kGrace);
  }

  void end_shard(Instant deadline) {
    ending_ = true;
    shard_->stop(deadline);
    if (!live_until(deadline + kSlack, [this] { return shard_->has_ended(); })) {
      oracle_.violation("the shard does not end within its grace; " + described());
    }
    // What is left in its loop belongs to what is about to go.
    for (int i = 0; i < 10 && poll_gateway(); ++i) {
    }
    shard_.reset();
    ending_ = false;
  }

  void note(Fault fault, std::uint64_t times = 1) {
    result_.faults[static_cast<std::size_t>(fault)] += times;
  }

  void tell(std::string what) {
    const auto at = std::chrono::duration_cast<milliseconds>(schedule_.now() - kStart);
    result_.trace.push_back(fmt::format("{:>7} ms  {}", at.count(), what));
  }

  WorldResult result() {
    result_.finding = oracle_.finding();
    result_.lived = std::chrono::duration_cast<milliseconds>(schedule_.now() - kStart);
    result_.acknowledged = oracle_.acknowledged;
    result_.requests = bus_.requests;
    result_.restarted = supervisor_.failures();
    note(Fault::eventbus, bus_.oddities);
    note(Fault::device, spool_.failures() + dead_letters_.failures());
    return std::move(result_);
  }

  const test::AllocationCounter::ExcludeThread not_the_gateway_;
  const std::uint64_t seed_;
  const std::set<std::uint32_t>& without_;
  Random random_;
  Schedule schedule_{kStart};
  Network network_{schedule_};
  const VirtualTime time_;
  const SeededRandom seeded_;
  Oracle oracle_;
  WorldResult result_;
  const std::vector<std::uint32_t> hosts_;
  config::Settings settings_;
  std::optional<config::Endpoint> endpoint_;
  std::optional<egress::SharedPace> pace_;
  Device spool_;
  Device dead_letters_;
  Random network_random_{random_.next()};
  Random bus_random_{random_.next()};
  Eventbus bus_{schedule_, bus_random_, oracle_, hosts_};
  ByteShares bytes_{settings_.ingress.max_in_flight, 1, 0};
  ByteLease other_shard_{bytes_.all().front(), 1};
  ingress::ConnectionCount connections_{settings_.ingress.max_connections,
                                        settings_.ingress.max_per_source};
  asio::io_context control_{1};
  observe::EventFeed feed_{control_};
  Supervisor supervisor_;
  LoopHealth loops_{supervisor_};
  std::unique_ptr<Shard> shard_;
  std::list<Client> clients_;
  Oracle::Record last_record_ = 0;
  bool has_spool_ = false;
  bool has_dead_letters_ = false;
  bool ending_ = false;
};

}  // namespace

std::string_view label(Fault fault) noexcept {
  constexpr std::array<std::string_view, kFaults> kNames{
      "client", "eventbus", "host", "forgotten", "device", "allocation", "kill", "power cut"};
  return kNames[static_cast<std::size_t>(fault)];
}

WorldResult run_world(std::uint64_t seed, const std::set<std::uint32_t>& without) {
  World world(seed, without);
  return world.run();
}

}  // namespace gateway::simulation
