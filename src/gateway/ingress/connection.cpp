#include "gateway/ingress/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <utility>

#include "gateway/domain/answers.hpp"
#include "gateway/ingress/ingress.hpp"

namespace gateway::ingress {
namespace {

// How long a client that was told off may go on sending before the connection is cut.
constexpr std::chrono::seconds kLinger{2};
// How much of a body that is only announced is counted as in flight; the rest is when it comes.
// Otherwise eight clients that send nothing but heads would shut all others out.
constexpr std::size_t kMostCountedUnread = std::size_t{64} << 10;
// A connection beyond the limit exists only to be told so.
constexpr std::chrono::seconds kOverLimitIdle{1};

}  // namespace

Connection::Connection(Ingress& ingress, Descriptor socket, ConnectionCount::Place place)
    : WatchedSocket(ingress.readiness(), std::move(socket)),
      ingress_(ingress),
      place_(std::move(place)),
      progress_(ingress.context().executor),
      reader_(ingress.context().buffers, ingress.settings().max_body),
      last_activity_(ingress.context().clock.now()),
      sealed_(ingress.context().tls != nullptr),
      handshaking_(sealed_) {}

Connection::~Connection() {
  forget_answers();
}

Task<void> Connection::run() {
  if (const error_code error = watch()) throw boost::system::system_error(error, "epoll_ctl");
  request_since_ = ingress_.context().clock.refresh();
  while (phase_ == Phase::reading) co_await progress_.wait();
  while (phase_ == Phase::answering && !all_said()) co_await progress_.wait();
  if (tls_) say_goodbye();
  if (phase_ == Phase::answering && unread_input_) co_await linger();
  abort();
  if (failure_) std::rethrow_exception(failure_);
}

void Connection::on_ready(bool writable) {
  if (writable && !unsent_.empty()) send_rest();
  if (phase_ == Phase::reading) {
    read();
  } else if (phase_ == Phase::lingering) {
    read_past();
  }
}

void Connection::read() {
  for (int reads = 0; may_read() && phase_ == Phase::reading; ++reads) {
    if (paused()) {
      held_up_ = true;
      return;
    }
    if (handshaking_) {
      ingress_.await_handshake(*this);
      return;
    }
    if (reads == kMostReads) {
      call_again();
      return;
    }
    last_activity_ = ingress_.context().clock.now();
    take_step([this] {
      if (pass_over()) return;
      const std::span<char> room = sealed_ ? ingress_.sealed_input() : reader_.prepare();
      on_read(receive(room), room);
    });
  }
  if (phase_ != Phase::reading) progress_.notify_all();
}

// What nobody will look at need not be copied. False if there is no such thing.
bool Connection::pass_over() {
  const std::uint64_t unwanted = sealed_ ? 0 : reader_.to_pass_over();
  if (unwanted == 0) return false;
  const std::span<char> room = ingress_.discard_buffer();
  const Received received = discard(room.first(std::min<std::uint64_t>(unwanted, room.size())));
  reader_.passed_over(received.size);
  on_read({0, received.error}, {});
  return true;
}

void Connection::on_read(const Received& received, std::span<char> room) {
  if (!received.error) {
    if (sealed_) {
      receive_sealed(room.first(received.size));
    } else {
      reader_.commit(received.size);
      process();
    }
  } else if (received.error == asio::error::eof) {
    // The client may have closed its side only, and still wait for answers. If that was not said in
    // TLS, somebody on the way may have cut it off: what is not complete is nothing either way.
    phase_ = Phase::answering;
  } else if (received.error != asio::error::would_block) {
    abort();
  }
}

// Something was written: what waited for it goes on.
void Connection::on_progress() {
  if (phase_ != Phase::reading) {
    progress_.notify_all();
  } else if (held_up_ && !paused()) {
    request_since_ = ingress_.context().clock.refresh();
    take_step([this] {
      process();
      if (tls_ && !handshaking_) open_sealed();
    });
    if (may_read()) call_again();
  }
}

void Connection::process() {
  while (phase_ == Phase::reading && !paused()) {
    switch (reader_.next()) {
      case RequestReader::Step::need_more:
        if (!request_begun_ && !reader_.idle()) {
          request_begun_ = true;
          request_since_ = last_activity_;
        }
        if (keeping_body_ && !units_.grow_to(reader_.body_size())) {
          turn_away(over_budget(true));
        }
        return;
      case RequestReader::Step::head:
        on_head();
        break;
      case RequestReader::Step::request:
        on_request();
        break;
      case RequestReader::Step::skipped:
        skipping_ = request_begun_ = false;
        break;
      case RequestReader::Step::bad: {
        const BadRequest problem = reader_.problem();
        if (skipping_) {
          stop_reading();  // it has been answered already
        } else {
          turn_away(answers::refused(problem.status(), problem.reason(), true));
        }
        return;
      }
    }
  }
}

void Connection::on_head() {
  const RequestHead& head = reader_.head();
  const Load load = ingress_.load(place_.beyond());
  std::optional<Answer> refusal;
  if (!ingress_.admission().admits(head, load)) refusal = ingress_.admission().refuse(head, load);
  if (!refusal && ingress_.guard() != nullptr) refusal = authenticate_head();
  if (!refusal &&
      !ingress_.context().lease.try_take(static_cast<std::size_t>(head.content_length), units_)) {
    refusal = over_budget(false);
  }
  if (refusal) {
    refuse_head(std::move(*refusal));
    return;
  }
  units_.shrink_to(kMostCountedUnread);
  keeping_body_ = true;
  reader_.keep_body();
  if (head.expects_continue) {
    owes_continue_ = true;
    ingress_.flush_later(*this);
  }
}

// What needs the body waits for it: signature_.
std::optional<Answer> Connection::authenticate_head() {
  signature_ = http::Stretch();
  if (reader_.head().method != Method::post) return std::nullopt;
  const auth::Shown shown = auth::shown_in(reader_.fields());
  auto refusal = ingress_.guard()->refuse_head(shown);
  if (!refusal && !shown.signature.empty()) signature_ = reader_.stretch(shown.signature);
  return refusal;
}

bool Connection::is_signed(const Request& request) {
  const std::string_view signature = signature_.in(request.bytes.data());
  return ingress_.guard()->signs(signature, request.body_text());
}

Answer Connection::over_budget(bool close) const {
  return answers::overloaded("gateway.max_in_flight reached",
                             ingress_.context().delivery.retry_after(), close);
}

void Connection::refuse_head(Answer refusal) {
  if (!ingress_.admission().worth_skipping(reader_.head())) refusal.close = true;
  const bool close = refusal.close;
  turn_away(std::move(refusal));
  if (close) return;
  skipping_ = true;
  reader_.skip_body();
}

void Connection::on_request() {
  keeping_body_ = request_begun_ = owes_continue_ = false;
  Request request = reader_.take();
  const bool keep_alive = request.head.keep_alive;
  if (!units_.grow_to(request.body.length)) {
    units_ = ByteLease::Units();
    turn_away(over_budget(!keep_alive));
    return;
  }
  Post& post = owe_answer();
  post.units = std::exchange(units_, ByteLease::Units());
  if (signature_.length != 0 && !is_signed(request)) {
    ingress_.context().ledger.refuse(post, ingress_.guard()->wrong_signature());
  } else if (request.head.method == Method::options) {
    ingress_.context().ledger.refuse(
        post, answers::options(request.webhook_origin.in(request.bytes.data())));
  } else {
    ingress_.context().intake.accept(std::move(request), post);
  }
  if (!keep_alive) stop_reading();
}

Post& Connection::owe_answer() {
  auto& clock = ingress_.context().clock;
  Post& post = ingress_.context().ledger.open(*this, clock.now(), clock.wall(clock.now()));
  replies_.push(post);
  return post;
}

void Connection::turn_away(Answer answer) {
  const bool close = answer.close;
  ingress_.context().ledger.refuse(owe_answer(), std::move(answer));
  if (close) stop_reading();
}

void Connection::stop_reading() {
  if (phase_ != Phase::reading) return;
  phase_ = Phase::answering;
  unread_input_ = true;
  units_ = ByteLease::Units();
  progress_.notify_all();
}

void Connection::answer_ready(Post& /*post*/) {
  ingress_.flush_later(*this);
}

void Connection::flush() {
  if (phase_ == Phase::closed) return;
  std::string& out = ingress_.scratch();
  out.clear();
  while (replies_.ready()) {
    const bool close = replies_.size() == 1 && (phase_ != Phase::reading || ingress_.leaving());
    const Clock& clock = ingress_.context().clock;
    Post& post = replies_.write_front(out, ingress_.reply_text(), clock.wall(clock.now()), close);
    ingress_.context().ledger.answer_taken(post, clock.now());
    if (close) stop_reading();
  }
  // Never ahead of the answers to earlier requests.
  if (owes_continue_ && replies_.empty()) {
    owes_continue_ = false;
    out += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  if (!out.empty()) {
    if (tls_) {
      send_sealed(out);
    } else {
      send(out);
    }
  }
  on_progress();
}

void Connection::send(std::string_view bytes) {
  if (!unsent_.empty()) {
    unsent_ += bytes;
    return;
  }
  while (!bytes.empty()) {
    const ssize_t sent = ::send(handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      unsent_.assign(bytes);
      blocked_since_ = ingress_.context().clock.now();
      if (!watching_writes_ && watch_writable()) abort();
      watching_writes_ = true;
      return;
    } else if (errno != EINTR) {
      abort();
      return;
    }
  }
}

void Connection::send_rest() {
  const std::string rest = std::exchange(unsent_, {});
  send(rest);
  on_progress();
}

void Connection::check_timeouts(Instant now) {
  if (!unsent_.empty() && now - blocked_since_ >= ingress_.settings().request_timeout) {
    abort();
    return;
  }
  if (phase_ == Phase::lingering && now >= linger_until_) abort();
  if (phase_ != Phase::reading || paused()) return;
  if (handshaking_) {
    if (handshake_overdue(now)) {
      end_handshake(TlsFailure::timeout, "not complete within gateway.request_timeout");
    }
    return;
  }
  if (request_begun_) {
    if (now - request_since_ < ingress_.settings().request_timeout) return;
    if (skipping_) {
      stop_reading();
    } else {
      turn_away(answers::refused(408, "request not complete within gateway.request_timeout", true));
    }
  } else if (all_said()) {
    const auto idle =
        place_.beyond() ? config::Duration(kOverLimitIdle) : ingress_.settings().idle_timeout;
    if (now - last_activity_ >= idle) {
      stop_reading();
      unread_input_ = false;
    }
  }
}

std::optional<Instant> Connection::idle_since() const noexcept {
  if (phase_ != Phase::reading || request_begun_ || !all_said()) return std::nullopt;
  return last_activity_;
}

void Connection::drain() {
  if (!idle_since()) return;
  stop_reading();
  unread_input_ = false;
}

Task<void> Connection::linger() {
  phase_ = Phase::lingering;
  linger_until_ = ingress_.context().clock.now() + kLinger;
  ::shutdown(handle(), SHUT_WR);
  read_past();
  while (phase_ == Phase::lingering) co_await progress_.wait();
}

void Connection::read_past() {
  for (int reads = 0; may_read(); ++reads) {
    if (reads == kMostLingerReads) {
      call_again();
      return;
    }
    const Received received = discard(ingress_.discard_buffer());
    lingered_ += received.size;
    const bool over = received.error && received.error != asio::error::would_block;
    if (over || lingered_ >= kMostLingerBytes) abort();
  }
}

void Connection::abort() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  units_ = ByteLease::Units();
  close();
  forget_answers();
  progress_.notify_all();
}

void Connection::forget_answers() {
  unsent_.clear();
  while (!replies_.empty()) ingress_.context().ledger.owner_gone(replies_.drop_front());
}

bool Connection::paused() const noexcept {
  return replies_.size() >= kMostUnanswered || unsent_.size() >= kMostUnsent;
}

}  // namespace gateway::ingress
