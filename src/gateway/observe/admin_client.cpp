#include "gateway/observe/admin_client.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <csignal>
#include <exception>
#include <optional>
#include <stdexcept>

#include "gateway/observe/event_stream_reader.hpp"
#include "runtime/asio.hpp"
#include "runtime/host_port.hpp"

namespace gateway::observe {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using Stream = beast::basic_stream<tcp, Executor>;

constexpr std::size_t kMostBody = std::size_t{16} << 20;
constexpr std::size_t kReadSize = std::size_t{16} << 10;
constexpr std::chrono::seconds kConnectLimit{5};
// The gateway says something at least every ten seconds.
constexpr std::chrono::seconds kSilence{30};

// One request on a connection of its own.
class Conversation {
 public:
  Conversation(asio::io_context& context, const config::HostPort& at, const Secret& token)
      : at_(at),
        token_(token),
        resolver_(context.get_executor()),
        stream_(context.get_executor()) {}

  void close() {
    resolver_.cancel();
    stream_.close();
  }
  [[nodiscard]] Stream& stream() noexcept { return stream_; }
  [[nodiscard]] beast::flat_buffer& buffer() noexcept { return buffer_; }

  // Connects and sends GET; `limit` holds for all that follows on the stream.
  [[nodiscard]] Task<error_code> ask(std::string target, std::chrono::milliseconds limit) {
    stream_.expires_after(limit);
    auto [lookup_error, found] =
        co_await resolver_.async_resolve(at_.host, std::to_string(at_.port), tuple);
    if (lookup_error) co_return lookup_error;
    error_code connect_error = asio::error::host_not_found;
    for (const auto& entry : found) {
      const tcp::endpoint endpoint = entry.endpoint();
      auto [error] = co_await stream_.async_connect(endpoint, tuple);
      connect_error = error;
      if (!error) break;
      stream_.socket().close(error);
    }
    if (connect_error) co_return connect_error;
    http::request<http::empty_body> request(http::verb::get, target, 11);
    request.set(http::field::host, at_.host + ":" + std::to_string(at_.port));
    if (!token_.empty()) request.set(http::field::authorization, "Bearer " + token_.reveal());
    auto [write_error, written] = co_await http::async_write(stream_, request, tuple);
    static_cast<void>(written);
    co_return write_error;
  }

 private:
  const config::HostPort at_;
  const Secret token_;
  asio::ip::basic_resolver<tcp, Executor> resolver_;
  Stream stream_;
  beast::flat_buffer buffer_;
};

Task<void> fetch(Conversation& conversation, std::string target, std::chrono::milliseconds limit,
                 AdminClient::Answer& answer) {
  error_code failure = co_await conversation.ask(std::move(target), limit);
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMostBody);
  if (!failure) {
    auto [error, size] =
        co_await http::async_read(conversation.stream(), conversation.buffer(), parser, tuple);
    static_cast<void>(size);
    failure = error;
  }
  if (failure) {
    answer.error = failure.message();
  } else {
    answer.status = parser.get().result_int();
    answer.body = std::move(parser.get().body());
  }
}

Task<void> read_events(Conversation& conversation, std::string target,
                       const AdminClient::OnEvent& on_event, AdminClient::Followed& followed) {
  error_code failure = co_await conversation.ask(std::move(target), kConnectLimit);
  http::response_parser<http::string_body> head;
  head.body_limit(kMostBody);
  if (!failure) {
    auto [error, size] =
        co_await http::async_read_header(conversation.stream(), conversation.buffer(), head, tuple);
    static_cast<void>(size);
    failure = error;
  }
  if (failure) {
    followed.error = failure.message();
    co_return;
  }
  if (head.get().result() != http::status::ok) {
    followed.end = AdminClient::End::refused;
    auto [error, size] =
        co_await http::async_read(conversation.stream(), conversation.buffer(), head, tuple);
    static_cast<void>(size);
    std::string_view why = head.get().body();
    why = why.substr(0, why.find('\n'));
    followed.error = "it answers " + std::to_string(head.get().result_int());
    if (!error && !why.empty()) followed.error += ": " + std::string(why);
    co_return;
  }
  EventStreamReader reader;
  const auto& begun = conversation.buffer().data();
  reader.feed({static_cast<const char*>(begun.data()), begun.size()}, on_event);
  std::array<char, kReadSize> room{};
  while (true) {
    conversation.stream().expires_after(kSilence);
    auto [error, size] = co_await conversation.stream().async_read_some(asio::buffer(room), tuple);
    reader.feed({room.data(), size}, on_event);
    if (!error) continue;
    followed.end = AdminClient::End::lost;
    followed.error = error == asio::error::eof ? "the gateway has stopped" : error.message();
    co_return;
  }
}

}  // namespace

AdminClient::Answer AdminClient::get(std::string_view target,
                                     std::chrono::milliseconds limit) const {
  asio::io_context context(1);
  Conversation conversation(context, at_, token_);
  Answer answer;
  std::exception_ptr thrown;
  asio::co_spawn(context.get_executor(), fetch(conversation, std::string(target), limit, answer),
                 [&thrown](const std::exception_ptr& error) { thrown = error; });
  // Looking up the name has no limit of its own.
  context.run_for(limit);
  if (thrown) std::rethrow_exception(thrown);
  if (answer.status == 0 && answer.error.empty()) answer.error = "no answer in time";
  return answer;
}

AdminClient::Followed AdminClient::follow(std::string_view target, const OnEvent& on_event) const {
  asio::io_context context(1);
  Conversation conversation(context, at_, token_);
  asio::signal_set signals(context, SIGINT, SIGTERM);
  Followed followed;
  bool signalled = false;
  std::exception_ptr thrown;
  signals.async_wait([&](const error_code& error, int) {
    if (error) return;
    signalled = true;
    conversation.close();
  });
  asio::co_spawn(context.get_executor(),
                 read_events(conversation, std::string(target), on_event, followed),
                 [&](const std::exception_ptr& error) {
                   thrown = error;
                   signals.cancel();
                 });
  context.run();
  if (thrown) std::rethrow_exception(thrown);
  if (signalled) {
    followed.end = End::signal;
    followed.error.clear();
  }
  return followed;
}

std::string AdminClient::address() const {
  return host_port_text(at_.host, at_.port);
}

}  // namespace gateway::observe
