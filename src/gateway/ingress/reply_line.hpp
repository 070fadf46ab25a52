#pragma once
#include <boost/intrusive/list.hpp>
#include <string>
#include <string_view>

#include "gateway/domain/post.hpp"

namespace gateway::ingress {

// Caches the parts of answers that stay the same for a second. One for each shard.
class ReplyText {
 public:
  // Returns "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" (RFC 9110 section 5.6.7), made once a second.
  [[nodiscard]] std::string_view date(WallInstant now);
  // Returns the whole answer to a post of `records` records that were all delivered.
  [[nodiscard]] std::string_view accepted(WallInstant now, std::uint32_t records);

 private:
  std::chrono::sys_seconds second_{std::chrono::seconds(-1)};
  std::string date_;
  std::string accepted_;  // for accepted_records_, in second_
  std::uint32_t accepted_records_ = 0;
};

// Posts become ready in any order, and answers must leave in the order of the requests (RFC 9112
// section 9.3.2). A ReplyLine holds the answers that one connection owes, in that order. Sans-I/O.
// The posts belong to the Ledger.
class ReplyLine {
 public:
  // Adds a request to the end of the line; its answer will be found in `post`.
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
  // `close`: adds that the connection ends with this answer. Returns its post.
  Post& write_front(std::string& out, ReplyText& text, WallInstant now, bool close);
  // Takes the post at the front off without its answer. Returns it.
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
