#include "support/scripted_cloud_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <utility>

#include "support/allocation_counter.hpp"
#include "support/scripted_cloud_control.hpp"
#include "testkit/action.hpp"

namespace gateway::test {
namespace http = boost::beast::http;
namespace {

constexpr std::size_t kLargestBody = std::size_t{64} << 20;  // beyond what the service takes

RequestMessage message_of(const http::request<http::string_body>& request) {
  RequestMessage message;
  message.method = std::string(request.method_string());
  message.target = std::string(request.target());
  for (const auto& field : request) {
    message.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  message.body = request.body();
  return message;
}

}  // namespace

ScriptedCloud::Server::Server(ScriptedCloud& cloud, std::uint16_t port)
    : cloud_(cloud),
      listener_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), port)),
      released_signal_(context_.get_executor()) {
  asio::co_spawn(context_.get_executor(), accept_loop(), asio::detached);
}

void ScriptedCloud::Server::release() {
  asio::post(context_, [this] {
    released_ = true;
    released_signal_.notify_all();
  });
}

Task<void> ScriptedCloud::Server::accept_loop() {
  for (;;) {
    auto [error, socket] = co_await listener_.async_accept(tuple);
    if (error) continue;
    std::size_t number = 0;
    {
      const std::lock_guard lock(cloud_.mutex_);
      number = cloud_.connections_++;
    }
    socket.set_option(tcp::no_delay(true));
    asio::co_spawn(context_.get_executor(), serve(std::move(socket), number), asio::detached);
  }
}

Task<void> ScriptedCloud::Server::serve(Socket socket, std::size_t connection) {
  boost::beast::flat_buffer buffer;
  for (;;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(kLargestBody);
    auto [read_error, read_size] = co_await http::async_read(socket, buffer, parser, tuple);
    static_cast<void>(read_size);
    if (read_error) break;
    const http::request<http::string_body> request = parser.release();
    Reply reply = co_await answer(message_of(request), connection);
    if (reply.cut) break;
    http::response<http::string_body> response(static_cast<http::status>(reply.status),
                                               request.version());
    response.set(http::field::date, http_date(reply.now));
    response.set(http::field::content_type, reply.content_type);
    response.keep_alive(request.keep_alive());
    response.body() = std::move(reply.body);
    response.prepare_payload();
    auto [write_error, written] = co_await http::async_write(socket, response, tuple);
    static_cast<void>(written);
    if (write_error || !request.keep_alive()) break;
  }
}

Task<ScriptedCloud::Reply> ScriptedCloud::Server::answer(RequestMessage request,
                                                         std::size_t connection) {
  Reply reply;
  if (is_cloud_control(request)) {
    const ControlAnswer control = answer_cloud_control(cloud_, request);
    reply.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    reply.status = control.status;
    reply.body = control.body;
    co_return reply;
  }
  const std::size_t call = cloud_.enter(request, connection, reply);
  if (reply.refused) {
    const CloudFault nothing;
    cloud_.finish(call, nothing, reply);
    co_return reply;
  }
  const CloudFault fault = cloud_.fault_for(call);
  if (fault.delay.count() != 0) {
    Timer timer(context_.get_executor(), fault.delay);
    co_await timer.async_wait(tuple);
  }
  while (fault.stalls && !released_) co_await released_signal_.wait();
  if (fault.before) fault.before();
  cloud_.handle(call, fault, reply);
  if (fault.afterwards) fault.afterwards();
  cloud_.finish(call, fault, reply);
  co_return reply;
}

}  // namespace gateway::test
