#include "gateway/observe/admin_server.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/system/system_error.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "events/ascii.hpp"
#include "gateway/egress/eventbus/link_facts.hpp"
#include "gateway/observe/event_stream.hpp"
#include "gateway/observe/page.hpp"
#include "gateway/version.hpp"
#include "runtime/bind_listener.hpp"
#include "runtime/log.hpp"

namespace gateway::observe {
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

// The limit for receiving a whole request, and for a client to accept an answer.
constexpr std::chrono::seconds kIdle{30};
constexpr std::chrono::seconds kStatusEvery{1};
// The limit for reading past what nobody wants.
constexpr std::chrono::seconds kLinger{2};

using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

std::string_view field(const Request& request, http::field name) noexcept {
  const auto value = request[name];
  return {value.data(), value.size()};
}

// Of a target that is a whole URI (RFC 9112 section 3.2.2) likewise.
std::string_view path_of(const Request& request) noexcept {
  constexpr std::string_view kScheme = "http://";
  std::string_view target(request.target().data(), request.target().size());
  if (equals_ignoring_case(target.substr(0, kScheme.size()), kScheme)) {
    target.remove_prefix(std::min(target.find('/', kScheme.size()), target.size()));
  }
  return target.substr(0, target.find('?'));
}

// Returns the answer to what is no request, or nullopt if the client has gone or says nothing.
std::optional<AdminReply> reply_to_bad(const error_code& error) {
  if (error.category() != http::make_error_code(http::error::bad_method).category() ||
      error == http::error::end_of_stream || error == http::error::partial_message) {
    return std::nullopt;
  }
  AdminReply reply;
  const bool large = error == http::error::header_limit || error == http::error::buffer_overflow;
  reply.status = large ? 431 : 400;
  reply.body =
      "this port speaks plain HTTP/1.1, with heads of 8 KiB at most: " + error.message() + '\n';
  return reply;
}

}  // namespace

class AdminServer::Session {
 public:
  // Is among the open ones while it lives.
  Session(AdminServer& server, Socket socket) : server_(server), stream_(std::move(socket)) {
    server_.open_.push_back(this);
  }
  ~Session() { std::erase(server_.open_, this); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] Task<void> run() {
    beast::flat_buffer buffer;
    for (;;) {
      wait_for(State::request);
      http::request_parser<http::empty_body> parser;
      parser.header_limit(8192);
      parser.body_limit(boost::none);
      stream_.expires_after(kIdle);
      [[maybe_unused]] auto [read_error, read_size] =
          co_await http::async_read_header(stream_, buffer, parser, tuple);
      if (read_error) {
        if (auto reply = reply_to_bad(read_error)) co_await turn_away(std::move(*reply));
        break;
      }
      // Content means nothing here: it is not read, and the connection ends with the answer.
      const bool has_content = !parser.is_done();
      Request request = parser.release();
      if (has_content) request.keep_alive(false);
      const auto verdict =
          server_.access_.judge(path_of(request), field(request, http::field::host),
                                field(request, http::field::authorization));
      const bool allowed = verdict == AdminAccess::Verdict::allowed;
      if (allowed && request.method() == http::verb::get && path_of(request) == "/stream") {
        const bool served = co_await watch(request);
        if (served) break;
      }
      Response response;
      if (allowed) {
        response = co_await answer(request);
      } else {
        response = refuse(request, verdict);
      }
      const bool keep_alive = response.keep_alive();
      wait_for(State::reader);
      stream_.expires_after(kIdle);
      [[maybe_unused]] auto [write_error, written] =
          co_await http::async_write(stream_, response, tuple);
      if (write_error) break;
      if (has_content) co_await linger();
      if (!keep_alive) break;
    }
    error_code ignored;
    stream_.socket().shutdown(Socket::shutdown_both, ignored);
  }

  // What the session waits for. The session that has waited longest is closed to make room for
  // others.
  enum class State : std::uint8_t { request, reader, watching, closed };
  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] Instant waiting_since() const noexcept { return since_; }

  void close() {
    state_ = State::closed;
    stream_.close();
    if (watcher_ != nullptr) watcher_->arrived.notify_all();
  }

 private:
  // A watcher is attached to the feed while this lives, if there is room for it, and `here` then
  // points to it. It ends with its coroutine, however that ends.
  class Attachment {
   public:
    Attachment(EventFeed& feed, Watcher& watcher, Watcher*& here) : feed_(feed), here_(here) {
      if (feed_.attach(watcher)) here_ = &watcher;
    }
    ~Attachment() {
      if (here_ != nullptr) feed_.detach(*std::exchange(here_, nullptr));
    }
    Attachment(const Attachment&) = delete;
    Attachment& operator=(const Attachment&) = delete;

   private:
    EventFeed& feed_;
    Watcher*& here_;
  };

  // Serves /stream. Returns false if there are too many watchers already.
  [[nodiscard]] Task<bool> watch(const Request& request) {
    const std::string_view target(request.target().data(), request.target().size());
    Watcher watcher(stream_.get_executor(), wants_status(target));
    const Attachment attachment(server_.feed_, watcher, watcher_);
    if (watcher_ == nullptr) co_return false;
    wait_for(State::watching);
    if (watcher.wants_status) server_.start_telling_status();
    co_await serve_stream(stream_, watcher);
    co_return true;
  }

  [[nodiscard]] Task<void> turn_away(AdminReply reply) {
    Request unread;
    unread.version(11);
    unread.keep_alive(false);
    Response response = respond(unread, std::move(reply));
    stream_.expires_after(kIdle);
    [[maybe_unused]] auto [error, written] = co_await http::async_write(stream_, response, tuple);
    if (!error) co_await linger();
  }

  // Reads past what the client still sends: if the connection were closed at once, the client would
  // be told that before it has read its answer (RFC 9112 section 9.6).
  [[nodiscard]] Task<void> linger() {
    error_code error;
    stream_.socket().shutdown(Socket::shutdown_send, error);
    stream_.expires_after(kLinger);
    while (!error) {
      [[maybe_unused]] auto [read_error, size] =
          co_await stream_.async_read_some(asio::buffer(unwanted_), tuple);
      error = read_error;
    }
  }

  void wait_for(State state) noexcept {
    if (state_ != State::closed) state_ = state;
    since_ = std::chrono::steady_clock::now();
  }

  [[nodiscard]] Response refuse(const Request& request, AdminAccess::Verdict verdict) {
    const bool host = verdict == AdminAccess::Verdict::wrong_host;
    if (const auto times = server_.refused_.occurred(std::chrono::steady_clock::now())) {
      log::warn(host ? "the admin port was asked under another host than gateway.admin_host"
                     : "the admin port was asked without gateway.admin_token",
                {{"times", *times}});
    }
    AdminReply reply;
    reply.status = host ? 421 : 401;
    reply.body = host ? "this page is served under gateway.admin_host only\n"
                      : "gateway.admin_token is needed: as a bearer token, or as the password\n";
    Response response = respond(request, std::move(reply));
    if (!host) {
      response.set(http::field::www_authenticate,
                   R"(Basic realm="cos-gateway", Bearer realm="cos-gateway")");
    }
    return response;
  }

  [[nodiscard]] Task<Response> answer(const Request& request) {
    AdminReply reply;
    const bool head = request.method() == http::verb::head;
    const std::string_view path = path_of(request);
    bool read_only = true;
    if (request.method() != http::verb::get && !head) {
      reply.status = 405;
      reply.body = "only GET and HEAD are served here; posts are taken on gateway.listen\n";
      read_only = false;
    } else if (path == "/healthz") {
      reply = server_.pages_.health();
    } else if (path == "/readyz") {
      reply = server_.pages_.readiness();
    } else if (path == "/metrics") {
      reply = server_.pages_.metrics();
    } else if (path == "/status") {
      reply = co_await server_.pages_.status();
    } else if (path == "/history") {
      reply = server_.pages_.history();
    } else if (path == "/config") {
      reply = server_.pages_.configuration();
    } else if (path == "/") {
      reply.content_type = "text/html; charset=utf-8";
      reply.body = page_html();
    } else if (path == "/stream" && head) {
      reply.content_type = "text/event-stream";
    } else if (path == "/stream") {  // it would be served by now
      reply.status = 503;
      reply.body = "there are " + std::to_string(EventFeed::kMostWatchers) +
                   " at /stream already, as many as there may be; try again when one has gone\n";
      note_refused_watcher();
    } else {
      reply.status = 404;
      reply.body =
          "there are /, /healthz, /readyz, /metrics, /status, /history, /config and /stream\n";
    }
    Response response = respond(request, std::move(reply));
    if (path == "/") {
      response.set("Content-Security-Policy", page_policy());
      response.set("Referrer-Policy", "no-referrer");
    }
    if (path == "/stream") response.set(http::field::retry_after, "10");
    if (!read_only) response.set(http::field::allow, "GET, HEAD");
    co_return response;
  }

  void note_refused_watcher() {
    if (const auto times = server_.refused_.occurred(std::chrono::steady_clock::now())) {
      log::warn("/stream of the admin port has as many watchers as there may be",
                {{"watchers", EventFeed::kMostWatchers}, {"times", *times}});
    }
  }

  [[nodiscard]] static Response respond(const Request& request, AdminReply reply) {
    Response response(static_cast<http::status>(reply.status), request.version());
    response.set(http::field::server, std::string("cos-gateway/") + kVersion);
    response.set(http::field::content_type, reply.content_type);
    response.set(http::field::cache_control, "no-store");
    response.set("X-Content-Type-Options", "nosniff");
    response.keep_alive(request.keep_alive());
    response.body() = std::move(reply.body);
    response.prepare_payload();
    if (request.method() == http::verb::head) response.body().clear();
    return response;
  }

  AdminServer& server_;
  AdminStream stream_;
  std::array<char, 4096> unwanted_{};
  Watcher* watcher_ = nullptr;  // of the stream that is served now
  State state_ = State::request;
  Instant since_ = std::chrono::steady_clock::now();
};

AdminServer::AdminServer(asio::io_context& context, const tcp::endpoint& at, AdminPages& pages,
                         EventFeed& feed, Supervisor& supervisor, AdminAccess access)
    : context_(context),
      pages_(pages),
      feed_(feed),
      part_(supervisor, "admin listener"),
      access_(std::move(access)),
      listener_(context.get_executor()),
      status_timer_(context.get_executor()) {
  const error_code error = bind_listener(listener_, at);
  if (error) throw boost::system::system_error(error);
  listener_.listen();
  port_ = listener_.local_endpoint().port();
}

AdminServer::~AdminServer() = default;

void AdminServer::start() {
  const auto run = [this] { return accept_loop(); };
  const auto holds_nothing = [] {};
  const auto stopping = [this] { return !listener_.is_open(); };
  asio::co_spawn(context_.get_executor(),
                 keep_running(part_, context_.get_executor(), run, holds_nothing, stopping),
                 asio::detached);
}

void AdminServer::stop() {
  error_code ignored;
  listener_.close(ignored);
  status_timer_.cancel();
  for (Session* session : open_) session->close();
}

void AdminServer::start_telling_status() {
  if (std::exchange(telling_status_, true)) return;
  asio::co_spawn(context_.get_executor(), tell_status(), [](const std::exception_ptr& error) {
    if (error) log::internal_error("status stream", error);
  });
}

Task<void> AdminServer::tell_status() {
  // However this ends, the next watcher may have it started again.
  struct End {
    bool& telling;
    ~End() { telling = false; }
  };
  const End end{telling_status_};
  while (listener_.is_open() && feed_.status_wanted()) {
    status_timer_.expires_after(kStatusEvery);
    const AdminReply status = co_await pages_.status();
    feed_.tell_status(status.body);
    if (!listener_.is_open()) break;
    co_await status_timer_.async_wait(tuple);
  }
}

Task<void> AdminServer::accept_loop() {
  Timer pause(context_.get_executor());
  while (listener_.is_open()) {
    auto [error, socket] = co_await listener_.async_accept(tuple);
    if (!listener_.is_open()) break;
    if (error) {
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(tuple);
      continue;
    }
    // A watcher that has vanished without a word would keep its place as long as the kernel tries.
    egress::notice_silence(socket.native_handle(), kIdle);
    make_room();
    auto session = std::make_shared<Session>(*this, std::move(socket));
    asio::co_spawn(context_.get_executor(), session->run(),
                   [session](const std::exception_ptr& failure) {
                     if (failure) log::internal_error("admin connection", failure);
                   });
  }
}

void AdminServer::make_room() {
  using State = Session::State;
  std::size_t counted = 0;
  Session* longest = nullptr;
  for (Session* const session : open_) {
    if (session->state() == State::watching || session->state() == State::closed) continue;
    ++counted;
    // Sessions without a request come before those with one.
    const auto rank = [](const Session& it) {
      return std::pair(it.state() != State::request, it.waiting_since());
    };
    if (longest == nullptr || rank(*session) < rank(*longest)) longest = session;
  }
  if (counted < kMostSessions) return;
  longest->close();
  if (const auto times = crowded_.occurred(std::chrono::steady_clock::now())) {
    log::warn("the admin port has too many connections; those that wait longest are closed",
              {{"connections", counted}, {"times", *times}});
  }
}

}  // namespace gateway::observe
