#include "demo/embedded_eventbus.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>

#include "runtime/asio.hpp"

namespace gateway::demo {
namespace {

namespace http = boost::beast::http;

using Parser = http::request_parser<http::string_body>;

// An exception in a coroutine ends the demonstration: it leaves through io_context::run().
constexpr auto kRethrow = [](const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
};
constexpr std::size_t kReadSize = std::size_t{64} << 10;
constexpr std::uint64_t kMaxBody = std::uint64_t{64} << 20;  // batches of large records

constexpr std::string_view kAccepted = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kRefused =
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

enum class Progress { complete, needs_more, malformed };

// Feeds what is buffered to the parser. Done by hand rather than with http::async_read, which
// goes through the event loop once per message even if the next ones have arrived already.
Progress advance(Parser& parser, boost::beast::flat_buffer& buffer) {
  while (!parser.is_done() && buffer.size() != 0) {
    boost::system::error_code error;
    const std::size_t used = parser.put(buffer.data(), error);
    buffer.consume(used);
    if (error == http::error::need_more) return Progress::needs_more;
    if (error) return Progress::malformed;
  }
  return parser.is_done() ? Progress::complete : Progress::needs_more;
}

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

ReceivedRequest describe(const Parser::value_type& message) {
  ReceivedRequest request;
  request.method = view(message.method_string());
  request.target = view(message.target());
  for (const auto& field : message) {
    request.headers.emplace_back(view(field.name_string()), view(field.value()));
  }
  request.body = message.body();
  request.arrived = std::chrono::steady_clock::now();
  return request;
}

}  // namespace

EmbeddedEventbus::EmbeddedEventbus(asio::io_context& context, Callback on_events)
    : context_(context),
      on_events_(std::move(on_events)),
      acceptor_(context, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
  asio::co_spawn(context_, accept_loop(), kRethrow);
}

std::uint16_t EmbeddedEventbus::port() const {
  return acceptor_.local_endpoint().port();
}

void EmbeddedEventbus::stop() {
  boost::system::error_code ignored;  // it is going away in any case
  acceptor_.close(ignored);
  for (const auto& weak : sockets_) {
    if (const auto socket = weak.lock()) socket->close(ignored);
  }
}

asio::awaitable<void> EmbeddedEventbus::accept_loop() {
  while (acceptor_.is_open()) {
    auto [error, accepted] = co_await acceptor_.async_accept(tuple);
    if (error == asio::error::connection_aborted) continue;  // the client was quicker
    if (error) co_return;
    accepted.set_option(asio::ip::tcp::no_delay(true), error);
    auto socket = std::make_shared<Socket>(std::move(accepted));
    std::erase_if(sockets_, [](const std::weak_ptr<Socket>& it) { return it.expired(); });
    sockets_.push_back(socket);
    asio::co_spawn(context_, serve(std::move(socket)), kRethrow);
  }
}

asio::awaitable<void> EmbeddedEventbus::serve(std::shared_ptr<Socket> socket) {
  boost::beast::flat_buffer buffer;
  std::optional<Parser> parser;
  std::string answers;  // of pipelined requests, to leave in one write
  bool open = true;
  while (open) {
    if (!parser) {
      parser.emplace();
      parser->eager(true);
      parser->body_limit(kMaxBody);
    }
    const Progress progress = advance(*parser, buffer);
    if (progress == Progress::complete) {
      const ReceivedRequest request = describe(parser->get());
      const auto received = read_events(request);
      if (received) on_events_(request, *received);
      open = received && parser->keep_alive();
      answers += received ? kAccepted : kRefused;
      parser.reset();
    } else if (progress == Progress::malformed) {
      answers += kRefused;
      open = false;
    }
    if (open && progress == Progress::complete && buffer.size() != 0) continue;
    if (!answers.empty()) {
      auto [error, written] = co_await asio::async_write(*socket, asio::buffer(answers), tuple);
      static_cast<void>(written);
      if (error) break;
      answers.clear();
    }
    if (open) {
      auto [error, size] = co_await socket->async_read_some(buffer.prepare(kReadSize), tuple);
      if (error) break;
      buffer.commit(size);
    }
  }
  boost::system::error_code ignored;  // the peer may have gone first
  socket->shutdown(Socket::shutdown_send, ignored);
}

}  // namespace gateway::demo
