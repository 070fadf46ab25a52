// How a world lives, and what has to be true of it.
#include "simulation/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gateway/config/targets.hpp"
#include "gateway/egress/destinations.hpp"
#include "runtime/byte_shares.hpp"
#include "simulation/living_world.hpp"
#include "support/payloads.hpp"

namespace gateway::simulation {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr Instant kStart = Instant(std::chrono::hours(1000));
constexpr milliseconds kBadTimes{8000};
// When the world is well everything ends within this: the longest backoff of an eventbus, a retry
// and a deadline, several times over.
constexpr milliseconds kRecovery{180'000};
constexpr milliseconds kGrace{4000};
// Beyond what it may take by the configuration: a tick, and a turn of the world.
constexpr milliseconds kSlack{1500};
// Of one target.
constexpr std::size_t kLargestPostsAtOnce = 8;
// Clients are looked at at least so often.
constexpr milliseconds kMostQuiet{100};

}  // namespace

LivingWorld::LivingWorld(std::uint64_t seed, const std::set<std::uint32_t>& without)
    : seed_(seed),
      without_(without),
      random_(seed),
      schedule_(kStart),
      seeded_(seed),
      targets_(draw_targets(random_)),
      settings_(draw_settings(random_)),
      spool_(Oracle::Device::spool, schedule_, random_.next(), oracle_),
      dead_letters_(Oracle::Device::dead_letters, schedule_, random_.next(), oracle_) {}

WorldResult LivingWorld::run() {
  prepare();
  begin_gateway(targets_.size());
  plan_clients();
  plan_troubles();
  live_until(kStart + kBadTimes, [] { return false; });
  become_well();
  expect_end_of_posts();
  oracle_.last_refusal.clear();
  expect_room_for_largest_post();
  expect_empty_spool();
  tell("stop");
  end_shard(schedule_.now() + kGrace);
  oracle_.check_end();
  return result();
}

void LivingWorld::prepare() {
  has_spool_ = random_.in_thousand(600);
  has_dead_letters_ = random_.in_thousand(500);
  one_is_well_ = targets_.size() > 1 && random_.in_thousand(500);
  if (one_is_well_) {
    // Its queue and its share of the bytes are its own, and nobody else's fault if they are too
    // small: then one post of its own, sent by half, keeps the others out.
    settings_.delivery.queue = config::Queue();
    settings_.ingress.max_in_flight =
        std::max(settings_.ingress.max_in_flight, kLargestPostsAtOnce * settings_.ingress.max_body *
                                                      ByteShares::count(targets_.size()));
  }
  for (std::size_t target = 0; target < targets_.size(); ++target) {
    network_.names[targets_[target].name] = targets_[target].hosts;
    buses_.push_back(std::make_unique<Eventbus>(schedule_, random_.next(), oracle_, target,
                                                targets_[target].hosts));
  }
  network_.on_connection([this](Address to) {
    const bool client = to.port != Eventbus::kPort;
    return is_well(to.host) || (client && one_is_well_) ? Way() : draw_way(network_random_);
  });
  tell(fmt::format("targets {}{} hosts {} deadline {} timeout {} pipeline {} connections {}{}{}",
                   targets_.size(), one_is_well_ ? ", the last is well," : "",
                   targets_.front().hosts.size(), settings_.delivery.deadline.count(),
                   settings_.delivery.timeout.count(), settings_.delivery.pipeline,
                   settings_.delivery.connections, has_spool_ ? ", spool" : "",
                   has_dead_letters_ ? ", dead letters" : ""));
}

bool LivingWorld::is_well(std::uint32_t host) const {
  return one_is_well_ &&
         std::ranges::find(targets_.back().hosts, host) != targets_.back().hosts.end();
}

void LivingWorld::begin_gateway(std::size_t targets) {
  name_targets(settings_, std::span(targets_).first(targets));
  const egress::TargetNames names = egress::target_names(config::Targets(settings_).endpoints());
  for (Device* const device : {&spool_, &dead_letters_}) device->open(names);
  process_.emplace(
      settings_,
      egress::Stores{has_spool_ ? &spool_ : nullptr, has_dead_letters_ ? &dead_letters_ : nullptr},
      supervisor_);
  // A start without memory is none; the process says so and ends.
  test::AllocationCounter::refuse_no_more();
  poll_gateway();
}

void LivingWorld::end_shard(Instant deadline) {
  ending_ = true;
  shard().stop(deadline);
  if (!live_until(deadline + kSlack, [this] { return shard().has_ended(); })) {
    oracle_.violation("the shard does not end within its grace; " + process_->described());
  }
  // What is left in its loop belongs to what is about to go.
  for (int i = 0; i < 10 && poll_gateway(); ++i) {
  }
  process_.reset();
  ending_ = false;
}

// Everything that can happen now happens. Returns whether anything did.
bool LivingWorld::turn() {
  bool any = schedule_.run_due();
  any = poll_gateway() || any;
  for (const auto& bus : buses_) any = bus->step() || any;
  for (auto it = clients_.begin(); it != clients_.end();) {
    any = it->step() || any;
    check_patience(*it);
    it = it->done() ? clients_.erase(it) : std::next(it);
  }
  return any;
}

bool LivingWorld::poll_gateway() {
  if (!process_) return false;
  const bool any = process_->poll();
  const EventTally<std::uint64_t>& tally = shard().tally();
  for (std::size_t i = 0; i < kEventStates; ++i) {
    if (tally.in(static_cast<EventState>(i)) != 0) result_.states |= 1U << i;
  }
  return any;
}

bool LivingWorld::live_until(Instant end, const std::function<bool()>& reached) {
  while (oracle_.finding().empty()) {
    while (turn()) {
    }
    check_gateway();
    if (reached()) return true;
    if (schedule_.now() >= end) return false;
    const Instant soon = schedule_.now() + kMostQuiet;
    schedule_.advance_to(std::min({end, soon, schedule_.next(), network_.next_timer()}));
    network_.run_timers();
  }
  return true;
}

void LivingWorld::check_gateway() {
  if (!process_) return;
  if (shard().metrics().unaccounted_records.value() != 0) {
    oracle_.violation("the balance does not hold");
  }
  if (supervisor_.gave_up()) oracle_.violation("the supervisor gave up");
  const std::string exceeded = process_->exceeded_bound();
  if (!exceeded.empty()) oracle_.violation("a bound is exceeded: " + exceeded);
}

// Nothing waits past its deadline: with stores a post waits for them as well.
void LivingWorld::check_patience(const Client& client) {
  if (!client.waits()) return;
  const milliseconds stores = has_spool_ ? milliseconds(Ledger::kStorePatience) : 0ms;
  const auto waited = schedule_.now() - client.arrived_at();
  if (waited > settings_.delivery.deadline + stores + kSlack) {
    oracle_.violation("a client is not answered within its deadline; " + process_->described());
  }
}

void LivingWorld::expect_end_of_posts() {
  const auto over = [this] {
    return clients_.empty() && shard().metrics().in_flight_bytes.value() == 0 &&
           process_->records_in_flight() == 0;
  };
  if (!live_until(schedule_.now() + kRecovery, over)) {
    oracle_.violation(
        fmt::format("{} clients wait and {} bytes are in flight though the world is well",
                    clients_.size(), shard().metrics().in_flight_bytes.value()));
  }
}

// A quiet gateway has room for the largest post that the configuration allows, whatever was before.
void LivingWorld::expect_room_for_largest_post() {
  if (!oracle_.finding().empty()) return;
  network_.on_connection([](Address) { return Way(); });
  Client::Request request;
  request.post.records = {++last_record_};
  const std::string record = test::cos_record(Oracle::mark(last_record_));
  oracle_.expect(last_record_, 0, data_of(record));
  std::string body = test::cos_payload({record});
  body.append(settings_.ingress.max_body - body.size(), ' ');
  request.text = Client::text_of(credentials(), body, Client::Body::length);
  clients_.emplace_back(schedule_, random_, oracle_, shard().port(),
                        std::vector<Client::Request>{std::move(request)}, Client::Manners());
  static_cast<void>(live_until(schedule_.now() + kRecovery, [this] { return clients_.empty(); }));
  if (oracle_.last_refusal.find("max_in_flight") != std::string::npos) {
    oracle_.violation("a quiet gateway has no room for the largest legal post");
  }
}

void LivingWorld::expect_empty_spool() {
  if (!has_spool_) return;
  const auto drained = [this] { return spool_.idle() && spool_.deliverable() == 0; };
  if (live_until(schedule_.now() + kRecovery, drained)) return;
  oracle_.violation(fmt::format("{} rows are left in the spool; {}", spool_.deliverable(),
                                process_->described()));
}

void LivingWorld::tell(std::string what) {
  const auto at = std::chrono::duration_cast<milliseconds>(schedule_.now() - kStart);
  result_.trace.push_back(fmt::format("{:>7} ms  {}", at.count(), what));
}

WorldResult LivingWorld::result() {
  result_.finding = oracle_.finding();
  result_.lived = std::chrono::duration_cast<milliseconds>(schedule_.now() - kStart);
  result_.acknowledged = oracle_.acknowledged;
  result_.restarted = supervisor_.failures();
  for (const auto& bus : buses_) {
    result_.requests += bus->requests;
    note(Fault::eventbus, bus->oddities);
    note(Fault::early, bus->early);
    note(Fault::batch, bus->batches_refused);
  }
  note(Fault::device, spool_.failures() + dead_letters_.failures());
  return std::move(result_);
}

std::string_view label(Fault fault) noexcept {
  constexpr std::array<std::string_view, kFaults> kNames{
      "client",     "eventbus",   "early",      "batch",        "host", "forgotten", "device",
      "lying sync", "clock step", "allocation", "less targets", "kill", "power cut"};
  return kNames[static_cast<std::size_t>(fault)];
}

WorldResult run_world(std::uint64_t seed, const std::set<std::uint32_t>& without) {
  LivingWorld world(seed, without);
  return world.run();
}

}  // namespace gateway::simulation
