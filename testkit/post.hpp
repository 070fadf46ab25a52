#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gateway::test {

// One request, ready to be sent.
struct Post {
  std::string wire;
  std::uint32_t body_bytes = 0;
  std::uint32_t records = 0;
};

// Makes a post of a JSON body. `fields` are further ones of its head, each with its line end.
[[nodiscard]] Post make_post(std::string_view host, std::string_view target, std::string_view body,
                             std::size_t records, std::string_view fields = {});

// Returns the value of X-Cos-Signature for a body that is posted at this time, in Unix seconds:
// "t=<time>,v1=<hex>", where v1 is the HMAC-SHA256 of "<time>." and the body.
[[nodiscard]] std::string post_signature(std::string_view key, std::int64_t time,
                                         std::string_view body);

// Where the posts of a load come from, and who is told what became of them. Called in the thread of
// the load.
class PostSource {
 public:
  PostSource() = default;
  PostSource(const PostSource&) = delete;
  PostSource& operator=(const PostSource&) = delete;
  virtual ~PostSource() = default;

  // Returns the next post, which must live until it has ended, or null: there are no more.
  [[nodiscard]] virtual const Post* next() = 0;
  // An attempt to make the post has ended with this status and body; or with 0 and the reason:
  // "connect" (no connection), "closed" (it ended without an answer), "bad" (the answer was no
  // HTTP), "unanswered" (none came in time). Returns whether it is to be made again.
  [[nodiscard]] virtual bool ended(const Post& /*post*/, unsigned /*status*/,
                                   std::string_view /*text*/) {
    return false;
  }
};

}  // namespace gateway::test
