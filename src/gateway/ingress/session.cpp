#include "gateway/ingress/session.hpp"

#include <algorithm>

namespace gateway::ingress {

void Session::accept() {
  reads_ = Reads::body;
  reader_.keep_body();
  owes_leave_ = reader_.head().expects_continue;
}

void Session::refuse(Post& post, bool close) {
  owe(post);
  if (close) {
    stop();
    return;
  }
  reads_ = Reads::refused_body;
  reader_.skip_body();
}

Request Session::take() {
  reads_ = Reads::idle;
  return reader_.take();
}

Post* Session::write_answer(std::string& out, ReplyText& text, WallInstant now, bool last) {
  if (!replies_.ready()) return nullptr;
  const bool close = replies_.size() == 1 && (last || !reading());
  Post& post = replies_.write_front(out, text, now, close);
  if (close) stop();
  return &post;
}

void Session::write_leave(std::string& out, Instant now) {
  if (!owes_leave() || !replies_.empty()) return;
  owes_leave_ = false;
  request_since_ = now;  // the client has waited for this, not the gateway for the client
  out += "HTTP/1.1 100 Continue\r\n\r\n";
}

Session::Due Session::due(Instant now, std::chrono::milliseconds idle_timeout) const noexcept {
  if (blocked_ && now - blocked_since_ >= limits_.request_timeout) return Due::cut;
  if (linger_until_) {
    return now >= *linger_until_ || now - active_ >= kLingerIdle ? Due::cut : Due::nothing;
  }
  if (!reading() || paused() || owes_leave()) return Due::nothing;
  if (reads_ != Reads::idle) {
    if (now - request_since_ < limits_.request_timeout) return Due::nothing;
    return reads_ == Reads::refused_body ? Due::give_up : Due::timeout;
  }
  return all_said() && now - active_ >= idle_timeout ? Due::idle : Due::nothing;
}

std::optional<Instant> Session::idle_since() const noexcept {
  if (reads_ != Reads::idle || !all_said()) return std::nullopt;
  return active_;
}

void Session::linger(Instant now, std::chrono::milliseconds most) noexcept {
  const Instant until = now + std::min<std::chrono::milliseconds>(most, kMostLinger);
  if (!linger_until_) active_ = now;
  linger_until_ = linger_until_ ? std::min(*linger_until_, until) : until;
}

}  // namespace gateway::ingress
