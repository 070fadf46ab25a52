#include "demo/embedded_eventbus.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <string_view>
#include <utility>

#include "demo/request_stream.hpp"
#include "runtime/asio.hpp"

namespace gateway::demo {
namespace {

// An exception in a coroutine ends the demonstration: it leaves through io_context::run().
constexpr auto kRethrow = [](const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
};
constexpr std::size_t kReadSize = std::size_t{64} << 10;

constexpr std::string_view kAccepted = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kUnwanted =
    "HTTP/1.1 422 Unprocessable Content\r\nContent-Length: 34\r\n\r\n"
    "refused, as the demonstration asks";
constexpr std::string_view kRefused =
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

}  // namespace

EmbeddedEventbus::EmbeddedEventbus(asio::io_context& context, Callback on_events,
                                   const asio::ip::tcp::endpoint& at)
    : context_(context), on_events_(std::move(on_events)), acceptor_(context, at) {
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
  RequestStream requests;
  std::string answers;  // of pipelined requests, to leave in one write
  bool open = true;
  while (open) {
    const auto state = requests.next();
    if (state == RequestStream::State::complete) {
      const auto received = read_events(requests.request());
      const bool unwanted = refuse_every_ != 0 && ++requests_ % refuse_every_ == 0;
      if (received && !unwanted) on_events_(requests.request(), *received);
      open = received && requests.keep_alive();
      if (received) {
        answers += unwanted ? kUnwanted : kAccepted;
      } else {
        answers += kRefused;
      }
      if (open && requests.has_more()) continue;
    } else if (state == RequestStream::State::malformed) {
      answers += kRefused;
      open = false;
    }
    if (!answers.empty()) {
      auto [error, written] = co_await asio::async_write(*socket, asio::buffer(answers), tuple);
      static_cast<void>(written);
      if (error) break;
      answers.clear();
    }
    if (open) {
      auto [error, size] = co_await socket->async_read_some(requests.prepare(kReadSize), tuple);
      if (error) break;
      requests.commit(size);
    }
  }
  boost::system::error_code ignored;  // the peer may have gone first
  socket->shutdown(Socket::shutdown_send, ignored);
}

}  // namespace gateway::demo
