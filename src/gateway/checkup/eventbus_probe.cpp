#include "gateway/checkup/eventbus_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include "gateway/egress/client_handshake.hpp"
#include "gateway/egress/response_reader.hpp"
#include "gateway/tls/tls_session.hpp"
#include "gateway/tls/tls_source.hpp"
#include "gateway/version.hpp"
#include "runtime/name_lookup.hpp"

namespace gateway::checkup {
namespace {

using egress::ResponseReader;
using tls::TlsSession;
using SteadyClock = std::chrono::steady_clock;

std::string problem_of(const error_code& error) {
  if (error == asio::error::operation_aborted) return "no answer in time";
  if (error == asio::error::eof) return "the connection was closed";
  return error.message();
}

// What all conversations share; outlives them.
struct Plan {
  explicit Plan(const Executor& on) : executor(on) {}

  Executor executor;
  config::Endpoint endpoint;
  std::string request;
  std::chrono::milliseconds patience{0};
  tls::TlsContext::Ptr trust;    // null for http
  tls::TlsContext::Ptr curious;  // verifies nothing: to see what was refused
};

// One connection to one address.
class Conversation {
 public:
  explicit Conversation(const Plan& plan)
      : plan_(plan), socket_(plan.executor), timer_(plan.executor) {}

  [[nodiscard]] Task<void> run(AddressProbe& probe) {
    const error_code failed = co_await connect(probe.at, probe.connect_time);
    if (failed) {
      probe.connect_problem = problem_of(failed);
      co_return;
    }
    if (plan_.trust) {
      probe.tls.emplace();
      co_await secure(plan_.trust, *probe.tls);
      if (!probe.tls->problem.empty()) co_return;
    }
    co_await ask(probe);
  }

  // What a server shows whose certificate was refused. Nothing but a handshake is sent.
  [[nodiscard]] Task<void> look(tcp::endpoint at, TlsProbe& probe) {
    std::chrono::nanoseconds unused{0};
    const error_code failed = co_await connect(at, unused);
    if (failed) co_return;
    TlsProbe seen;
    co_await secure(plan_.curious, seen);
    probe.certificate = std::move(seen.certificate);
  }

 private:
  // Whatever is waited for next ends in time.
  void arm() {
    timer_.expires_after(plan_.patience);
    timer_.async_wait([this](const error_code& aborted) {
      error_code ignored;
      if (!aborted) socket_.close(ignored);
    });
  }

  [[nodiscard]] Task<error_code> connect(tcp::endpoint at, std::chrono::nanoseconds& time) {
    const Instant begun = SteadyClock::now();
    error_code failed;
    socket_.open(at.protocol(), failed);
    if (failed) co_return failed;
    arm();
    auto [error] = co_await socket_.async_connect(at, tuple);
    timer_.cancel();
    time = SteadyClock::now() - begun;
    co_return error;
  }

  [[nodiscard]] Task<error_code> send(std::string_view bytes) {
    auto [error, size] =
        co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()), tuple);
    static_cast<void>(size);
    co_return error;
  }

  [[nodiscard]] Task<void> secure(tls::TlsContext::Ptr context, TlsProbe& probe) {
    tls_ = std::make_unique<TlsSession>(std::move(context), plan_.endpoint.host, tls::Ticket());
    arm();
    const error_code failed = co_await egress::shake_hands(socket_, *tls_, input_);
    timer_.cancel();
    if (tls_->state() == TlsSession::State::failed) {
      probe.problem = tls_->problem();
    } else if (failed) {
      probe.problem = problem_of(failed);
    }
    probe.version = tls_->version();
    probe.cipher = tls_->cipher();
    const X509* const certificate = tls_->peer_certificate();
    if (certificate != nullptr) probe.certificate.emplace(*certificate);
  }

  [[nodiscard]] Task<void> ask(AddressProbe& probe) {
    const Instant begun = SteadyClock::now();
    arm();
    const error_code failed = co_await ask_once(probe);
    timer_.cancel();
    probe.answer_time = SteadyClock::now() - begun;
    if (failed) probe.answer_problem = problem_of(failed);
  }

  [[nodiscard]] Task<error_code> ask_once(AddressProbe& probe) {
    if (tls_) {
      tls_->seal(plan_.request, out_);
    } else {
      out_ = plan_.request;
    }
    const error_code unsent = co_await send(out_);
    out_.clear();
    if (unsent) co_return unsent;
    ResponseReader reader;
    for (;;) {
      auto [error, size] = co_await socket_.async_read_some(asio::buffer(input_), tuple);
      if (error && error != asio::error::eof) co_return error;
      auto step = ResponseReader::Step::need_more;
      if (!error) step = take(reader, {input_.data(), size});
      // Cut off is not ended where there is TLS.
      const bool ended = tls_ ? tls_->state() == TlsSession::State::closed : error.failed();
      const bool over = ended && step == ResponseReader::Step::need_more;
      if (over && reader.in_message()) step = reader.end();
      if (step == ResponseReader::Step::response) {
        probe.status = reader.response().status;
        co_return error_code();
      }
      if (step == ResponseReader::Step::bad) {
        probe.answer_problem = fmt::format("no HTTP/1.1: {}", reader.reason());
        co_return error_code();
      }
      if (error || ended) co_return asio::error::eof;
      if (tls_ && tls_->state() == TlsSession::State::failed) {
        probe.answer_problem = "TLS: " + tls_->problem();
        co_return error_code();
      }
    }
  }

  [[nodiscard]] ResponseReader::Step take(ResponseReader& reader, std::string_view bytes) {
    if (!tls_) return reader.next(bytes);
    tls_->receive(bytes);
    auto step = ResponseReader::Step::need_more;
    while (step == ResponseReader::Step::need_more) {
      const std::size_t size = tls_->read(plain_, out_);
      if (size == 0) break;
      std::string_view plain(plain_.data(), size);
      step = reader.next(plain);
    }
    tls_->keep_rest();
    return step;
  }

  const Plan& plan_;
  Socket socket_;
  Timer timer_;
  std::unique_ptr<TlsSession> tls_;
  std::string out_;
  std::array<char, std::size_t{16} << 10> input_{};
  std::array<char, std::size_t{16} << 10> plain_{};
};

// Until all that was spawned is through.
void run(asio::io_context& context, std::vector<std::exception_ptr>& failures) {
  context.restart();
  context.run();
  for (const auto& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

Task<void> look_up(NameLookup& lookup, const config::Endpoint& endpoint,
                   std::chrono::milliseconds patience, EventbusProbe& probe) {
  const Instant begun = SteadyClock::now();
  auto found = co_await lookup.resolve(endpoint.host, endpoint.port, begun + patience);
  probe.lookup_time = SteadyClock::now() - begun;
  if (!found) {
    probe.lookup_problem = found.error() == asio::error::timed_out
                               ? std::string("no answer in time")
                               : found.error().message();
    co_return;
  }
  probe.found = found->size();
  for (const tcp::endpoint& at : *found) {
    if (probe.addresses.size() == kMostAddresses) break;
    probe.addresses.emplace_back().at = at;
  }
}

tls::TlsContext::Ptr context_of(const config::TlsFiles& files) {
  return tls::load(tls::Side::client, files).value();
}

}  // namespace

std::string harmless_request(const config::Endpoint& endpoint, const config::Delivery& delivery) {
  std::string request =
      fmt::format("OPTIONS {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: cos-gateway-check/{}\r\n",
                  endpoint.request_target, endpoint.host_header, kVersion);
  for (const auto& [name, value] : delivery.headers) {
    request += name + ": " + std::string(value.reveal()) + "\r\n";
  }
  return request + "Connection: close\r\n\r\n";
}

EventbusProbe probe_eventbus(const config::Endpoint& endpoint, const config::Delivery& delivery,
                             std::chrono::milliseconds patience) {
  asio::io_context context(1);
  EventbusProbe probe;
  std::vector<std::exception_ptr> failures;
  const auto spawn = [&](Task<void> task) {
    asio::co_spawn(context.get_executor(), std::move(task),
                   [&](const std::exception_ptr& error) { failures.push_back(error); });
  };
  NameLookup lookup(context.get_executor());
  spawn(look_up(lookup, endpoint, patience, probe));
  run(context, failures);

  Plan plan(context.get_executor());
  plan.endpoint = endpoint;
  plan.request = harmless_request(endpoint, delivery);
  plan.patience = patience;
  if (endpoint.tls) {
    plan.trust = context_of(delivery.tls);
    config::TlsFiles nothing;
    nothing.verify = false;
    plan.curious = context_of(nothing);
  }
  std::vector<std::unique_ptr<Conversation>> conversations;
  const auto begin = [&]() -> Conversation& {
    return *conversations.emplace_back(std::make_unique<Conversation>(plan));
  };
  for (AddressProbe& address : probe.addresses) spawn(begin().run(address));
  run(context, failures);
  for (AddressProbe& address : probe.addresses) {
    if (!address.tls || address.tls->problem.empty() || address.tls->certificate) continue;
    spawn(begin().look(address.at, *address.tls));
  }
  run(context, failures);
  return probe;
}

}  // namespace gateway::checkup
