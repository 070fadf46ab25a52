#include "gateway/gateway.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/auth/accepted_tokens.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/config/render.hpp"
#include "gateway/config/targets.hpp"
#include "gateway/domain/answers.hpp"
#include "gateway/egress/store/store_writer.hpp"
#include "gateway/egress/token_keeper.hpp"
#include "gateway/observe/admin_server.hpp"
#include "gateway/observe/event_feed.hpp"
#include "gateway/observe/monitor.hpp"
#include "gateway/observe/process_metrics.hpp"
#include "gateway/observe/prometheus.hpp"
#include "gateway/observe/status_page.hpp"
#include "gateway/provisioning/provisioning.hpp"
#include "gateway/shard.hpp"
#include "gateway/tls/tls_watch.hpp"
#include "runtime/cores.hpp"
#include "runtime/host_port.hpp"
#include "runtime/log.hpp"
#include "runtime/reminder.hpp"
#include "runtime/supervisor.hpp"

namespace gateway {
namespace {

constexpr std::chrono::seconds kStatusDeadline{1};
constexpr std::chrono::seconds kStoreClosing{5};
// How often it is looked whether a loop has ended, which then gives no status, or the last client
// has gone.
constexpr std::chrono::milliseconds kLookAgain{50};
constexpr std::chrono::minutes kOpenPortWarning{1};
constexpr std::chrono::seconds kLookInterval{1};  // of the monitor

void warn_of_open_port() {
  log::warn(
      "posts are taken from anybody who reaches gateway.listen; set gateway.token or secret_key to "
      "have them signed, or gateway.auth: none if this is meant");
}

// The host's name; in a container orchestrator that is the pod's.
std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data())
                                                          : std::string();
}

std::string text_of(const config::HostPort& address) {
  return host_port_text(address.host, address.port);
}

tcp::endpoint resolve_listen(const config::HostPort& address) {
  asio::io_context context;
  tcp::resolver resolver(context);
  error_code error;
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    throw std::system_error(std::make_error_code(std::errc::address_not_available),
                            "cannot listen on " + text_of(address));
  }
  return found.begin()->endpoint();
}

// SO_REUSEPORT would let a second gateway take over half of the connections in silence: a plain
// bind finds out whether the port is free.
void require_free(const tcp::endpoint& at) {
  if (at.port() == 0) return;
  asio::io_context context;
  tcp::acceptor probe(context);
  probe.open(at.protocol());
  probe.set_option(tcp::acceptor::reuse_address(true));
  if (at.address().is_v6()) probe.set_option(asio::ip::v6_only(false));
  probe.bind(at);
}

// Null where no path is configured. A store that cannot be had now is not the end: what needs it is
// refused until it can, and the log says why. One that another process owns is.
std::unique_ptr<egress::StoreWriter> open_store(const config::Storage& storage,
                                                egress::StoreKind kind,
                                                const egress::TargetNames& targets,
                                                Supervisor& supervisor) {
  if (storage.path.empty()) return nullptr;
  auto opening = [path = storage.path, max_bytes = storage.max_bytes, kind] {
    return egress::EventStore::open(path, max_bytes, kind);
  };
  if (egress::EventStore::of_earlier_version(storage.path)) {
    return std::make_unique<egress::StoreWriter>(
        egress::StoreError(egress::StoreError::Kind::failing,
                           storage.path + ": an earlier version's events are taken over"),
        std::move(opening), targets, &supervisor);
  }
  auto store = opening();
  if (!store) {
    const egress::StoreError error = store.error();
    if (error.kind() == egress::StoreError::Kind::in_use) {
      throw std::system_error(std::make_error_code(std::errc::device_or_resource_busy),
                              error.text());
    }
    log::error("a store cannot be opened yet; what it would keep is refused",
               {{"error", error.text()}});
    return std::make_unique<egress::StoreWriter>(error, std::move(opening), targets, &supervisor);
  }
  return std::make_unique<egress::StoreWriter>(std::move(*store), targets, &supervisor);
}

}  // namespace

class Gateway::Impl final : public observe::AdminPages {
 public:
  Impl(config::Settings settings, const DeploymentOptions& deployment)
      : settings_(std::move(settings)),
        endpoints_(config::Targets(settings_).endpoints()),
        bytes_(settings_.ingress.max_in_flight, endpoints_.size(), settings_.ingress.max_body),
        connections_(settings_.ingress.max_connections, settings_.ingress.max_per_source) {
    if (settings_.ingress.replay_window.count() != 0) {
      seen_signatures_.emplace(settings_.ingress.replay_window);
    }
    const egress::TargetNames targets = egress::target_names(endpoints_);
    spool_ = open_store(settings_.spool, egress::StoreKind::spool, targets, supervisor_);
    dead_letters_ =
        open_store(settings_.dead_letter, egress::StoreKind::dead_letters, targets, supervisor_);
    open_tls();
    open_token();
    const unsigned cores = usable_cores();
    const unsigned count = settings_.ingress.threads == 0 ? cores : settings_.ingress.threads;
    pin_ = count > 1 && count == allowed_cores().size();
    bind_shards(count);
    bind_admin();
    if (settings_.function.provision) {
      provisioning_ = std::make_unique<Provisioning>(control_.get_executor(), settings_, deployment,
                                                     supervisor_);
      provisioning_->on_tokens([this](const std::vector<Secret>& tokens) {
        for (auto& shard : shards_) shard->also_accept(tokens);
      });
    }
  }

  ~Impl() override {
    stop();
    wait();
  }

  void on_provisioning_failure(Provisioning::OnFailure callback) {
    if (provisioning_) provisioning_->on_failure(std::move(callback));
  }

  void on_look(OnLook callback) { on_look_ = std::move(callback); }

  void on_failure(std::function<void()> callback) { supervisor_.on_give_up(std::move(callback)); }

  // One transaction: if it throws nothing of it is left.
  void start() {
    started_ = std::chrono::steady_clock::now();
    running_ = true;
    try {
      start_threads();
    } catch (...) {
      stopping_ = true;
      stop_shards(std::chrono::steady_clock::now());
      end();
      throw;
    }
    if (const auto& proxy = endpoints_.front().proxy) {
      log::info("events go by a proxy", {{"proxy", proxy->address()}});
    }
    log::info("listening", {{"address", text_of({settings_.ingress.listen.host, port()})},
                            {"admin", text_of({settings_.ingress.admin.host, admin_port()})},
                            {"tls", ingress_tls_ ? "yes" : "no"},
                            {"threads", shards_.size()},
                            {"auth", auth::described(settings_)},
                            {"target", endpoints_.front().host_header},
                            {"path", endpoints_.front().path()}});
  }

  void stop() {
    if (!running_ || stopping_.exchange(true)) return;
    loops_.stopping();
    log::info("stopping", {{"in_flight", snapshot().in_flight()}});
    const Instant now = std::chrono::steady_clock::now();
    const Instant drain_at = now + settings_.ingress.drain_delay;
    const Instant deadline = drain_at + settings_.ingress.grace;
    store_deadline_ = deadline;
    const Instant shard_deadline = deadline - closing_time();
    if (!provisioning_ && drain_at == now) return stop_shards(shard_deadline);
    for (auto& shard : shards_) shard->leave();
    const auto then = [this, shard_deadline](const std::exception_ptr& error) {
      if (error) log::internal_error("stopping", error);
      stop_shards(shard_deadline);
    };
    try {
      asio::co_spawn(control_.get_executor(), before_draining(now, drain_at), then);
    } catch (...) {
      then(std::current_exception());
    }
  }

  void wait() {
    if (!running_) return;
    end();
    const auto sums = snapshot();
    log::info("stopped", {{"received", sums.received},
                          {"delivered", sums.delivered},
                          {"spooled", sums.spooled},
                          {"dead_lettered", sums.dead_lettered},
                          {"failed", sums.failed_total()},
                          {"in_spool", spool_ ? spool_->status().backlog_rows : 0},
                          {"problem", last_problem_}});
  }

  [[nodiscard]] std::chrono::milliseconds longest_stop() const noexcept {
    return settings_.ingress.drain_delay + settings_.ingress.grace;
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return shards_.front()->port(); }
  [[nodiscard]] std::uint16_t admin_port() const noexcept { return admin_->port(); }

  [[nodiscard]] observe::Snapshot snapshot() const {
    std::vector<const ShardMetrics*> all;
    all.reserve(shards_.size());
    for (const auto& shard : shards_) all.push_back(&shard->metrics());
    observe::Snapshot snapshot = observe::take_snapshot(all);
    if (endpoints_.size() == 1) return snapshot;
    for (std::size_t target = 0; target < endpoints_.size(); ++target) {
      auto& totals = snapshot.targets.emplace_back();
      totals.url = endpoints_[target].url();
      for (const auto& shard : shards_) totals.add(shard->metrics_of(target));
    }
    return snapshot;
  }

  observe::AdminReply health() override {
    const Answer answer = answers::health(loops_.failing(std::chrono::steady_clock::now()));
    return {answer.status, answer.content_type, answer.body};
  }

  observe::AdminReply readiness() override {
    constexpr const char* kText = "text/plain; charset=utf-8";
    if (stopping_ || supervisor_.gave_up()) return {503, kText, "stopping\n"};
    if (refuses_every_post()) {
      return {503, kText, "the eventbus is down, and the spool takes nothing\n"};
    }
    return {200, kText, "ready\n"};
  }

  observe::AdminReply metrics() override {
    return {
        200, "text/plain; version=0.0.4; charset=utf-8",
        observe::prometheus_text(snapshot(), provisioning_state(), store_status(),
                                 tls_watch_->status()) +
            observe::limits_text(limits()) +
            observe::process_metrics_text(observe::read_process_usage(), supervisor_.failures())};
  }

  observe::AdminReply history() override {
    return {200, "application/json", monitor_.history_json()};
  }

  observe::AdminReply configuration() override {
    return {200, "text/plain; charset=utf-8", config::render(settings_)};
  }

  Task<observe::AdminReply> status() override {
    ShardStatuses shards = co_await ask_shards();
    observe::AdminReply reply;
    reply.content_type = "application/json";
    observe::ProcessState state = process_state(std::move(shards));
    state.usage = observe::read_process_usage();
    reply.body = observe::status_json(state, snapshot());
    co_return reply;
  }

 private:
  // True while every post would be answered 503 at its deadline: other replicas may do better. An
  // eventbus that is down alone is down for all of them.
  [[nodiscard]] bool refuses_every_post() const {
    if (!spool_ || spool_->state() == egress::StoreState::ok) return false;
    return std::ranges::all_of(shards_, [this](const auto& shard) {
      const auto& state = shard->metrics().eventbus_state;
      return state[EndpointState::down].value() + state[EndpointState::probing].value() ==
             endpoints_.size();
    });
  }

  using ShardStatuses = std::vector<std::optional<observe::ShardStatus>>;

  // Asks every shard; what one does not say within a second is left out.
  [[nodiscard]] Task<ShardStatuses> ask_shards() {
    auto answers = std::make_shared<Answers>(control_.get_executor(), shards_.size());
    for (std::size_t i = 0; i < shards_.size(); ++i) ask(answers, i);
    const Instant deadline = std::chrono::steady_clock::now() + kStatusDeadline;
    while (answers->missing != 0 && !ended_ && std::chrono::steady_clock::now() < deadline) {
      co_await answers->arrived.wait_until(
          std::min(deadline, std::chrono::steady_clock::now() + kLookAgain));
    }
    co_return answers->shards;
  }

  [[nodiscard]] observe::ProcessState process_state(ShardStatuses shards) {
    observe::ProcessState state;
    state.uptime = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::steady_clock::now() - started_);
    state.draining = stopping_;
    state.target = endpoints_.front().url();
    state.source = settings_.source();
    state.host = host_;
    state.condition = monitor_.condition();
    state.limits = limits();
    state.provisioning = provisioning_state();
    if (provisioning_) {
      state.provisioning_step = provisioning_->status().step;
      state.provisioning_error = provisioning_->status().last_error;
    }
    state.buckets = bucket_states();
    state.stores = store_status();
    state.tls = tls_watch_->status();
    state.shards = std::move(shards);
    state.failures = feed_.failures();
    state.watchers = feed_.watchers();
    return state;
  }

  [[nodiscard]] std::vector<observe::BucketState> bucket_states() const {
    std::vector<observe::BucketState> states;
    for (const config::BucketEntry& entry : settings_.buckets) {
      observe::BucketState& state = states.emplace_back();
      state.host = entry.bucket.endpoint;
      state.eventbus = entry.eventbus;
      state.function = entry.function.name;
      if (!provisioning_) {
        state.provisioning = observe::kProvisioningDisabled;
      } else if (const auto* found = provisioning_->status().find(state.host, state.function)) {
        state.provisioning = label(found->state);
        state.error = found->last_error;
      }
    }
    return states;
  }

  // Has the monitor look once a second, until the process ends. The shards are asked what the
  // eventbus said only while there is a reason to.
  [[nodiscard]] Task<void> watch() {
    while (!ended_) {
      ShardStatuses shards;
      if (monitor_.wants_answers(snapshot())) shards = co_await ask_shards();
      const observe::Snapshot counters = snapshot();
      const Instant now = std::chrono::steady_clock::now();
      monitor_.look(observe::observation_of(process_state(std::move(shards)), counters, now),
                    counters);
      if (!stopping_) last_problem_ = monitor_.condition().problem;
      if (on_look_) on_look_(monitor_.condition(), loops_.failing(now).empty());
      watch_timer_.expires_after(kLookInterval);
      co_await watch_timer_.async_wait(tuple);
    }
  }

  void start_threads() {
    const std::vector<int> cores = allowed_cores();
    std::size_t threads = 0;
    try {
      for (; threads < shards_.size(); ++threads) {
        shards_[threads]->start(pin_ ? std::optional<int>(cores[threads]) : std::nullopt);
      }
      control_thread_ = std::thread([this] { run_loop(control_part_, control_); });
    } catch (const std::system_error& error) {
      throw std::system_error(
          error.code(),
          fmt::format("cannot start thread {} of {}; see gateway.threads, ulimit -u and "
                      "the pids limit of the container",
                      threads + 1, shards_.size() + 1));
    }
    asio::post(control_, [this] {
      admin_->start();
      if (auth::open_by_default(settings_)) open_port_warning_.start();
      tls_watch_->start();
      if (token_keeper_) token_keeper_->start();
      const auto run = [this] { return watch(); };
      const auto holds_nothing = [] {};
      const auto stopping = [this] { return ended_.load(); };
      asio::co_spawn(
          control_.get_executor(),
          keep_running(monitor_part_, control_.get_executor(), run, holds_nothing, stopping),
          asio::detached);
      if (provisioning_) provisioning_->start();
    });
  }

  // Waits until all threads have ended.
  void end() {
    for (auto& shard : shards_) shard->join();
    ended_ = true;
    close_stores();
    const auto stop_control = [this] {
      admin_->stop();
      open_port_warning_.stop();
      tls_watch_->stop();
      if (token_keeper_) token_keeper_->stop();
      watch_timer_.cancel();
      control_work_.reset();
    };
    if (control_thread_.joinable()) {
      asio::post(control_, stop_control);
      control_thread_.join();
    } else {
      stop_control();
    }
    running_ = false;
  }

  // Side by side, within what is left of the grace.
  void close_stores() {
    std::thread other;
    if (spool_ && dead_letters_) {
      try {
        other = std::thread([this] { close(dead_letters_); });
      } catch (const std::system_error&) {
        // Without a thread they are closed one after the other.
      }
    }
    close(spool_);
    if (other.joinable()) {
      other.join();
    } else {
      close(dead_letters_);
    }
  }
  void close(std::unique_ptr<egress::StoreWriter>& store) const {
    if (!store || store->stop(store_deadline_)) return;
    log::error("a store's device does not answer; its thread is left behind");
    static_cast<void>(store.release());
  }
  // What the shards leave of the grace for that.
  [[nodiscard]] std::chrono::milliseconds closing_time() const {
    if (!spool_ && !dead_letters_) return std::chrono::milliseconds(0);
    return std::min<std::chrono::milliseconds>(kStoreClosing, settings_.ingress.grace / 8);
  }

  [[nodiscard]] observe::Limits limits() const {
    return {settings_.ingress.max_connections, settings_.ingress.max_in_flight,
            spool_ ? settings_.spool.max_bytes : 0};
  }

  [[nodiscard]] observe::StoreStatuses store_status() const {
    observe::StoreStatuses all;
    if (spool_) all.spool = spool_->status();
    if (dead_letters_) all.dead_letters = dead_letters_->status();
    return all;
  }

  [[nodiscard]] std::string_view provisioning_state() const {
    return provisioning_ ? label(provisioning_->status().state) : observe::kProvisioningDisabled;
  }

  // Posts are still taken meanwhile: an event on its way finds the gateway until its trigger is
  // gone, and until balancers have seen that it is not ready. Each answer ends its connection, so
  // that clients go elsewhere by themselves; when none is left, nobody needs the rest of the time.
  [[nodiscard]] Task<void> before_draining(Instant now, Instant drain_at) {
    if (provisioning_) co_await provisioning_->stop(now + settings_.ingress.grace / 2);
    Timer delay(control_.get_executor());
    for (Instant at = std::chrono::steady_clock::now(); at < drain_at && connections_.total() != 0;
         at = std::chrono::steady_clock::now()) {
      delay.expires_at(std::min(drain_at, at + kLookAgain));
      co_await delay.async_wait(tuple);
    }
  }

  void stop_shards(Instant deadline) {
    for (auto& shard : shards_) shard->stop(deadline);
  }

  // Lives until the last shard has answered, however late.
  struct Answers {
    Answers(const Executor& executor, std::size_t count)
        : arrived(executor), shards(count), missing(count) {}
    Signal arrived;
    std::vector<std::optional<observe::ShardStatus>> shards;
    std::size_t missing;
  };

  void ask(const std::shared_ptr<Answers>& answers, std::size_t index) {
    shards_[index]->ask_status([this, answers, index](observe::ShardStatus status) {
      asio::post(control_, [answers, index, status = std::move(status)]() mutable {
        answers->shards[index] = std::move(status);
        --answers->missing;
        answers->arrived.notify_all();
      });
    });
  }

  void open_tls() {
    std::vector<tls::TlsSource*> sources;
    if (settings_.ingress.tls.any()) {
      ingress_tls_ = std::make_unique<tls::TlsSource>(tls::Side::server, settings_.ingress.tls);
      sources.push_back(ingress_tls_.get());
    }
    if (std::ranges::any_of(endpoints_, &config::Endpoint::tls)) {
      delivery_tls_ = std::make_unique<tls::TlsSource>(tls::Side::client, settings_.delivery.tls);
      sources.push_back(delivery_tls_.get());
    }
    tls_watch_ = std::make_unique<tls::TlsWatch>(control_.get_executor(), std::move(sources));
  }

  [[nodiscard]] auth::SeenSignatures* seen_signatures() noexcept {
    return seen_signatures_ ? &*seen_signatures_ : nullptr;
  }

  // With delivery.oauth2; any thread.
  [[nodiscard]] std::function<void(unsigned)> renew_token() {
    if (settings_.delivery.oauth2.token_url.empty()) return {};
    return [this](unsigned number) {
      asio::post(control_, [this, number] { token_keeper_->rejected(number); });
    };
  }

  void open_token() {
    if (settings_.delivery.oauth2.token_url.empty()) return;
    token_keeper_ = std::make_unique<egress::TokenKeeper>(
        control_.get_executor(), settings_.delivery, supervisor_,
        [this](const egress::Authorization& authorization) {
          for (auto& shard : shards_) shard->authorize(authorization);
        });
  }

  void bind_shards(unsigned count) {
    tcp::endpoint at = resolve_listen(settings_.ingress.listen);
    try {
      if (count > 1) require_free(at);
      for (unsigned i = 0; i < count; ++i) {
        shards_.push_back(std::make_unique<Shard>(Shard::Shared{settings_,
                                                                endpoints_,
                                                                bytes_,
                                                                connections_,
                                                                count,
                                                                {spool_.get(), dead_letters_.get()},
                                                                feed_,
                                                                loops_,
                                                                supervisor_,
                                                                i,
                                                                ingress_tls_.get(),
                                                                delivery_tls_.get(),
                                                                seen_signatures(),
                                                                renew_token()},
                                                  at));
        loops_.add(shards_.back()->metrics());
        at.port(shards_.front()->port());
      }
    } catch (const boost::system::system_error& error) {
      throw std::system_error(error.code(),
                              "cannot listen on " + text_of(settings_.ingress.listen));
    }
  }

  void bind_admin() {
    try {
      admin_ = std::make_unique<observe::AdminServer>(
          control_, resolve_listen(settings_.ingress.admin), *this, feed_, supervisor_,
          observe::AdminAccess(settings_.ingress.admin_token, settings_.ingress.admin_host));
    } catch (const boost::system::system_error& error) {
      throw std::system_error(error.code(), "cannot listen on " + text_of(settings_.ingress.admin));
    }
  }

  const config::Settings settings_;
  const std::vector<config::Endpoint> endpoints_;  // of the targets, the top-level one first
  Supervisor supervisor_;
  Supervisor::Part control_part_{supervisor_, "control loop"};
  Supervisor::Part monitor_part_{supervisor_, "monitor"};
  ByteShares bytes_;
  ingress::ConnectionCount connections_;
  std::optional<auth::SeenSignatures> seen_signatures_;  // with gateway.replay_window
  // Before the shards, which hand events to them; so for all down to the feed.
  std::unique_ptr<egress::StoreWriter> spool_;
  std::unique_ptr<egress::StoreWriter> dead_letters_;
  // Null where a side speaks plain text.
  std::unique_ptr<tls::TlsSource> ingress_tls_;
  std::unique_ptr<tls::TlsSource> delivery_tls_;
  asio::io_context control_{1};
  observe::EventFeed feed_{control_};
  observe::Monitor monitor_;
  std::string last_problem_;  // before the stop; of the control thread while that runs
  OnLook on_look_;
  Timer watch_timer_{control_.get_executor()};
  const std::string host_ = host_name();
  LoopHealth loops_{supervisor_};
  bool pin_ = false;
  std::vector<std::unique_ptr<Shard>> shards_;
  asio::executor_work_guard<Executor> control_work_{control_.get_executor()};
  Reminder open_port_warning_{control_.get_executor(), kOpenPortWarning, warn_of_open_port};
  std::unique_ptr<tls::TlsWatch> tls_watch_;
  std::unique_ptr<egress::TokenKeeper> token_keeper_;  // with delivery.oauth2
  std::unique_ptr<observe::AdminServer> admin_;
  std::unique_ptr<Provisioning> provisioning_;
  std::thread control_thread_;
  Instant started_{};
  Instant store_deadline_{};  // long ago, unless there is something to be stored
  std::atomic<bool> stopping_{false};
  std::atomic<bool> running_{false};
  std::atomic<bool> ended_{false};  // every shard
};

Gateway::Gateway(config::Settings settings, const DeploymentOptions& deployment)
    : impl_(std::make_unique<Impl>(std::move(settings), deployment)) {}
Gateway::~Gateway() = default;
void Gateway::on_provisioning_failure(
    std::function<void(const cloud::ProvisioningStatus&)> callback) {
  impl_->on_provisioning_failure(std::move(callback));
}
void Gateway::on_look(OnLook callback) {
  impl_->on_look(std::move(callback));
}
void Gateway::on_failure(std::function<void()> callback) {
  impl_->on_failure(std::move(callback));
}
std::chrono::milliseconds Gateway::longest_stop() const noexcept {
  return impl_->longest_stop();
}
void Gateway::start() {
  impl_->start();
}
void Gateway::stop() {
  impl_->stop();
}
void Gateway::wait() {
  impl_->wait();
}
std::uint16_t Gateway::port() const noexcept {
  return impl_->port();
}
std::uint16_t Gateway::admin_port() const noexcept {
  return impl_->admin_port();
}
observe::Snapshot Gateway::snapshot() const {
  return impl_->snapshot();
}

}  // namespace gateway
