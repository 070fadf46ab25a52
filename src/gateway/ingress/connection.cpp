#include "gateway/ingress/connection.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "gateway/ingress/ingress.hpp"
#include "gateway/pipeline/answers.hpp"

namespace gateway::ingress {
namespace {

// How much of a client's answers is kept for it before its requests are not read any more.
constexpr std::size_t kMostUnsent = std::size_t{64} << 10;
// How long a client that was told off may go on sending before the connection is cut.
constexpr std::chrono::seconds kLinger{2};
// How much of a body that is only announced is counted as in flight; the rest is when it comes.
// Otherwise eight clients that send nothing but heads would shut all others out.
constexpr std::size_t kMostCountedUnread = std::size_t{64} << 10;
// A connection beyond the limit exists only to be told so.
constexpr std::chrono::seconds kOverLimitIdle{1};

}  // namespace

Connection::Connection(Ingress& ingress, Socket socket, bool over_limit)
    : ingress_(ingress),
      socket_(std::move(socket)),
      progress_(ingress.context().executor),
      reader_(ingress.context().buffers, ingress.settings().max_body),
      last_activity_(ingress.context().clock.now()),
      over_limit_(over_limit) {}

Connection::~Connection() {
  forget_answers();
}

Task<void> Connection::run() {
  while (phase_ == Phase::reading) {
    if (paused()) {
      co_await progress_.wait();
      if (phase_ == Phase::reading && !paused()) {
        request_since_ = ingress_.context().clock.refresh();
        process();
      }
      continue;
    }
    const std::span<char> room = reader_.prepare();
    auto [error, size] =
        co_await socket_.async_read_some(asio::buffer(room.data(), room.size()), tuple);
    last_activity_ = ingress_.context().clock.refresh();
    if (phase_ != Phase::reading) break;
    if (error == asio::error::eof) {
      // The client may have closed its side only, and still wait for answers.
      phase_ = Phase::answering;
    } else if (error) {
      abort();
    } else {
      reader_.commit(size);
      process();
    }
  }
  while (phase_ == Phase::answering && !all_said()) co_await progress_.wait();
  if (phase_ == Phase::answering && unread_input_) co_await linger();
  abort();
  while (write_pending_) co_await progress_.wait();
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
  const Load load = ingress_.load(over_limit_);
  std::optional<Answer> refusal;
  if (!ingress_.admission().admits(head, load)) refusal = ingress_.admission().refuse(head, load);
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

Answer Connection::over_budget(bool close) const {
  return answers::overloaded("gateway.max_in_flight reached",
                             ingress_.context().eventbus.retry_after(), close);
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
  if (request.head.method == Method::options) {
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
  // Ends a read that is pending. A wait to write ends too, and its handler goes on writing.
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::answer_ready(Post& /*post*/) {
  ingress_.flush_later(*this);
}

void Connection::flush() {
  if (phase_ == Phase::closed) return;
  std::string& out = ingress_.scratch();
  out.clear();
  while (replies_.ready()) {
    const bool close = replies_.size() == 1 && (phase_ != Phase::reading || ingress_.draining());
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
  if (!out.empty()) send(out);
  progress_.notify_all();
}

void Connection::send(std::string_view bytes) {
  if (!unsent_.empty()) {
    unsent_ += bytes;
    return;
  }
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      unsent_.assign(bytes);
      blocked_since_ = ingress_.context().clock.now();
      wait_writable();
      return;
    } else if (errno != EINTR) {
      abort();
      return;
    }
  }
}

void Connection::wait_writable() {
  if (write_pending_) return;
  write_pending_ = true;
  socket_.async_wait(Socket::wait_write, [this](const error_code&) {
    write_pending_ = false;
    // Whatever ended the wait: trying again tells whether the socket is any good.
    if (phase_ != Phase::closed) {
      const std::string rest = std::exchange(unsent_, {});
      send(rest);
    }
    progress_.notify_all();
  });
}

void Connection::check_timeouts(Instant now) {
  if (!unsent_.empty() && now - blocked_since_ >= ingress_.settings().request_timeout) {
    abort();
    return;
  }
  if (phase_ == Phase::lingering && now >= linger_until_) abort();
  if (phase_ != Phase::reading || paused()) return;
  if (request_begun_) {
    if (now - request_since_ < ingress_.settings().request_timeout) return;
    if (skipping_) {
      stop_reading();
    } else {
      turn_away(answers::refused(408, "request not complete within gateway.request_timeout", true));
    }
  } else if (all_said()) {
    const auto idle =
        over_limit_ ? config::Duration(kOverLimitIdle) : ingress_.settings().idle_timeout;
    if (now - last_activity_ >= idle) {
      stop_reading();
      unread_input_ = false;
    }
  }
}

void Connection::drain() {
  if (phase_ != Phase::reading || request_begun_ || !all_said()) return;
  stop_reading();
  unread_input_ = false;
}

Task<void> Connection::linger() {
  phase_ = Phase::lingering;
  linger_until_ = ingress_.context().clock.now() + kLinger;
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  std::size_t read = 0;
  while (phase_ == Phase::lingering && read < kMostLingerBytes) {
    auto [error, size] = co_await socket_.async_read_some(ingress_.discard_buffer(), tuple);
    if (error) break;
    read += size;
  }
}

void Connection::abort() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  units_ = ByteLease::Units();
  error_code ignored;
  socket_.close(ignored);
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
