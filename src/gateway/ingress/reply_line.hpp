#pragma once
#include <boost/intrusive/list.hpp>
#include <string>
#include <string_view>

#include "gateway/domain/post.hpp"

namespace gateway::ingress {

// The parts of answers that stay the same for a while; one of each shard.
class ReplyText {
 public:
  // "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" (RFC 9110 section 5.6.7), made once a second.
  [[nodiscard]] std::string_view date(WallInstant now);
  // The whole answer to a post of `records` records that were all delivered.
  [[nodiscard]] std::string_view accepted(WallInstant now, std::uint32_t records);

 private:
  std::chrono::sys_seconds second_{std::chrono::seconds(-1)};
  std::string date_;
  std::string accepted_;  // for accepted_records_, in second_
  std::uint32_t accepted_records_ = 0;
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
  Post& write_front(std::string& out, ReplyText& text, WallInstant now, bool close);
  // Takes the front off without an answer.
  Post& drop_front();

 private:
  using Line =
      boost::intrusive::list<Post,
                             boost::intrusive::member_hook<Post, Post::Hook, &Post::reply_hook>,
                             boost::intrusive::constant_time_size<false>>;

  Line line_;
  std::size_t size_ = 0;
};

}  // namespace gateway::ingress
