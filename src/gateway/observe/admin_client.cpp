#include "gateway/observe/admin_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_future.hpp>
#include <csignal>
#include <future>

#include "gateway/observe/server_sent_events.hpp"

namespace gateway::observe {
namespace {

constexpr std::chrono::seconds kConnectLimit{5};
// The gateway sends something at least every ten seconds.
constexpr std::chrono::seconds kSilence{30};

// Runs one task until it ends, whatever else the context waits for.
HttpResult run(asio::io_context& context, Task<HttpResult> task) {
  auto result = asio::co_spawn(context.get_executor(), std::move(task), asio::use_future);
  while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) context.run_one();
  return result.get();
}

}  // namespace

HttpOrigin admin_origin(const config::HostPort& at, const AdminKeys& keys) {
  const bool bare_ipv6 = keys.host.find(':') != std::string::npos && !keys.host.starts_with('[');
  return {false, at.host, at.port, bare_ipv6 ? '[' + keys.host + ']' : keys.host};
}

HttpRequest admin_request(std::string_view target, const Secret& token) {
  HttpRequest request;
  request.method = "GET";
  request.target = target;
  if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token.reveal());
  return request;
}

AdminClient::Answer AdminClient::get(std::string_view target,
                                     std::chrono::milliseconds limit) const {
  asio::io_context context(1);
  HttpClient client(context.get_executor(), admin_origin(at_, keys_));
  auto got = run(context, client.exchange(admin_request(target, keys_.token), limit));
  Answer answer;
  if (got) {
    answer.status = got->status;
    answer.body = std::move(got->body);
  } else {
    answer.error = got.error().text();
  }
  return answer;
}

AdminClient::Followed AdminClient::follow(std::string_view target, const OnEvent& on_event) const {
  asio::io_context context(1);
  HttpClient client(context.get_executor(), admin_origin(at_, keys_));
  asio::signal_set signals(context, SIGINT, SIGTERM);
  bool signalled = false;
  signals.async_wait([&](const error_code& error, int) {
    if (error) return;
    signalled = true;
    client.cancel();
  });
  EventStreamReader reader;
  const auto got =
      run(context, client.follow(admin_request(target, keys_.token), kConnectLimit, kSilence,
                                 [&](std::string_view bytes) { reader.feed(bytes, on_event); }));
  Followed followed;
  if (signalled) {
    followed.end = End::signal;
  } else if (got && got->status == 200) {
    followed.end = End::lost;
    followed.error = "the gateway has stopped";
  } else if (got) {
    followed.end = End::refused;
    followed.error = "it answers " + std::to_string(got->status);
    const std::string_view why = std::string_view(got->body).substr(0, got->body.find('\n'));
    if (!why.empty()) followed.error += ": " + std::string(why);
  } else {
    followed.end = got.error().sent() ? End::lost : End::unreachable;
    followed.error = got.error().text();
  }
  return followed;
}

}  // namespace gateway::observe
