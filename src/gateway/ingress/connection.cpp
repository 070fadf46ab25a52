#include "gateway/ingress/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/container/small_vector.hpp>
#include <boost/system/system_error.hpp>
#include <new>
#include <string>
#include <utility>

#include "gateway/domain/answers.hpp"
#include "gateway/ingress/ingress.hpp"
#include "gateway/ingress/proxy_header.hpp"
#include "runtime/log.hpp"

namespace gateway::ingress {
namespace {

using transport::TransportError;

// How much of a body that is only announced is counted as in flight; the rest is when it comes.
// Otherwise eight clients that send nothing but heads would shut all others out.
constexpr std::size_t kMostCountedUnread = std::size_t{64} << 10;
// How long a connection may be idle that exists only to be told that it cannot be served: one
// beyond the limit, or one of the last that were accepted before the gateway stops.
constexpr config::Duration kBriefTime = std::chrono::seconds(1);
// How long a client that was turned away is read from while the gateway stops.
constexpr std::chrono::seconds kHurriedLinger{1};

// For whoever took http for https.
constexpr std::string_view kSpeaksTls = "this port speaks TLS: the scheme is https://";
// For whoever takes the way around the balancer, or whose balancer sends no header.
constexpr std::string_view kNoHeader =
    "no PROXY header: gateway.proxy_protocol is set, so that a balancer that sends one has to be "
    "in front";

// Makes an answer for whom no session can answer yet.
std::string bad_request(std::string_view text) {
  return fmt::format(
      "HTTP/1.1 400 Bad Request\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n"
      "Content-Length: {}\r\n"
      "Connection: close\r\n"
      "\r\n"
      "{}",
      text.size(), text);
}

}  // namespace

Connection::Connection(Ingress& ingress, Descriptor socket, ConnectionCount::Permit permit,
                       const asio::ip::address& peer)
    : ingress_(ingress),
      permit_(std::move(permit)),
      client_(peer),
      progress_(ingress.context().executor),
      transport_(ingress.context().transports, std::move(socket), *this),
      session_(ingress.context().buffers, ingress.limits(), ingress.context().clock.now()),
      since_(ingress.context().clock.now()) {
  if (ingress.settings().proxy_protocol) {
    phase_ = Phase::header;
  } else {
    begin();
  }
}

void Connection::begin() {
  phase_ = Phase::open;
  if (ingress_.context().tls != nullptr) transport_.accept_tls(*ingress_.context().tls);
}

Connection::~Connection() {
  forget_answers();
}

Task<void> Connection::run() {
  CoroutineLife::Guard life(life_);
  std::exception_ptr failure;
  try {
    co_await serve();
  } catch (...) {
    failure = std::current_exception();
  }
  life.dismiss();
  if (failure) std::rethrow_exception(failure);
}

Task<void> Connection::serve() {
  if (const error_code error = transport_.watch()) {
    throw boost::system::system_error(error, "epoll_ctl");
  }
  while (session_.reading()) co_await progress_.wait();
  while (phase_ == Phase::open && !session_.all_said()) co_await progress_.wait();
  if (phase_ == Phase::open) co_await linger();
  abort();
  if (failure_) std::rethrow_exception(failure_);
}

void Connection::on_ready(bool writable) {
  take_step([this, writable] {
    if (writable) send_rest();
    if (phase_ == Phase::header) {
      read_header();
    } else if (phase_ == Phase::lingering) {
      read_past();
    } else if (session_.reading()) {
      read();
    }
  });
}

inline Connection::Received Connection::receive() {
  const Instant now = ingress_.context().clock.now();
  if (const std::uint64_t unwanted = session_.unwanted(); unwanted != 0) {
    const auto received = transport_.discard(unwanted);
    if (!received.error) session_.discarded(received.size, now);
    return received;
  }
  const auto received = transport_.receive(session_.room());
  if (!received.error) session_.received(received.size, now);
  return received;
}

// A header says no more than a few dozen bytes: it is looked at where it lies until it is complete.
void Connection::read_header() {
  if (!transport_.may_read()) return;
  std::array<char, ProxyHeader::kMost>
      room;  // NOLINT(*-init-variables): filled as far as it is used
  const auto seen = transport_.peek(room);
  if (seen.error == asio::error::would_block) return;
  if (seen.error) {  // nothing was said: somebody asked whether the port is open
    abort();
    return;
  }
  const ProxyHeader header = ProxyHeader::read({room.data(), seen.size});
  if (header.state() == ProxyHeader::State::incomplete) {
    transport_.wait_for_more();
    return;
  }
  if (header.state() == ProxyHeader::State::absent) {
    ingress_.no_proxy_header("absent", client());
    refuse_without_header(room.front());
    return;
  }
  if (header.state() == ProxyHeader::State::malformed) {
    ingress_.no_proxy_header("malformed", client());
    abort();
    return;
  }
  transport_.skip(header.size());
  if (header.client()) {
    client_ = header.client()->address();
    if (ingress_.context().count.counts_sources()) permit_.attribute_to(Source(client_));
    if (permit_.beyond() == ConnectionLimit::source) {
      ingress_.context().metrics.connections_refused[ConnectionLimit::source].add();
    }
    if (permit_.far_beyond()) {
      abort();
      return;
    }
  }
  session_.heard(ingress_.context().clock.now());
  begin();
  transport_.call_again();
}

// What begins with a capital letter is a request of HTTP, as methods are written so; what else
// there is, above all TLS, would not understand the answer.
void Connection::refuse_without_header(char first) {
  if (first < 'A' || first > 'Z') {
    abort();
    return;
  }
  phase_ = Phase::open;
  send(bad_request(kNoHeader));
  session_.stop();  // what it was told is to be read before the connection goes
  progress_.notify_all();
}

void Connection::read() {
  if (held_up_ && !session_.paused()) {
    held_up_ = false;
    session_.resume(ingress_.context().clock.now());
    process();
  }
  const unsigned until = transport_.socket_reads() + kMostReads;
  while (session_.reading() && transport_.may_receive()) {
    if (session_.paused()) {
      held_up_ = true;
      return;
    }
    if (transport_.socket_reads() >= until) {
      transport_.call_again();
      return;
    }
    const Received received = receive();
    if (received.error) {
      if (received.error != asio::error::would_block) end_of_input(received.error);
      return;
    }
    if (!transport_.may_receive()) {
      ingress_.process_later(*this, received.size);
      return;
    }
    process();
  }
}

void Connection::process_received() {
  take_step([this] { process(); });
}

void Connection::end_of_input(const error_code& error) {
  if (error == asio::error::eof || error == TransportError::cut_off) {
    // The client may have closed its side only, and still wait for answers. If that was not said in
    // TLS, somebody on the way may have cut it off: what is not complete is nothing either way.
    session_.end();
  } else if (error == TransportError::handshake_cut_off) {
    count_tls_failure(TlsFailure::gone, error.message());
    abort();
  } else if (error.category() == transport::transport_category()) {
    if (error == TransportError::plain_http) send(bad_request(kSpeaksTls));
    const bool plain = error == TransportError::plain_http;
    const bool certificate = error == TransportError::certificate;
    count_tls_failure(plain         ? TlsFailure::plain_text
                      : certificate ? TlsFailure::certificate
                                    : TlsFailure::protocol,
                      transport_.describe(error));
    session_.stop();  // what it was told is to be read before the connection goes
  } else {
    abort();
  }
}

void Connection::on_secured(const tls::TlsSession& session) {
  session_.heard(ingress_.context().clock.refresh());
  ingress_.context().metrics.tls_handshakes.add();
  if (session.resumed()) ingress_.context().metrics.tls_resumptions.add();
  if (!log::enabled(log::Level::debug)) return;
  log::debug("TLS client", {{"client", client()},
                            {"version", session.version()},
                            {"resumed", session.resumed() ? "yes" : "no"},
                            {"subject", session.peer_subject()}});
}

void Connection::count_tls_failure(TlsFailure why, std::string_view reason) {
  ingress_.context().metrics.tls_failures[why].add();
  if (!log::enabled(log::Level::debug)) return;
  log::debug("TLS failed", {{"client", client()}, {"reason", reason}});
}

void Connection::process() {
  while (phase_ == Phase::open) {
    switch (session_.next()) {
      case Session::Step::need_more:
        if (session_.keeping_body() && !units_.grow_to(session_.reader().body_size())) {
          turn_away(over_budget(target_, true));
        }
        held_up_ = session_.reading() && session_.paused();
        return;
      case Session::Step::head:
        on_head();
        break;
      case Session::Step::request:
        on_request();
        break;
      case Session::Step::bad: {
        const BadRequest problem = session_.problem();
        turn_away(answers::refused(problem.status(), problem.reason(), true));
        return;
      }
    }
  }
}

void Connection::on_head() {
  const RequestHead& head = session_.head();
  const TargetRoom& room = ingress_.context().room;
  if (room.several()) target_ = ingress_.hinted_target(session_.reader().fields());
  const Load load = ingress_.load(permit_.beyond(), target_);
  std::optional<Answer> refusal;
  if (!ingress_.admission().admits(head, load)) refusal = refusal_of(head, load);
  if (!refusal && ingress_.authenticator() != nullptr) refusal = authenticate_head();
  if (!refusal &&
      !room.lease(target_).try_take(static_cast<std::size_t>(head.content_length), units_)) {
    refusal = over_budget(target_, false);
  }
  if (refusal) {
    refuse_head(std::move(*refusal));
    return;
  }
  units_.shrink_to(kMostCountedUnread);
  session_.accept();
  if (head.expects_continue) ingress_.flush_later(*this);
}

std::optional<Answer> Connection::refusal_of(const RequestHead& head, const Load& load) const {
  if (!head.asks_for_health) return ingress_.admission().refuse(head, load);
  Answer health = ingress_.health();
  health.to_head = head.method == Method::head;
  return health;
}

// What needs the body waits for it: signature_.
std::optional<Answer> Connection::authenticate_head() {
  signature_ = http::Slice();
  signer_ = kAnySigner;
  if (session_.head().method != Method::post) return std::nullopt;
  const auth::PostCredentials credentials = auth::credentials_in(session_.reader().fields());
  auto refusal = ingress_.authenticator()->refuse_head(credentials);
  if (!refusal) signer_ = ingress_.authenticator()->signer_of(credentials);
  if (!refusal && !credentials.signature.empty()) {
    signature_ = session_.reader().slice_of(credentials.signature);
  }
  return refusal;
}

std::optional<Answer> Connection::refuse_signature(const Request& request, Post& post) {
  const char* const base = request.bytes.data();
  boost::container::small_vector<auth::SignedField, 16> fields;
  if (request.content_type.offset != 0) {
    fields.push_back({"content-type", request.content_type.in(base)});
  }
  for (std::size_t i = 0; i + 1 < request.event_fields.size(); i += 2) {
    fields.push_back({request.event_fields[i].in(base), request.event_fields[i + 1].in(base)});
  }
  auth::sort(fields);
  return ingress_.authenticator()->refuse({signature_.in(base), fields, request.body_text()}, post);
}

Answer Connection::over_budget(std::size_t target, bool close) const {
  return answers::unavailable(Unavailable::bytes, ingress_.context().room.retry_after(target),
                              close);
}

void Connection::refuse_head(Answer refusal) {
  if (!ingress_.admission().worth_skipping(session_.head())) refusal.close = true;
  Post& post = open_post();
  session_.refuse(post, refusal.close);
  ingress_.context().ledger.refuse(post, std::move(refusal));
}

inline void Connection::accept(Request&& request, Post& post) {
  const Ingress::Context& context = ingress_.context();
  try {
    context.intake.accept(std::move(request), post);
  } catch (const std::bad_alloc&) {
    // The post has no events yet. If there is no memory for this either, the connection ends.
    context.ledger.refuse(
        post, answers::unavailable(Unavailable::memory, context.room.retry_after(target_)));
  }
}

void Connection::on_request() {
  Request request = session_.take();
  const bool keep_alive = request.head.keep_alive;
  if (!units_.grow_to(request.body.length)) {
    units_ = ByteLease::Units();
    turn_away(over_budget(target_, !keep_alive));
    return;
  }
  Post& post = open_post();
  session_.owe(post);
  post.units = std::exchange(units_, ByteLease::Units());
  post.signer = signer_;
  auto refusal = signature_.length == 0 ? std::nullopt : refuse_signature(request, post);
  if (refusal) {
    ingress_.context().ledger.refuse(post, std::move(*refusal));
  } else if (request.head.method == Method::options) {
    ingress_.context().ledger.refuse(
        post, answers::options(request.webhook_origin.in(request.bytes.data())));
  } else {
    accept(std::move(request), post);
  }
  if (!keep_alive) session_.stop();
}

Post& Connection::open_post() {
  const Clock& clock = ingress_.context().clock;
  return ingress_.context().ledger.open(*this, clock.now(), clock.wall(clock.now()));
}

void Connection::turn_away(Answer answer) {
  const bool close = answer.close;
  Post& post = open_post();
  session_.owe(post);
  ingress_.context().ledger.refuse(post, std::move(answer));
  if (!close) return;
  session_.stop();
  units_ = ByteLease::Units();
}

void Connection::answer_ready(Post& /*post*/) {
  ingress_.flush_later(*this);
}

void Connection::flush() {
  try {
    write_answers();
  } catch (...) {
    failure_ = std::current_exception();
    abort();
  }
}

void Connection::write_answers() {
  if (phase_ == Phase::closed) return;
  std::string& out = ingress_.scratch();
  out.clear();
  const Clock& clock = ingress_.context().clock;
  const WallInstant wall = clock.wall(clock.now());
  while (Post* const post =
             session_.write_answer(out, ingress_.reply_text(), wall, ingress_.leaving())) {
    if (ingress_.authenticator() != nullptr) ingress_.authenticator()->answered(*post);
    ingress_.context().ledger.answer_taken(*post, clock.now());
  }
  session_.write_leave(out);
  if (!out.empty()) send(out);
  if (!session_.reading()) {
    progress_.notify_all();
  } else if (held_up_ && !session_.paused()) {
    transport_.call_again();
  }
}

void Connection::send(std::string_view bytes) {
  while (!bytes.empty() && session_.unsent().empty() && !transport_.blocked()) {
    error_code error;
    bytes.remove_prefix(transport_.send(bytes, error));
    if (error) {
      abort();
      return;
    }
    if (transport_.blocked()) session_.set_blocked(true, ingress_.context().clock.now());
  }
  if (!bytes.empty()) session_.keep_unsent(bytes);
}

void Connection::send_rest() {
  session_.set_blocked(false, ingress_.context().clock.now());
  while (!session_.unsent().empty() && !transport_.blocked()) {
    error_code error;
    session_.sent(transport_.send(session_.unsent(), error));
    if (error) {
      abort();
      return;
    }
  }
  if (transport_.blocked()) session_.set_blocked(true, ingress_.context().clock.now());
}

void Connection::check_timeouts(Instant now) {
  if (phase_ == Phase::closed) return;
  const config::Ingress& settings = ingress_.settings();
  const bool brief = permit_.beyond() || ingress_.draining();
  const bool shakes_hands = transport_.stage() == transport::Transport::Stage::handshake;
  if (shakes_hands || phase_ == Phase::header) {
    const config::Duration limit = brief ? kBriefTime : settings.request_timeout;
    if (now - since_ < limit) return;
    if (shakes_hands) {
      count_tls_failure(TlsFailure::timeout, "not complete within gateway.request_timeout");
    } else {
      ingress_.no_proxy_header("not complete in time", client());
    }
    abort();
    return;
  }
  const config::Duration idle = brief ? kBriefTime : settings.idle_timeout;
  switch (session_.due(now, idle)) {
    case Session::Due::nothing:
      return;
    case Session::Due::timeout:
      turn_away(answers::refused(408, "request not complete within gateway.request_timeout", true));
      break;
    case Session::Due::give_up:
      session_.stop();
      break;
    case Session::Due::idle:
      session_.end_idle();
      break;
    case Session::Due::cut:
      abort();
      break;
  }
  progress_.notify_all();
}

std::optional<Instant> Connection::idle_since() const noexcept {
  if (phase_ == Phase::lingering || phase_ == Phase::closed) return std::nullopt;
  return session_.idle_since();
}

bool Connection::end_if_idle() {
  if (!idle_since() || transport_.has_unread()) return false;
  session_.end_idle();
  progress_.notify_all();
  return true;
}

void Connection::hurry(Instant now) {
  if (phase_ == Phase::lingering) session_.linger(now, kHurriedLinger);
}

// Closing while the client still sends would have the kernel tell it so at once, and its answer be
// forgotten: its bytes are discarded until it has read the answer and closes, or time is up.
Task<void> Connection::linger() {
  transport_.finish();
  if (!session_.must_linger()) co_return;
  phase_ = Phase::lingering;
  session_.linger(ingress_.context().clock.now(),
                  ingress_.draining() ? kHurriedLinger : Session::kMostLinger);
  transport_.call_again();
  while (phase_ == Phase::lingering) co_await progress_.wait();
}

void Connection::read_past() {
  const unsigned until = transport_.socket_reads() + kMostReads;
  while (transport_.may_receive()) {
    if (transport_.socket_reads() >= until) {
      transport_.call_again();
      return;
    }
    const auto received = transport_.discard(UINT64_MAX);
    if (received.error == asio::error::would_block) return;
    if (received.error) {
      abort();
      return;
    }
    session_.heard(ingress_.context().clock.now());
  }
}

void Connection::abort() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  session_.end();
  units_ = ByteLease::Units();
  transport_.close();
  forget_answers();
  progress_.notify_all();
}

void Connection::forget_answers() {
  while (Post* const post = session_.drop_answer()) ingress_.context().ledger.owner_gone(*post);
}

}  // namespace gateway::ingress
