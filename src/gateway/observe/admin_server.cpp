#include "gateway/observe/admin_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <utility>

#include "gateway/observe/event_stream.hpp"
#include "gateway/observe/page.hpp"
#include "gateway/version.hpp"
#include "runtime/log.hpp"

namespace gateway::observe {
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr std::size_t kMostSessions = 64;
constexpr std::chrono::seconds kIdle{30};
constexpr std::chrono::seconds kStatusEvery{1};

using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

std::string_view path_of(const Request& request) noexcept {
  const std::string_view target(request.target().data(), request.target().size());
  return target.substr(0, target.find('?'));
}

}  // namespace

class AdminServer::Session {
 public:
  Session(AdminServer& server, Socket socket) : server_(server), stream_(std::move(socket)) {}

  [[nodiscard]] Task<void> run() {
    beast::flat_buffer buffer;
    for (;;) {
      http::request_parser<http::empty_body> parser;
      parser.header_limit(8192);
      parser.body_limit(0);
      stream_.expires_after(kIdle);
      auto [read_error, read_size] = co_await http::async_read(stream_, buffer, parser, tuple);
      static_cast<void>(read_size);
      if (read_error) break;
      const Request request = parser.release();
      if (request.method() == http::verb::get && path_of(request) == "/stream") {
        const bool served = co_await watch(request);
        if (served) break;
      }
      Response response = co_await answer(request);
      const bool keep_alive = response.keep_alive();
      stream_.expires_after(kIdle);
      auto [write_error, written] = co_await http::async_write(stream_, response, tuple);
      static_cast<void>(written);
      if (write_error || !keep_alive) break;
    }
    error_code ignored;
    stream_.socket().shutdown(Socket::shutdown_both, ignored);
  }

  void close() {
    stream_.close();
    if (watcher_ != nullptr) watcher_->arrived.notify_all();
  }

 private:
  // False if there are watchers enough.
  [[nodiscard]] Task<bool> watch(const Request& request) {
    const std::string_view target(request.target().data(), request.target().size());
    Watcher watcher(stream_.get_executor(), wants_status(target));
    if (!server_.feed_.attach(watcher)) co_return false;
    watcher_ = &watcher;
    if (watcher.wants_status) server_.start_telling_status();
    co_await serve_stream(stream_, watcher);
    watcher_ = nullptr;
    server_.feed_.detach(watcher);
    co_return true;
  }

  [[nodiscard]] Task<Response> answer(const Request& request) {
    AdminReply reply;
    const bool head = request.method() == http::verb::head;
    const std::string_view path = path_of(request);
    bool read_only = true;
    if (request.method() != http::verb::get && !head) {
      reply.status = 405;
      reply.body = "only GET and HEAD are served here\n";
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
    } else if (path == "/stream") {  // by GET it would be served by now
      reply.content_type = "text/event-stream";
      reply.status = head ? 200 : 503;
    } else {
      reply.status = 404;
      reply.body =
          "there are /, /healthz, /readyz, /metrics, /status, /history, /config and /stream\n";
    }
    Response response(static_cast<http::status>(reply.status), request.version());
    response.set(http::field::server, std::string("cos-gateway/") + kVersion);
    response.set(http::field::content_type, reply.content_type);
    response.set(http::field::cache_control, "no-store");
    response.set("X-Content-Type-Options", "nosniff");
    if (path == "/") {
      response.set("Content-Security-Policy", page_policy());
      response.set("Referrer-Policy", "no-referrer");
    }
    if (!read_only) response.set(http::field::allow, "GET, HEAD");
    response.keep_alive(request.keep_alive());
    response.body() = std::move(reply.body);
    response.prepare_payload();
    if (head) response.body().clear();
    co_return response;
  }

  AdminServer& server_;
  AdminStream stream_;
  Watcher* watcher_ = nullptr;  // of the stream that is served now
};

AdminServer::AdminServer(asio::io_context& context, const tcp::endpoint& at, AdminPages& pages,
                         EventFeed& feed)
    : context_(context),
      pages_(pages),
      feed_(feed),
      listener_(context.get_executor()),
      status_timer_(context.get_executor()) {
  listener_.open(at.protocol());
  listener_.set_option(Acceptor::reuse_address(true));
  if (at.address().is_v6()) listener_.set_option(asio::ip::v6_only(false));
  listener_.bind(at);
  listener_.listen();
  port_ = listener_.local_endpoint().port();
}

AdminServer::~AdminServer() = default;

void AdminServer::start() {
  asio::co_spawn(context_.get_executor(), accept_loop(), [](const std::exception_ptr& error) {
    if (error) log::internal_error("admin listener", error);
  });
}

void AdminServer::stop() {
  error_code ignored;
  listener_.close(ignored);
  status_timer_.cancel();
  for (Session* session : open_) session->close();
}

void AdminServer::start_telling_status() {
  if (telling_status_) return;
  telling_status_ = true;
  asio::co_spawn(context_.get_executor(), tell_status(), [this](const std::exception_ptr& error) {
    if (error) log::internal_error("status stream", error);
    telling_status_ = false;
  });
}

Task<void> AdminServer::tell_status() {
  while (listener_.is_open() && feed_.status_wanted()) {
    status_timer_.expires_after(kStatusEvery);
    const AdminReply status = co_await pages_.status();
    feed_.tell_status(status.body);
    if (!listener_.is_open()) break;
    co_await status_timer_.async_wait(tuple);
  }
  telling_status_ = false;  // here already: the next watcher may come before this coroutine is gone
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
    if (open_.size() >= kMostSessions) continue;  // `socket` closes
    auto session = std::make_shared<Session>(*this, std::move(socket));
    open_.push_back(session.get());
    asio::co_spawn(context_.get_executor(), session->run(),
                   [this, session](const std::exception_ptr& failure) {
                     if (failure) log::internal_error("admin connection", failure);
                     std::erase(open_, session.get());
                   });
  }
}

}  // namespace gateway::observe
