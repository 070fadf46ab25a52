#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cloud/digest.hpp"

namespace gateway::auth {

// What a signature of a post is a code of: HMAC-SHA256 with the token, over
//
//   version 1:  <t> "." <body>
//   version 2:  <t> "." <fields> "." <body>
//
// where <fields> has a line `<name>:<value>\n` for Content-Type, if it is there, and for each field
// whose name begins with `ce-`: names in lower case, in ascending order of their bytes; values
// without outer blanks. Version 1 says nothing of these fields, although they decide which event a
// post is: it is accepted only where there are no `ce-` fields.

// One such field of a request; refers to the request's head.
struct SignedField {
  std::string_view name;  // in lower case
  std::string_view value;
};

// A post as its signature sees it; refers to the request.
struct SignedPost {
  std::string_view signature;           // value of X-Cos-Signature
  std::span<const SignedField> fields;  // sorted by name
  std::string_view body;

  [[nodiscard]] bool has_event_fields() const noexcept {
    return !fields.empty() && fields.front().name.starts_with("ce-");
  }
};

// Brings the fields into the order they are signed in.
void sort(std::span<SignedField> fields) noexcept;

// Write what stands before the body; `time` is the signature's t as it is written.
void write_v1_prefix(std::string& out, std::string_view time);
void write_v2_prefix(std::string& out, std::string_view time, std::span<const SignedField> fields);

// The value of the header field X-Cos-Signature: `t=<Unix seconds>,v1=<hex>,v2=<hex>`, with v1, v2
// or both; see above what each version is a code of. There may be one code for each key
// that the sender has, at most kMostDigests of a version; members of other names are for other
// versions and are passed over.
class SignatureField {
 public:
  static constexpr std::size_t kMostDigests = 4;

  // Returns nothing if `value` is not of that form. The result refers to `value`.
  [[nodiscard]] static std::optional<SignatureField> read(std::string_view value) noexcept;

  // Returns the time as it was written, which is what was signed.
  [[nodiscard]] std::string_view time_text() const noexcept { return time_text_; }
  [[nodiscard]] std::chrono::sys_seconds time() const noexcept { return time_; }
  // Return the codes of a version; at least one of the two has some.
  [[nodiscard]] std::span<const cloud::Digest> v1() const noexcept { return v1_.all(); }
  [[nodiscard]] std::span<const cloud::Digest> v2() const noexcept { return v2_.all(); }

 private:
  class Digests {
   public:
    // Appends the digest that `hex` spells. Returns false if it spells none or there is no room.
    [[nodiscard]] bool append(std::string_view hex) noexcept;
    [[nodiscard]] std::span<const cloud::Digest> all() const noexcept {
      return {digests_.data(), count_};
    }

   private:
    std::array<cloud::Digest, kMostDigests> digests_;
    std::size_t count_ = 0;
  };

  SignatureField() = default;
  [[nodiscard]] bool read_time(std::string_view text) noexcept;

  std::string_view time_text_;
  std::chrono::sys_seconds time_{};
  Digests v1_;
  Digests v2_;
};

}  // namespace gateway::auth
