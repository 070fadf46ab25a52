#include "demo/poster.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/system/error_code.hpp>
#include <exception>
#include <utility>

#include "runtime/asio.hpp"

namespace gateway::demo {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using std::chrono::steady_clock;

// An exception in a coroutine ends the demonstration: it leaves through io_context::run().
constexpr auto kRethrow = [](const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
};

}  // namespace

class Poster::Connection {
 public:
  explicit Connection(asio::io_context& context) : stream(context), due(context) {}

  beast::tcp_stream stream;
  beast::flat_buffer buffer;
  asio::steady_timer due;
  http::request<http::string_body> request;
};

Poster::Poster(asio::io_context& context, PosterSettings settings, Prepare prepare, Report report)
    : context_(context),
      settings_(std::move(settings)),
      prepare_(std::move(prepare)),
      report_(std::move(report)),
      finished_(context, steady_clock::time_point::max()) {}

Poster::~Poster() = default;

asio::awaitable<void> Poster::run() {
  start_ = steady_clock::now();
  running_ = settings_.connections;
  for (unsigned i = 0; i < settings_.connections; ++i) {
    Connection& connection = connections_.emplace_back(context_);
    asio::co_spawn(context_, post_loop(connection), kRethrow);
  }
  while (running_ != 0) {
    auto [woken] = co_await finished_.async_wait(tuple);
    static_cast<void>(woken);
  }
}

void Poster::stop() {
  stopped_ = true;
  for (Connection& connection : connections_) connection.due.cancel();
}

asio::awaitable<void> Poster::post_loop(Connection& connection) {
  while (!stopped_) {
    const std::uint64_t number = next_;
    const auto after = std::chrono::duration_cast<steady_clock::duration>(
        std::chrono::duration<double>(static_cast<double>(number) / settings_.rate));
    const bool enough = settings_.max_posts != 0 && number >= settings_.max_posts;
    const bool late = steady_clock::now() >= start_ + settings_.duration;
    if (enough || late || after >= settings_.duration) break;
    ++next_;
    connection.due.expires_at(start_ + after);
    auto [cancelled] = co_await connection.due.async_wait(tuple);
    static_cast<void>(cancelled);
    if (stopped_) break;
    prepare_(number, connection.request.body());
    for (unsigned made = 1;; ++made) {
      const PostResult result = co_await attempt(connection, number);
      report_(result);
      if (result.status == 200 || stopped_) break;
      if (settings_.pause.count() > 0) {
        connection.due.expires_after(settings_.pause);
        auto [ended] = co_await connection.due.async_wait(tuple);
        static_cast<void>(ended);
      }
      const bool over = steady_clock::now() >= start_ + settings_.duration;
      if (made >= settings_.attempts || stopped_ || over) break;
    }
  }
  if (--running_ == 0) finished_.cancel();
}

asio::awaitable<PostResult> Poster::attempt(Connection& connection, std::uint64_t number) {
  PostResult result;
  result.number = number;
  auto& request = connection.request;
  request.method(http::verb::post);
  request.target(settings_.target);
  request.set(http::field::host, settings_.host);
  request.set(http::field::content_type, "application/json");
  request.prepare_payload();

  const auto begin = steady_clock::now();
  beast::tcp_stream& stream = connection.stream;
  stream.expires_after(settings_.timeout);
  boost::system::error_code failure;
  if (!stream.socket().is_open()) {
    auto [error] = co_await stream.async_connect(settings_.gateway, tuple);
    failure = error;
    if (!error) stream.socket().set_option(asio::ip::tcp::no_delay(true), failure);
  }
  if (!failure) {
    auto [error, size] = co_await http::async_write(stream, request, tuple);
    static_cast<void>(size);
    failure = error;
  }
  http::response_parser<http::string_body> parser;
  if (!failure) {
    auto [error, size] = co_await http::async_read(stream, connection.buffer, parser, tuple);
    static_cast<void>(size);
    failure = error;
  }
  result.latency = steady_clock::now() - begin;
  if (failure) {
    result.text = failure.message();
  } else {
    result.status = parser.get().result_int();
    result.text = std::move(parser.get().body());
  }
  if (failure || !parser.keep_alive()) {
    stream.close();
    connection.buffer.clear();
  }
  co_return result;
}

}  // namespace gateway::demo
