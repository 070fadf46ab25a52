#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

#include "gateway/observe/admin_access.hpp"
#include "gateway/observe/event_feed.hpp"
#include "runtime/asio.hpp"
#include "runtime/log_limiter.hpp"
#include "runtime/supervisor.hpp"

namespace gateway::observe {

// The answer to one GET on the admin port.
struct AdminReply {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Provides the contents of the admin port. Called on the control thread.
class AdminPages {
 public:
  virtual ~AdminPages() = default;
  [[nodiscard]] virtual AdminReply health() = 0;
  [[nodiscard]] virtual AdminReply readiness() = 0;
  [[nodiscard]] virtual AdminReply metrics() = 0;
  // Returns the last hour in points, and the effective configuration without its secrets.
  [[nodiscard]] virtual AdminReply history() = 0;
  [[nodiscard]] virtual AdminReply configuration() = 0;
  // Returns the status. A coroutine, because it asks every shard.
  [[nodiscard]] virtual Task<AdminReply> status() = 0;
};

// Serves people, probes and scrapers over HTTP: the status page, the contents of AdminPages, and
// /stream, which sends the status once a second and the events of `feed` as they are settled.
//
// Problem: an orchestrator ends a process whose probe gets no answer, so nobody may be able to keep
// probes out. Solution: a new connection is always accepted. Beyond kMostSessions the session that
// has waited longest for a request, or else for its client to read, is closed for it. Watchers of
// /stream do not count; the feed bounds their number. Because this is off the event path, Beast
// does it. Owned by the control thread.
class AdminServer {
 public:
  // The most connections that are not watching /stream.
  static constexpr std::size_t kMostSessions = 64;

  // Binds the address. Throws boost::system::system_error.
  AdminServer(asio::io_context& context, const tcp::endpoint& at, AdminPages& pages,
              EventFeed& feed, Supervisor& supervisor, AdminAccess access);
  ~AdminServer();

  void start();
  // Starts again what was dropped for want of memory.
  void revive() {
    part_.revive([this] { start(); });
  }
  // Closes the listener and every connection.
  void stop();
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  class Session;
  [[nodiscard]] Task<void> accept_loop();
  // Closes a session if there are too many.
  void make_room();
  // Starts to send the status once a second while somebody watches /stream for it.
  void start_telling_status();
  [[nodiscard]] Task<void> tell_status();

  asio::io_context& context_;
  AdminPages& pages_;
  EventFeed& feed_;
  Supervisor::Part part_;
  const AdminAccess access_;
  Acceptor listener_;
  std::uint16_t port_ = 0;
  std::vector<Session*> open_;
  LogLimiter crowded_;
  LogLimiter refused_;
  Timer status_timer_;
  bool telling_status_ = false;
};

}  // namespace gateway::observe
