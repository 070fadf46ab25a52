#pragma once
#include <boost/intrusive/list.hpp>
#include <string>
#include <string_view>

#include "gateway/pipeline/post.hpp"

namespace gateway::ingress {

// The Date field of a second (RFC 9110 section 5.6.7), written once and used by all its answers.
class DateField {
 public:
  // "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
  [[nodiscard]] std::string_view at(WallInstant now);

 private:
  std::chrono::sys_seconds second_{std::chrono::seconds(-1)};
  std::string text_;
};

// The answers one connection owes, in the order its requests came, whatever order they become ready
// in (RFC 9112 section 9.3.2). Sans-I/O. The posts belong to the Ledger.
class ReplyLine {
 public:
  // A request has come; its answer will be looked for in `post`.
  void push(Post& post) {
    line_.push_back(post);
    ++size_;
  }
  [[nodiscard]] bool empty() const noexcept { return line_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool ready() const noexcept {
    return !line_.empty() && line_.front().state == Post::State::answered;
  }

  // Appends the answer at the front, which must be ready, to `out` and takes it off the line.
  // `close`: say that the connection ends with this answer.
  Post& write_front(std::string& out, std::string_view date, bool close);
  // Takes the front off without an answer.
  Post& drop_front();

 private:
  using Line = boost::intrusive::list<
      Post, boost::intrusive::member_hook<Post, Post::Hook, &Post::reply_hook>,
      boost::intrusive::constant_time_size<false>>;

  Line line_;
  std::size_t size_ = 0;
};

}  // namespace gateway::ingress
