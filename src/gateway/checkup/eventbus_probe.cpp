#include "gateway/checkup/eventbus_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include "events/ascii.hpp"
#include "gateway/egress/access/access_token.hpp"
#include "gateway/egress/address/harmless_request.hpp"
#include "gateway/http/fields.hpp"
#include "gateway/http/response_reader.hpp"
#include "gateway/tls/tls_session.hpp"
#include "gateway/tls/tls_source.hpp"
#include "gateway/transport/dial.hpp"
#include "gateway/transport/transports.hpp"
#include "runtime/name_lookup.hpp"

namespace gateway::checkup {
namespace {

using egress::ResponseReader;
using tls::TlsSession;

std::string problem_of(const error_code& error) {
  if (error == asio::error::timed_out) return "no answer in time";
  if (error == asio::error::eof || error == transport::TransportError::cut_off ||
      error == transport::TransportError::handshake_cut_off) {
    return "the connection was closed";
  }
  return error.message();
}

// Returns the value of the field `name`, in lower case, of the answer that `text` begins with.
std::optional<std::string> field_of(std::string_view text, std::string_view name) {
  for (;;) {
    const auto end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && equals_ignoring_case(line.substr(0, colon), name)) {
      std::string_view value = line.substr(colon + 1);
      while (value.starts_with(' ')) value.remove_prefix(1);
      return std::string(value);
    }
    if (end == std::string_view::npos || line.empty()) return std::nullopt;
    text.remove_prefix(end + 2);
  }
}

// What all conversations share. Outlives them.
struct Plan {
  explicit Plan(const Executor& on) : executor(on) {}

  Executor executor;
  config::Endpoint endpoint;
  std::string request;
  std::chrono::milliseconds patience{0};
  tls::TlsContext::Ptr trust;    // null for http
  tls::TlsContext::Ptr curious;  // verifies nothing, so that a refused certificate can be shown
};

// One connection to one address, dialled as the gateway dials.
class Conversation final : private transport::Transport::User {
 public:
  Conversation(const Plan& plan, transport::Transports& transports)
      : plan_(plan), dial_(transports, plan.executor), changed_(plan.executor) {}

  [[nodiscard]] Task<void> run(AddressProbe& probe) {
    Instant begun = SteadyClock::now();
    const error_code failed = co_await dial_.connect(probe.at, begun + plan_.patience);
    probe.connect_time = SteadyClock::now() - begun;
    if (failed) {
      probe.connect_problem = problem_of(failed);
      co_return;
    }
    const error_code closed = co_await open_tunnel();
    if (closed) {
      probe.connect_problem = dial_.describe(closed);
      co_return;
    }
    if (plan_.trust) {
      probe.tls.emplace();
      co_await secure(plan_.trust, *probe.tls);
      if (!probe.tls->problem.empty()) co_return;
    }
    begun = SteadyClock::now();
    const error_code unanswered = co_await ask(probe, begun + plan_.patience);
    probe.answer_time = SteadyClock::now() - begun;
    if (unanswered) probe.answer_problem = problem_of(unanswered);
  }

  // Fetches the certificate of a server that was refused. Sends nothing but a handshake.
  [[nodiscard]] Task<void> look(tcp::endpoint at, TlsProbe& probe) {
    const error_code failed = co_await dial_.connect(at, SteadyClock::now() + plan_.patience);
    if (failed) co_return;
    const error_code closed = co_await open_tunnel();
    if (closed) co_return;
    TlsProbe seen;
    co_await secure(plan_.curious, seen);
    probe.certificate = std::move(seen.certificate);
  }

 private:
  // Where there is a proxy to ask for it.
  [[nodiscard]] Task<error_code> open_tunnel() {
    const auto tunnel = plan_.endpoint.tunnel();
    if (!tunnel) co_return error_code();
    const error_code failed = co_await dial_.tunnel(*tunnel, SteadyClock::now() + plan_.patience);
    co_return failed;
  }

  [[nodiscard]] Task<void> secure(tls::TlsContext::Ptr context, TlsProbe& probe) {
    auto session =
        std::make_unique<TlsSession>(std::move(context), plan_.endpoint.host, tls::Ticket());
    const error_code failed =
        co_await dial_.secure(std::move(session), SteadyClock::now() + plan_.patience);
    const TlsSession& seen = *dial_.transport()->tls();
    if (seen.state() == TlsSession::State::failed) {
      probe.problem = seen.problem();
    } else if (failed) {
      probe.problem = problem_of(failed);
    }
    probe.version = seen.version();
    probe.cipher = seen.cipher();
    const X509* const certificate = seen.peer_certificate();
    if (certificate != nullptr) probe.certificate.emplace(*certificate);
  }

  // Sends the request and waits for the answer, which on_ready() reads.
  [[nodiscard]] Task<error_code> ask(AddressProbe& probe, Instant deadline) {
    probe_ = &probe;
    unsent_ = plan_.request;
    transport_ = dial_.take();
    transport_->set_user(*this);
    send();
    transport_->call_again();
    while (!over_ && SteadyClock::now() < deadline) co_await changed_.wait_until(deadline);
    transport_->close();
    if (!over_) error_ = asio::error::timed_out;
    co_return error_;
  }

  void on_ready(bool /*writable*/) override {
    send();
    while (!over_ && transport_->may_receive()) {
      const auto received = transport_->receive(input_);
      if (received.error == asio::error::would_block) return;
      take(received);
    }
  }

  void send() {
    while (!over_ && !unsent_.empty() && !transport_->blocked()) {
      error_code error;
      unsent_.remove_prefix(transport_->send(unsent_, error));
      if (error) end(error);
    }
  }

  void take(const transport::Transport::Received& received) {
    auto step = ResponseReader::Step::need_more;
    if (!received.error) {
      std::string_view bytes(input_.data(), received.size);
      head_.append(bytes.substr(0, http::kMaxHead - std::min(head_.size(), http::kMaxHead)));
      step = reader_.next(bytes);
    } else if (received.error == asio::error::eof && reader_.in_message()) {
      step = reader_.end();
    }
    if (step == ResponseReader::Step::response) {
      probe_->status = reader_.response().status;
      probe_->allowed_origin = field_of(head_, "webhook-allowed-origin");
      end(error_code());
    } else if (step == ResponseReader::Step::bad) {
      probe_->answer_problem = fmt::format("no HTTP/1.1: {}", reader_.reason());
      end(error_code());
    } else if (transport_->stage() == transport::Transport::Stage::failed) {
      probe_->answer_problem = transport_->describe(received.error);
      end(error_code());
    } else if (received.error) {
      end(received.error);
    }
  }

  void end(const error_code& error) {
    over_ = true;
    error_ = error;
    changed_.notify_all();
  }

  const Plan& plan_;
  transport::Dial dial_;
  Signal changed_;
  std::unique_ptr<transport::Transport> transport_;
  AddressProbe* probe_ = nullptr;
  ResponseReader reader_;
  std::string head_;  // of the answer, and perhaps some of its body
  std::string_view unsent_;
  bool over_ = false;
  error_code error_;
  std::array<char, std::size_t{16} << 10> input_{};
};

// Runs the context until everything that was spawned has ended: the transports still wait, so run()
// would not return.
void run(asio::io_context& context, std::size_t spawned,
         const std::vector<std::exception_ptr>& failures) {
  context.restart();
  while (failures.size() != spawned) context.run_one();
  for (const auto& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

Task<void> look_up(NameLookup& lookup, const config::Endpoint& endpoint,
                   std::chrono::milliseconds patience, EventbusProbe& probe) {
  const Instant begun = SteadyClock::now();
  auto found =
      co_await lookup.resolve(endpoint.dialled_host(), endpoint.dialled_port(), begun + patience);
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

Task<void> fetch_token(egress::TokenClient& client, std::chrono::milliseconds patience,
                       TokenProbe& probe, Secret& authorization) {
  const Instant begun = SteadyClock::now();
  const egress::TokenResult token = co_await client.fetch(patience);
  probe.time = SteadyClock::now() - begun;
  if (!token) {
    probe.problem = token.error().text();
    co_return;
  }
  probe.lifetime = token->lifetime();
  authorization = Secret("Bearer " + token->text().reveal());
}

tls::TlsContext::Ptr context_of(const config::TlsFiles& files) {
  return tls::load(tls::Side::client, files).value();
}

}  // namespace

EventbusProbe probe_eventbus(const config::Endpoint& endpoint, const config::Delivery& delivery,
                             std::chrono::milliseconds patience) {
  asio::io_context context(1);
  EventbusProbe probe;
  std::vector<std::exception_ptr> failures;  // of each that has ended, null if it went well
  std::size_t spawned = 0;
  const auto spawn = [&](Task<void> task) {
    ++spawned;
    asio::co_spawn(context.get_executor(), std::move(task),
                   [&](const std::exception_ptr& error) { failures.push_back(error); });
  };
  NameLookup lookup(context.get_executor());
  spawn(look_up(lookup, endpoint, patience, probe));
  Secret authorization;
  std::optional<egress::TokenClient> tokens;
  if (!delivery.oauth2.token_url.empty()) {
    tokens.emplace(context.get_executor(), delivery);
    spawn(fetch_token(*tokens, patience, probe.token.emplace(), authorization));
  }
  run(context, spawned, failures);

  Plan plan(context.get_executor());
  plan.endpoint = endpoint;
  plan.request =
      egress::harmless_request(endpoint, delivery, egress::webhook_origin(), authorization);
  plan.patience = patience;
  if (endpoint.tls) {
    plan.trust = context_of(delivery.tls);
    config::TlsFiles nothing;
    nothing.verify = false;
    plan.curious = context_of(nothing);
  }
  Clock clock;
  TurnEnd turn_end(plan.executor, [] {});
  transport::Transports transports(plan.executor, clock, turn_end);
  transports.start();
  {
    std::vector<std::unique_ptr<Conversation>> conversations;
    const auto begin = [&]() -> Conversation& {
      return *conversations.emplace_back(std::make_unique<Conversation>(plan, transports));
    };
    for (AddressProbe& address : probe.addresses) spawn(begin().run(address));
    run(context, spawned, failures);
    for (AddressProbe& address : probe.addresses) {
      if (!address.tls || address.tls->problem.empty() || address.tls->certificate) continue;
      spawn(begin().look(address.at, *address.tls));
    }
    run(context, spawned, failures);
  }
  transports.stop();
  return probe;
}

}  // namespace gateway::checkup
