#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

#include "gateway/observe/admin_access.hpp"
#include "gateway/observe/event_feed.hpp"
#include "runtime/asio.hpp"
#include "runtime/occasional.hpp"
#include "runtime/supervisor.hpp"

namespace gateway::observe {

// The answer to one GET on the admin port.
struct AdminReply {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// What the admin port shows. Called on the control thread.
class AdminPages {
 public:
  virtual ~AdminPages() = default;
  [[nodiscard]] virtual AdminReply health() = 0;
  [[nodiscard]] virtual AdminReply readiness() = 0;
  [[nodiscard]] virtual AdminReply metrics() = 0;
  // The last hour in points, and the configuration in effect without its secrets.
  [[nodiscard]] virtual AdminReply history() = 0;
  [[nodiscard]] virtual AdminReply configuration() = 0;
  // A coroutine: it asks every shard.
  [[nodiscard]] virtual Task<AdminReply> status() = 0;
};

// A small HTTP server for people, probes and scrapers: the status page, what AdminPages shows, and
// /stream, which tells the status once a second and events of `feed` as they are settled.
//
// A probe that gets no answer has an orchestrator end the process, so that nobody may keep probes
// out: a new connection is always taken. Beyond kMostSessions the one that has been waiting longest
// for a request, or else for its client to read, is closed for it. Whoever is at /stream does not
// count among these; the feed bounds their number. Off the event path, so Beast does it. Owned by
// the control thread.
class AdminServer {
 public:
  // Connections that are not at /stream.
  static constexpr std::size_t kMostSessions = 64;

  // Binds. Throws boost::system::system_error.
  AdminServer(asio::io_context& context, const tcp::endpoint& at, AdminPages& pages,
              EventFeed& feed, Supervisor& supervisor, AdminAccess access);
  ~AdminServer();

  void start();
  // Closes the listener and every connection.
  void stop();
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  class Session;
  [[nodiscard]] Task<void> accept_loop();
  // Closes a session if there are too many.
  void make_room();
  // The status once a second, while somebody at /stream wants it.
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
  Occasional crowded_;
  Occasional refused_;
  Timer status_timer_;
  bool telling_status_ = false;
};

}  // namespace gateway::observe
