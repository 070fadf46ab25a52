#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "demo/received_event.hpp"

namespace gateway::demo {

// A small CloudEvents receiver for demonstrations and tests: HTTP/1.1, by default on 127.0.0.1 at a
// free port, with keep-alive and pipelined requests; answers 200 to whatever carries CloudEvents
// and 400 to the rest. Everything, the callback included, happens on the thread that runs
// `context`. Must live until `context` has stopped.
class EmbeddedEventbus {
 public:
  using Callback = std::function<void(const ReceivedRequest&, const ReceivedEvents&)>;

  // Listens at once. Throws boost::system::system_error if that fails.
  EmbeddedEventbus(boost::asio::io_context& context, Callback on_events,
                   const boost::asio::ip::tcp::endpoint& at = {
                       boost::asio::ip::address_v4::loopback(), 0});

  // Answers 422 to every `n`th request, so that failures can be seen; 0: to none.
  void refuse_every(std::uint64_t n) noexcept { refuse_every_ = n; }

  [[nodiscard]] std::uint16_t port() const;
  // Accepts no more connections and closes those it has.
  void stop();

 private:
  using Socket = boost::asio::ip::tcp::socket;

  boost::asio::awaitable<void> accept_loop();
  boost::asio::awaitable<void> serve(std::shared_ptr<Socket> socket);

  boost::asio::io_context& context_;
  Callback on_events_;
  std::uint64_t refuse_every_ = 0;
  std::uint64_t requests_ = 0;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::vector<std::weak_ptr<Socket>> sockets_;
};

}  // namespace gateway::demo
