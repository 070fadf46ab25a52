#include "support/scripted_http_server.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

namespace gateway::test {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

struct ScriptedHttpServer::Connection {
  Connection(std::size_t n, int fd) : number(n), socket(context, tcp::v4(), fd) {}
  std::size_t number;
  asio::io_context context;
  tcp::socket socket;
  std::thread thread;
};

struct ScriptedHttpServer::Tls {
  asio::ssl::context context{asio::ssl::context::tls_server};
};

ScriptedHttpServer::ScriptedHttpServer() : listener_(bind_loopback(port_)) {
  start();
}

ScriptedHttpServer::ScriptedHttpServer(const ServerIdentity& identity)
    : listener_(bind_loopback(port_)), tls_(std::make_unique<Tls>()) {
  tls_->context.use_certificate(asio::buffer(identity.certificate), asio::ssl::context::pem);
  tls_->context.use_private_key(asio::buffer(identity.key), asio::ssl::context::pem);
  start();
}

ScriptedHttpServer::ScriptedHttpServer(const ServerIdentity& identity, const std::string& client_ca)
    : ScriptedHttpServer(identity) {
  tls_->context.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  tls_->context.load_verify_file(client_ca);
  // Without it OpenSSL lets no session with a client's certificate be resumed.
  const unsigned char id[] = "test";
  SSL_CTX_set_session_id_context(tls_->context.native_handle(), id, sizeof id);
}

void ScriptedHttpServer::start() {
  if (::listen(listener_.fd(), SOMAXCONN) != 0) {
    throw std::system_error(errno, std::generic_category(), "listen");
  }
  thread_ = std::thread([this] { accept_all(); });
}

ScriptedHttpServer::~ScriptedHttpServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ::shutdown(listener_.fd(), SHUT_RDWR);
  }
  thread_.join();
  {
    const std::lock_guard lock(mutex_);
    for (Connection& connection : connections_) {
      if (connection.socket.is_open()) {
        ::shutdown(connection.socket.native_handle(), SHUT_RDWR);
      }
    }
  }
  for (Connection& connection : connections_) connection.thread.join();
}

void ScriptedHttpServer::script(Script script) {
  const std::lock_guard lock(mutex_);
  script_ = std::move(script);
}

void ScriptedHttpServer::next(Action action) {
  const std::lock_guard lock(mutex_);
  next_.push_back(std::move(action));
}

std::vector<ReceivedRequest> ScriptedHttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t ScriptedHttpServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

std::size_t ScriptedHttpServer::resumptions() const {
  const std::lock_guard lock(mutex_);
  return resumptions_;
}

bool ScriptedHttpServer::wait_for_closed(std::size_t count) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return closed_ >= count; });
}

void ScriptedHttpServer::accept_all() {
  for (;;) {
    pollfd waiting{listener_.fd(), POLLIN, 0};
    ::poll(&waiting, 1, -1);
    const int fd = ::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      if (fd >= 0) ::close(fd);
      return;
    }
    if (fd < 0) continue;
    Connection& connection = connections_.emplace_back(connections_.size(), fd);
    connection.thread = std::thread([this, &connection] { serve(connection); });
  }
}

void ScriptedHttpServer::serve(Connection& connection) {
  if (tls_) {
    asio::ssl::stream<tcp::socket&> stream(connection.socket, tls_->context);
    error_code error;
    stream.handshake(asio::ssl::stream_base::server, error);
    if (!error) {
      if (SSL_session_reused(stream.native_handle()) == 1) {
        const std::lock_guard lock(mutex_);
        ++resumptions_;
      }
      converse(stream, connection);
    }
  } else {
    converse(connection.socket, connection);
  }
  const std::lock_guard lock(mutex_);
  error_code ignored;
  connection.socket.close(ignored);
  ++closed_;
  changed_.notify_all();
}

template <class Stream>
void ScriptedHttpServer::converse(Stream& stream, Connection& connection) {
  boost::beast::flat_buffer buffer;
  for (;;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    error_code error;
    http::read(stream, buffer, parser, error);
    if (error) return;
    const auto message = parser.release();
    ReceivedRequest request;
    request.connection = connection.number;
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    for (const auto& field : message) {
      request.headers.add(std::string(field.name_string()), std::string(field.value()));
    }
    request.body = message.body();

    const Action action = take_action(std::move(request));
    asio::write(stream, asio::buffer(action.bytes), error);
    if (error) return;
    switch (action.then) {
      case Action::Then::keep: break;
      case Action::Then::hang: {
        // Until the client, or the server's end, closes it.
        std::array<char, 256> rest{};
        while (!error) stream.read_some(asio::buffer(rest), error);
        return;
      }
      case Action::Then::close:
        connection.socket.shutdown(tcp::socket::shutdown_both, error);
        return;
      case Action::Then::reset:
        connection.socket.set_option(asio::socket_base::linger(true, 0), error);
        return;
    }
  }
}

Action ScriptedHttpServer::take_action(ReceivedRequest request) {
  Script script;
  {
    const std::lock_guard lock(mutex_);
    request.index = requests_.size();
    requests_.push_back(request);
    if (!next_.empty()) {
      Action action = std::move(next_.front());
      next_.pop_front();
      return action;
    }
    script = script_;
  }
  return script ? script(request) : reply(200);
}

}  // namespace gateway::test
