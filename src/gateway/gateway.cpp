#include "gateway/gateway.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/auth/accepted_tokens.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/config/targets.hpp"
#include "gateway/egress/access/token_keeper.hpp"
#include "gateway/egress/policy/shared_pace.hpp"
#include "gateway/observe/admin_server.hpp"
#include "gateway/observe/event_feed.hpp"
#include "gateway/process_stores.hpp"
#include "gateway/process_view.hpp"
#include "gateway/provisioning/provisioning.hpp"
#include "gateway/shard.hpp"
#include "gateway/tls/tls_source.hpp"
#include "runtime/bind_listener.hpp"
#include "runtime/cores.hpp"
#include "runtime/log.hpp"
#include "runtime/repeating_timer.hpp"
#include "runtime/supervisor.hpp"

namespace gateway {
namespace {

// How often it is looked whether the last client has gone.
constexpr std::chrono::milliseconds kLookAgain{50};
// Who sends a client here during a stop has not seen yet that the gateway is not ready, and is
// given this time to see it: balancers look every 200 to 1,000 ms.
constexpr std::chrono::milliseconds kStillRouted{1000};
constexpr std::chrono::minutes kOpenPortWarning{1};
// How often it is looked whether a part of the control thread was dropped for want of memory.
constexpr std::chrono::seconds kLookAfterParts{1};

void warn_of_open_port() {
  log::warn(
      "posts are taken from anybody who reaches gateway.listen; set gateway.token or secret_key to "
      "have them signed, or gateway.auth: none if this is meant");
}

tcp::endpoint endpoint_of(const config::HostPort& address) {
  return {asio::ip::make_address(address.host), address.port};
}

// SO_REUSEPORT would let a second gateway take over half of the connections in silence: a plain
// bind finds out whether the port is free.
void require_free(const tcp::endpoint& at) {
  if (at.port() == 0) return;
  asio::io_context context;
  Acceptor probe(context.get_executor());
  const error_code taken = bind_listener(probe, at);
  if (taken) throw boost::system::system_error(taken);
}

}  // namespace

class Gateway::Impl {
 public:
  Impl(config::Settings settings, const DeploymentOptions& deployment)
      : settings_(std::move(settings)),
        endpoints_(config::Targets(settings_).endpoints()),
        bytes_(settings_.ingress.max_in_flight, endpoints_.size(), settings_.ingress.max_body),
        connections_(settings_.ingress.max_connections, settings_.ingress.max_per_source),
        stores_(settings_, endpoints_, supervisor_) {
    if (settings_.ingress.replay_window.count() != 0) {
      seen_signatures_.emplace(settings_.ingress.replay_window);
    }
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
      provisioning_->on_tokens([this](const std::vector<Secret>& tokens, bool all) {
        for (auto& shard : shards_) shard->also_accept(tokens, all);
      });
    }
  }

  ~Impl() {
    stop();
    wait();
  }

  void on_provisioning_failure(Provisioning::OnFailure callback) {
    if (provisioning_) provisioning_->on_failure(std::move(callback));
  }

  void on_look(OnLook callback) { view_.on_look(std::move(callback)); }

  void on_failure(std::function<void()> callback) { supervisor_.on_give_up(std::move(callback)); }

  // One transaction: if it throws nothing of it is left.
  void start() {
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
    log::info("listening",
              {{"address", config::HostPort{settings_.ingress.listen.host, port()}.text()},
               {"admin", config::HostPort{settings_.ingress.admin.host, admin_port()}.text()},
               {"tls", ingress_tls_ ? "yes" : "no"},
               {"threads", shards_.size()},
               {"auth", auth::described(settings_)},
               {"target", endpoints_.front().host_header},
               {"path", endpoints_.front().path()}});
  }

  void stop() {
    if (!running_ || stopping_.exchange(true)) return;
    loops_.stopping();
    tell_what_failed();
    log::info("stopping", {{"in_flight", view_.snapshot().in_flight()}});
    const Instant now = std::chrono::steady_clock::now();
    const Instant drain_at = now + settings_.ingress.drain_delay;
    const Instant deadline = drain_at + settings_.ingress.grace;
    store_deadline_ = deadline;
    const Instant shard_deadline = deadline - stores_.closing_time(settings_.ingress.grace);
    if (!provisioning_ && drain_at == now) return stop_shards(shard_deadline);
    for (auto& shard : shards_) shard->leave();
    const auto then = [this, shard_deadline](const std::exception_ptr& error) {
      if (error) log::internal_error("stopping", error);
      stop_shards(shard_deadline);
    };
    try {
      asio::co_spawn(control_.get_executor(), before_draining(now, drain_at, connections_.ever()),
                     then);
    } catch (...) {
      then(std::current_exception());
    }
  }

  void wait() {
    if (!running_) return;
    end();
    tell_what_failed();
    const auto sums = view_.snapshot();
    const auto stores = stores_.status().spool;
    log::info("stopped", {{"received", sums.received},
                          {"delivered", sums.delivered},
                          {"spooled", sums.spooled},
                          {"dead_lettered", sums.dead_lettered},
                          {"failed", sums.failed_total()},
                          {"in_spool", stores ? stores->backlog_rows : 0},
                          {"problem", view_.last_problem()}});
  }

  [[nodiscard]] std::chrono::milliseconds longest_stop() const noexcept {
    return settings_.ingress.drain_delay + settings_.ingress.grace;
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return shards_.front()->port(); }
  [[nodiscard]] std::uint16_t admin_port() const noexcept { return admin_->port(); }
  [[nodiscard]] observe::Snapshot snapshot() const { return view_.snapshot(); }

 private:
  void start_threads() {
    const std::vector<int> cores = allowed_cores();
    std::size_t threads = 0;
    try {
      for (; threads < shards_.size(); ++threads) {
        shards_[threads]->start(pin_ ? std::optional<int>(cores[threads]) : std::nullopt);
      }
      control_thread_ = std::thread([this] {
        name_this_thread("control");
        run_loop(control_part_, control_, [this] {
          look_after_parts_.start();
          tls_watch_->start();
        });
      });
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
      if (token_keeper_) token_keeper_->start();
      view_.start();
      if (provisioning_) provisioning_->start();
    });
  }

  // On the control thread.
  void revive_parts() {
    admin_->revive();
    view_.revive();
    if (token_keeper_) token_keeper_->revive();
    if (provisioning_) provisioning_->revive();
  }

  // Waits until all threads have ended.
  void end() {
    for (auto& shard : shards_) shard->join();
    ended_ = true;
    stores_.close(store_deadline_);
    const auto stop_control = [this] {
      admin_->stop();
      open_port_warning_.stop();
      look_after_parts_.stop();
      tls_watch_->stop();
      if (token_keeper_) token_keeper_->stop();
      view_.stop();
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

  // Waits until `drain_at` while posts are still taken: an event on its way finds the gateway until
  // its trigger is gone and balancers have seen that it is not ready. Each answer ends its
  // connection, so that clients go elsewhere by themselves: when none has been there for
  // kStillRouted, nobody needs the rest of the time. `known` is how many clients there had ever
  // been when the stop began.
  [[nodiscard]] Task<void> before_draining(Instant now, Instant drain_at, std::uint64_t known) {
    if (provisioning_) co_await provisioning_->stop(now + settings_.ingress.grace / 2);
    Timer delay(control_.get_executor());
    Instant last_used = known == 0 ? Instant{} : now;
    while (true) {
      const Instant at = SteadyClock::now();
      const std::uint64_t ever = connections_.ever();
      if (std::exchange(known, ever) != ever || connections_.total() != 0) last_used = at;
      if (at >= drain_at || at - last_used >= kStillRouted) co_return;
      delay.expires_at(std::min(drain_at, at + kLookAgain));
      co_await delay.async_wait(tuple);
    }
  }

  // Says once why the process ends by itself.
  void tell_what_failed() {
    const auto given_up = supervisor_.given_up();
    if (!given_up || std::exchange(told_what_failed_, true)) return;
    log::error(
        "a part of the process keeps failing; the process ends with exit code 70, to be started "
        "anew",
        {{"part", given_up->part},
         {"reason", given_up->out_of_memory
                        ? "memory is refused: allow the process more, or lower its bounds"
                        : "an internal error: the lines before say which"}});
  }

  void stop_shards(Instant deadline) {
    for (auto& shard : shards_) shard->stop(deadline);
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
    try {
      tcp::endpoint at = endpoint_of(settings_.ingress.listen);
      if (count > 1) require_free(at);
      for (unsigned i = 0; i < count; ++i) {
        shards_.push_back(std::make_unique<Shard>(
            Shard::Shared{settings_, endpoints_, paces_, bytes_, connections_, count,
                          stores_.handles(), feed_, loops_, supervisor_, i, ingress_tls_.get(),
                          delivery_tls_.get(), seen_signatures(), renew_token()},
            at));
        loops_.add(shards_.back()->metrics());
        at.port(shards_.front()->port());
      }
    } catch (const boost::system::system_error& error) {
      throw std::system_error(error.code(), "cannot listen on " + settings_.ingress.listen.text());
    }
  }

  void bind_admin() {
    try {
      admin_ = std::make_unique<observe::AdminServer>(
          control_, endpoint_of(settings_.ingress.admin), view_, feed_, supervisor_,
          observe::AdminAccess(settings_.ingress.admin_token, settings_.ingress.admin_host));
    } catch (const boost::system::system_error& error) {
      throw std::system_error(error.code(), "cannot listen on " + settings_.ingress.admin.text());
    }
  }

  const config::Settings settings_;
  const std::vector<config::Endpoint> endpoints_;  // of the targets, the top-level one first
  std::vector<egress::SharedPace> paces_{endpoints_.size()};  // to the targets
  Supervisor supervisor_;
  bool told_what_failed_ = false;
  Supervisor::Part control_part_{supervisor_, "control loop"};
  ByteShares bytes_;
  ingress::ConnectionCount connections_;
  std::optional<auth::SeenSignatures> seen_signatures_;  // with gateway.replay_window
  // Before the shards, which hand events to them; so for all down to the feed.
  ProcessStores stores_;
  // Null where a side speaks plain text.
  std::unique_ptr<tls::TlsSource> ingress_tls_;
  std::unique_ptr<tls::TlsSource> delivery_tls_;
  asio::io_context control_{1};
  observe::EventFeed feed_{control_};
  LoopHealth loops_{supervisor_};
  bool pin_ = false;
  std::vector<std::unique_ptr<Shard>> shards_;
  asio::executor_work_guard<Executor> control_work_{control_.get_executor()};
  RepeatingTimer open_port_warning_{control_.get_executor(), kOpenPortWarning, warn_of_open_port};
  RepeatingTimer look_after_parts_{control_.get_executor(), kLookAfterParts,
                                   [this] { revive_parts(); }};
  std::unique_ptr<tls::TlsWatch> tls_watch_;
  std::unique_ptr<egress::TokenKeeper> token_keeper_;  // with delivery.oauth2
  ProcessView view_{{control_, settings_, endpoints_, shards_, stores_, feed_, loops_, supervisor_,
                     tls_watch_, provisioning_, stopping_, ended_}};
  std::unique_ptr<observe::AdminServer> admin_;
  std::unique_ptr<Provisioning> provisioning_;
  std::thread control_thread_;
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
